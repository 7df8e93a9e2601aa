"""The two sides of a flow: addresses on a segment, and the legs of our hosts that send or answer there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shoko.declaration.model import Address, Declaration, Host, Leg, Segment, Selector
from shoko.proof.errors import ProofError
from shoko.proof.expected.networks import FAMILIES, internet, lines, of_address, prefix
from shoko.proof.spans import Spans


@dataclass(frozen=True)
class Side:
    """`addresses` by family (4, 6), only of families that the side has. `legs` are those of declared hosts.

    `shared` addresses are answered by whoever of the legs holds them just now; else each leg has its own.
    """

    segment: str
    addresses: Mapping[int, Spans]
    legs: tuple[Leg, ...] = ()
    shared: bool = False
    host: str | None = None  # the one host that this side is, if it is one

    def of_leg(self, leg: Leg, family: int) -> Spans:
        """Return the addresses that one of the legs sends from or answers to."""
        return self.addresses[family] if self.shared else own(leg, family)


def own(leg: Leg, family: int) -> Spans:
    """Return a leg's own address in a family; empty if it has none."""
    return of_address(leg.ipv4 if family == 4 else leg.ipv6)


@dataclass(frozen=True)
class Sides:
    """Reads the selectors of one declaration."""

    declaration: Declaration
    _internet: dict[int, Spans] = field(default_factory=dict)

    def of(self, selector: Selector, flow: str) -> list[Side]:
        """Return every side that a selector of a flow means; ProofError if that is none."""
        found = list(self._all(selector))
        if not found:
            raise ProofError(f"flows.{flow}: {selector} selects nothing; nothing can be proven about it")
        return found

    def at_gateway(self, gateway: str, segment: str) -> Side | None:
        """Return a gateway as the sender of its own traffic into a segment: its leg there."""
        leg = next((leg for leg in self.declaration.hosts[gateway].legs if leg.segment == segment), None)
        return None if leg is None else _of_leg(leg)

    def _all(self, selector: Selector) -> Iterator[Side]:
        declaration = self.declaration
        if selector.zone is not None:
            yield from self._zone(selector)
        elif selector.vip is not None:
            vip = declaration.vips[selector.vip]
            holders = [host for host in declaration.hosts.values() if vip.held_by in host.groups]
            yield _shared(vip.segment, (vip.ipv4, vip.ipv6), holders)
        elif selector.person is not None:
            tunnel = self._tunnel()
            person = declaration.people[selector.person]
            yield Side(tunnel.name, _both(person.ipv4, person.ipv6))
        elif selector.gateway is not None:
            for line in lines(declaration):
                if line.key == selector.gateway:
                    at = (declaration.gateway_vip(line.name, "ipv4"), declaration.gateway_vip(line.name, "ipv6"))
                    yield _shared(line.name, at, [declaration.hosts[name] for name in declaration.gateways.hosts])
        else:
            for host in self._hosts(selector):
                for leg in self._legs(host, selector):
                    yield _of_leg(leg)

    def _hosts(self, selector: Selector) -> list[Host]:
        hosts = self.declaration.hosts
        if selector.host is not None:
            return [hosts[selector.host]]
        return [host for host in hosts.values() if selector.managed or selector.group in host.groups]

    def _legs(self, host: Host, selector: Selector) -> list[Leg]:
        managed = [leg for leg in host.legs if leg.manage]
        if selector.managed or selector.leg == "manage" or self._gateway(host):
            return managed
        return [leg for leg in host.legs if selector.leg in (None, leg.interface)]

    def _zone(self, selector: Selector) -> Iterator[Side]:
        for segment in self.declaration.zones[selector.zone or ""].segments:
            if selector.segments and segment.key not in selector.segments:
                continue
            if self.declaration.zones[segment.zone].outside:
                yield from self._outside(segment)
            elif segment.open_population:
                addresses = {family: found for family in FAMILIES if (found := prefix(segment, family))}
                yield Side(segment.name, addresses, tuple(self._standing(segment)))
            elif segment.tunnel is not None:
                for person in self.declaration.people.values():
                    yield Side(segment.name, _both(person.ipv4, person.ipv6))
            else:
                for host in self.declaration.hosts.values():
                    for leg in host.legs:
                        if leg.segment == segment.name and (leg.manage or not self._gateway(host)):
                            yield _of_leg(leg)

    def _outside(self, segment: Segment) -> Iterator[Side]:
        """A line of ours has the internet behind it; a line of somebody else's is a part of that."""
        zone = self.declaration.zones[segment.zone]
        if not segment.own_uplink:
            here = {family: self._beyond(family) for family in FAMILIES if prefix(segment, family)}
            yield Side(segment.name, here)
        elif all(one.own_uplink for one in zone.segments):
            for line in lines(self.declaration):
                there = {
                    family: found for family in FAMILIES if (found := prefix(segment, family)) and prefix(line, family)
                }
                yield Side(line.name, there)

    def _beyond(self, family: int) -> Spans:
        if family not in self._internet:
            self._internet[family] = internet(self.declaration, family)
        return self._internet[family]

    def _standing(self, segment: Segment) -> Iterator[Leg]:
        for host in self.declaration.hosts.values():
            if not self._gateway(host):
                yield from (leg for leg in host.legs if leg.segment == segment.name)

    def _gateway(self, host: Host) -> bool:
        return host.name in self.declaration.gateways.hosts

    def _tunnel(self) -> Segment:
        return next(segment for segment in self.declaration.segments.values() if segment.tunnel is not None)


def _both(ipv4: Address | None, ipv6: Address | None) -> dict[int, Spans]:
    return {family: of_address(at) for family, at in ((4, ipv4), (6, ipv6)) if at is not None}


def _of_leg(leg: Leg) -> Side:
    return Side(leg.segment, _both(leg.ipv4, leg.ipv6), (leg,), host=leg.host)


def _shared(segment: str, at: tuple[Address | None, Address | None], holders: list[Host]) -> Side:
    legs = tuple(leg for host in holders for leg in host.legs if leg.segment == segment)
    return Side(segment, _both(*at), legs, shared=True)
