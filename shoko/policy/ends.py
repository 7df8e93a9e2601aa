"""Ends of flows: what a selector means in addresses. The rules are ENGINEERING's fourteen, told in docs/policy.md.

Names and groups are gone after this file: an end is a list of prefixes on one segment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shoko.declaration.model import Address, Declaration, Family, Host, Leg, Network, Person, Segment, Selector
from shoko.policy.errors import PolicyError
from shoko.policy.prefixes import FAMILIES, internet, prefix_of, single, uplinks

Kind = Literal["leg", "vip", "line", "population", "person", "internet"]
Side = Literal["from", "to"]


@dataclass(frozen=True)
class End:
    """One end of a flow on one segment.

    `kind` says what it is: a host's `leg`, a shared address (`vip`, or `line` for the gateways' own on an uplink),
    an open segment (`population`), a `person` behind the tunnel, or the `internet` behind an uplink.
    `host` and `interface` are set for legs; `holders` are the hosts that may hold a shared address.
    `prefixes` are of the families that the end has, collapsed.
    """

    kind: Kind
    name: str
    segment: str
    ipv4: tuple[Network, ...]
    ipv6: tuple[Network, ...]
    host: str | None = None
    interface: str | None = None
    holders: tuple[str, ...] = ()

    @property
    def families(self) -> frozenset[Family]:
        """The families in which this end has addresses."""
        return frozenset(family for family in FAMILIES if self.prefixes(family))

    def prefixes(self, family: Family) -> tuple[Network, ...]:
        """The prefixes of one family; empty if the end has none in it."""
        return self.ipv4 if family == "ipv4" else self.ipv6


def _singles(address: Address | None) -> tuple[Network, ...]:
    return () if address is None else (single(address),)


def leg_end(leg: Leg) -> End:
    """Return a host's leg as an end."""
    return End("leg", leg.host, leg.segment, _singles(leg.ipv4), _singles(leg.ipv6), leg.host, leg.interface)


class Resolver:
    """Resolves the selectors of one declaration; `where` in messages is the flow and the side."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self._internet: dict[Family, tuple[Network, ...]] = {
            family: internet(declaration, family) for family in FAMILIES
        }

    def resolve(self, selector: Selector, side: Side, where: str) -> tuple[End, ...]:
        """Return every end that a selector means, in declared order; never an empty tuple.

        Raises PolicyError where the selector means nothing, a shared address is a source, or a leg is not named.
        A gateway comes back with its management leg; as a source the expansion replaces it (`at_gateway`).
        """
        chosen: list[tuple[bool, Callable[[], tuple[End, ...]]]] = [
            (selector.zone is not None, lambda: self._zone(selector, where)),
            (selector.group is not None, lambda: self._group(selector, where)),
            (selector.host is not None, lambda: self._host_by_name(selector, where)),
            (selector.vip is not None, lambda: self._vip(selector, side, where)),
            (selector.person is not None, lambda: self._person(selector, side, where)),
            (selector.gateway is not None, lambda: self._gateway(selector, side, where)),
            (selector.managed, lambda: self._managed(selector, where)),
        ]
        matching = [resolve for given, resolve in chosen if given]
        if len(matching) != 1:
            raise PolicyError(
                f"{where}: names {len(matching)} kinds of ends (exactly one of zone, group, host, "
                "vip, person, gateway, managed)"
            )
        ends = matching[0]()
        if not ends:
            raise PolicyError(f"{where}: selects nothing (an empty end never means any)")
        return ends

    def at_gateway(self, host: str, destination: End, where: str) -> End:
        """Return the leg by which a gateway itself sends: its own one in the destination's segment."""
        for leg in self.declaration.hosts[host].legs:
            if leg.segment == destination.segment:
                return leg_end(leg)
        raise PolicyError(f"{where}: {host} has no leg in {destination.segment}, where {destination.name} is")

    def _internet_end(self, segment: Segment) -> End:
        ipv4 = self._internet["ipv4"] if segment.ipv4 is not None else ()
        ipv6 = self._internet["ipv6"] if segment.ipv6 is not None else ()
        return End("internet", "internet", segment.name, ipv4, ipv6)

    def _zone(self, selector: Selector, where: str) -> tuple[End, ...]:
        zone = self.declaration.zones.get(selector.zone or "")
        if zone is None:
            raise PolicyError(f"{where}: unknown zone {selector.zone}")
        if zone.outside:
            return self._outside(zone.segments)
        unknown = set(selector.segments) - {segment.key for segment in zone.segments}
        if unknown:
            raise PolicyError(f"{where}: zone {zone.name} has no segment {', '.join(sorted(unknown))}")
        chosen = [s for s in zone.segments if not selector.segments or s.key in selector.segments]
        return tuple(end for segment in chosen for end in self._inner(segment))

    def _outside(self, segments: tuple[Segment, ...]) -> tuple[End, ...]:
        """An outside zone with a line of ours is the internet; one with its own uplink is seen behind that line."""
        lines = [segment for segment in segments if not segment.own_uplink]
        if lines:
            return tuple(self._internet_end(segment) for segment in lines)
        return tuple(
            End(
                "internet",
                segment.name,
                line.name,
                self._behind(segment, line, "ipv4"),
                self._behind(segment, line, "ipv6"),
            )
            for segment in segments
            for line in uplinks(self.declaration)
        )

    @staticmethod
    def _behind(segment: Segment, line: Segment, family: Family) -> tuple[Network, ...]:
        prefix = prefix_of(segment, family)
        return () if prefix is None or prefix_of(line, family) is None else (prefix,)

    def _inner(self, segment: Segment) -> tuple[End, ...]:
        if segment.open_population:
            ipv4: tuple[Network, ...] = () if segment.ipv4 is None else (segment.ipv4,)
            ipv6: tuple[Network, ...] = () if segment.ipv6 is None else (segment.ipv6,)
            return (End("population", segment.name, segment.name, ipv4, ipv6),)
        if segment.tunnel is not None:
            return tuple(self._person_end(person, segment) for person in self.declaration.people.values())
        legs = (leg for host in self.declaration.hosts.values() for leg in self._reachable(host))
        return tuple(leg_end(leg) for leg in legs if leg.segment == segment.name)

    def _reachable(self, host: Host) -> tuple[Leg, ...]:
        """A host's legs that may be an end: all of them, of a gateway its management leg only."""
        return tuple(leg for leg in host.legs if leg.manage) if self._is_gateway(host) else host.legs

    def _is_gateway(self, host: Host) -> bool:
        return host.name in self.declaration.gateways.hosts

    def _one_leg(self, host: Host, wanted: str | None, where: str) -> End:
        legs = self._reachable(host)
        if wanted == "manage":
            return leg_end(host.manage_leg)
        if wanted is not None:
            legs = tuple(leg for leg in legs if leg.interface == wanted)
        if len(legs) == 1:
            return leg_end(legs[0])
        have = ", ".join(leg.interface for leg in self._reachable(host)) or "none"
        if wanted is not None:
            raise PolicyError(f"{where}: {host.name} has no leg {wanted} (it has: {have})")
        raise PolicyError(f"{where}: {host.name} has several legs, name one with `leg:` (it has: {have})")

    def _group(self, selector: Selector, where: str) -> tuple[End, ...]:
        hosts = self.declaration.group(selector.group or "")
        return tuple(self._one_leg(host, selector.leg, where) for host in hosts)

    def _host_by_name(self, selector: Selector, where: str) -> tuple[End, ...]:
        host = self.declaration.hosts.get(selector.host or "")
        if host is None:
            raise PolicyError(f"{where}: unknown host {selector.host}")
        return (self._one_leg(host, selector.leg, where),)

    def _managed(self, selector: Selector, where: str) -> tuple[End, ...]:
        if selector.leg not in (None, "manage"):
            raise PolicyError(f"{where}: `managed` means the management leg, not {selector.leg}")
        return tuple(leg_end(host.manage_leg) for host in self.declaration.hosts.values())

    def _vip(self, selector: Selector, side: Side, where: str) -> tuple[End, ...]:
        vip = self.declaration.vips.get(selector.vip or "")
        if vip is None:
            raise PolicyError(f"{where}: unknown vip {selector.vip}")
        if side == "from":
            raise PolicyError(f"{where}: a shared address never opens connections; name the group {vip.held_by}")
        holders = tuple(host.name for host in self.declaration.group(vip.held_by))
        if not holders:
            raise PolicyError(f"{where}: nobody holds {vip.name} (group {vip.held_by} is empty)")
        return (End("vip", vip.name, vip.segment, _singles(vip.ipv4), _singles(vip.ipv6), holders=holders),)

    def _person(self, selector: Selector, side: Side, where: str) -> tuple[End, ...]:
        person = self.declaration.people.get(selector.person or "")
        if person is None:
            raise PolicyError(f"{where}: unknown person {selector.person}")
        if side == "to":
            raise PolicyError(f"{where}: nothing opens connections to a person ({person.name})")
        tunnels = [s for s in self.declaration.segments.values() if s.tunnel is not None]
        if len(tunnels) != 1:
            raise PolicyError(f"{where}: a person needs exactly one tunnel segment, there are {len(tunnels)}")
        return (self._person_end(person, tunnels[0]),)

    @staticmethod
    def _person_end(person: Person, segment: Segment) -> End:
        return End("person", person.name, segment.name, _singles(person.ipv4), _singles(person.ipv6))

    def _gateway(self, selector: Selector, side: Side, where: str) -> tuple[End, ...]:
        if side == "from":
            raise PolicyError(f"{where}: a shared address never opens connections; name the group of the gateways")
        lines = [segment for segment in uplinks(self.declaration) if segment.key == selector.gateway]
        if len(lines) != 1:
            known = ", ".join(segment.key for segment in uplinks(self.declaration))
            raise PolicyError(f"{where}: no line {selector.gateway} (there are: {known})")
        line = lines[0].name
        return (
            End(
                "line",
                line,
                line,
                _singles(self.declaration.gateway_vip(line, "ipv4")),
                _singles(self.declaration.gateway_vip(line, "ipv6")),
                holders=self.declaration.gateways.hosts,
            ),
        )
