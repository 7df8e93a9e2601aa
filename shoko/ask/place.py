"""An end of a question: a zone, segment, host, shared address, person or address, in the terms of the expansion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from shoko.ask.errors import AskError
from shoko.ask.networks import meet
from shoko.declaration.model import Address, Declaration, Family, Network, Selector
from shoko.policy.ends import End, Resolver, leg_end
from shoko.policy.errors import PolicyError
from shoko.policy.prefixes import FAMILIES, collapse, prefix_of, single, uplinks

Kind = Literal["zone", "segment", "host", "vip", "person", "external", "address"]
Written = Mapping[str, object]  # a selector as it stands in a flow


@dataclass(frozen=True)
class Member:
    """One party that stands in a place. A host with several legs has an end for each; any of them will do."""

    name: str
    ends: tuple[End, ...]


@dataclass(frozen=True)
class Place:
    """What a question's A or B means.

    `prefixes` are all of its addresses: of a zone or segment whole prefixes, whoever stands there. `members` are who
    is known to stand there; empty if nobody is. `selectors` are the ways to write it as an end of a flow, the best
    first; empty if a flow cannot name it. `remark` says why, or how much wider than the place the selector is.
    """

    text: str
    kind: Kind
    members: tuple[Member, ...]
    prefixes: Mapping[Family, tuple[Network, ...]]
    selectors: tuple[Written, ...]
    remark: str = ""

    @property
    def unmistakable(self) -> str:
        """The place as `Places.find` reads it, whatever else has this name."""
        return self.text if self.kind == "address" else f"{self.kind}:{self.text}"

    @property
    def many(self) -> bool:
        """True for zones and segments, of which a part may be permitted."""
        return self.kind in ("zone", "segment")

    @property
    def ends(self) -> tuple[End, ...]:
        """The ends of all members."""
        return tuple(end for member in self.members for end in member.ends)


class Places:
    """Finds the places of one declaration."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.resolver = Resolver(declaration)
        self._by_kind: dict[Kind, tuple[Iterable[str], Callable[[str], Place]]] = {
            "zone": (declaration.zones, self._zone),
            "segment": (declaration.segments, self._segment),
            "host": (declaration.hosts, self._host),
            "vip": (declaration.vips, self._vip),
            "person": (declaration.people, self._person),
            "external": (declaration.external, self._external),
        }

    def find(self, text: str) -> Place:
        """Return the place of that name or address; a name of several kinds needs its kind: `vip:opac`.

        Raises AskError for what is unknown, ambiguous, or an address that belongs nowhere.
        """
        written, colon, name = text.partition(":")
        for kind, (names, make) in self._by_kind.items():
            if colon and written == kind:
                if name not in names:
                    raise AskError(f"{text}: no such {kind} (there are: {', '.join(names) or 'none'})")
                return make(name)
        try:
            return self._address(ip_address(text))
        except ValueError:
            pass
        kinds = [kind for kind, (names, _make) in self._by_kind.items() if text in names]
        if not kinds:
            raise AskError(f"{text}: no zone, segment, host, vip, person, external party or address")
        if len(kinds) > 1:
            raise AskError(f"{text}: is a {' and a '.join(kinds)}; write {' or '.join(f'{k}:{text}' for k in kinds)}")
        return self._by_kind[kinds[0]][1](text)

    def _zone(self, name: str) -> Place:
        zone = self.declaration.zones[name]
        ends = self._resolved(Selector(zone=name))
        if zone.outside:
            prefixes = {family: collapse(p for end in ends for p in end.prefixes(family)) for family in FAMILIES}
        else:
            prefixes = {
                family: tuple(p for segment in zone.segments if (p := prefix_of(segment, family)) is not None)
                for family in FAMILIES
            }
        return Place(name, "zone", _apiece(ends), prefixes, ({"zone": name},))

    def _segment(self, name: str) -> Place:
        segment = self.declaration.segments[name]
        zone = self.declaration.zones[segment.zone]
        prefixes: dict[Family, tuple[Network, ...]] = {
            family: () if (prefix := prefix_of(segment, family)) is None else (prefix,) for family in FAMILIES
        }
        if segment in uplinks(self.declaration):
            line = Selector(gateway=segment.key)
            return Place(name, "segment", _apiece(self._resolved(line)), prefixes, ({"gateway": segment.key},))
        ends = self._resolved(Selector(zone=zone.name, segments=(segment.key,)))
        ends = tuple(end for end in ends if not zone.outside or end.name == name)
        written: Written = {"zone": zone.name, "segments": [segment.key]}
        return Place(name, "segment", _apiece(ends), prefixes, (written,))

    def _host(self, name: str) -> Place:
        host = self.declaration.hosts[name]
        ends = tuple(leg_end(leg) for leg in host.legs)
        gateway = name in self.declaration.gateways.hosts
        if gateway or len(ends) == 1:
            return _one(name, "host", ends, ({"host": name},))
        legs = sorted(host.legs, key=lambda leg: not leg.manage)
        return _one(name, "host", ends, tuple({"host": name, "leg": leg.interface} for leg in legs))

    def _vip(self, name: str) -> Place:
        return _one(name, "vip", self._resolved(Selector(vip=name)), ({"vip": name},))

    def _person(self, name: str) -> Place:
        return _one(name, "person", self._resolved(Selector(person=name), "from"), ({"person": name},))

    def _external(self, name: str) -> Place:
        party = self.declaration.external[name]
        singles = [single(at.ip) for at in (party.ipv4, party.ipv6) if at is not None]
        return self._outside(name, "external", singles, {"zone": party.zone})

    def _outside(self, text: str, kind: Kind, singles: list[Network], written: Written) -> Place:
        """Addresses on the internet. A flow names the zone that they stand in, which is wider."""
        line = uplinks(self.declaration)[0].name
        by_version = {version: tuple(one for one in singles if one.version == version) for version in (4, 6)}
        end = End("internet", text, line, by_version[4], by_version[6])
        remark = f"a flow cannot name {text} alone: it means all of zone {written['zone']}"
        return _one(text, kind, (end,), (written,), remark)

    def _address(self, address: Address) -> Place:
        """An address is whoever has it; else a device that nobody declared, or a part of the internet."""
        text, at = str(address), single(address)
        for host in self.declaration.hosts.values():
            for leg in host.legs:
                if address in (leg.ipv4, leg.ipv6):
                    several = len(host.legs) > 1 and host.name not in self.declaration.gateways.hosts
                    written: Written = {"host": host.name, **({"leg": leg.interface} if several else {})}
                    return _one(text, "address", (_narrowed(leg_end(leg), at),), (written,), f"{text} is {host.name}")
        for selector, written in self._known():
            for end in self._resolved(selector, "from" if selector.person else "to"):
                if at in end.prefixes("ipv4" if address.version == 4 else "ipv6"):
                    return _one(text, "address", (_narrowed(end, at),), (written,), f"{text} is {end.name}")
        return self._undeclared(text, at)

    def _known(self) -> Iterable[tuple[Selector, Written]]:
        for name in self.declaration.vips:
            yield Selector(vip=name), {"vip": name}
        for name in self.declaration.people:
            yield Selector(person=name), {"person": name}
        for line in uplinks(self.declaration):
            yield Selector(gateway=line.key), {"gateway": line.key}

    def _undeclared(self, text: str, at: Network) -> Place:
        for segment in self.declaration.segments.values():
            prefix = prefix_of(segment, "ipv4" if at.version == 4 else "ipv6")
            if prefix is None or segment.own_uplink or not meet((prefix,), (at,)):
                continue
            gateways = self.declaration.gateways
            if at in [single(vip) for f in FAMILIES if (vip := self.declaration.gateway_vip(segment.name, f))]:
                end = _narrowed(End("line", text, segment.name, (), (), holders=gateways.hosts), at)
                return _one(text, "address", (end,), (), f"{text} is the gateways' shared address, which no flow names")
            end = _narrowed(End("population", text, segment.name, (), ()), at)
            if segment.open_population:
                remark = f"nobody declared has {text}; a flow names the devices of {segment.name} as a whole"
                written: Written = {"zone": segment.zone, "segments": [segment.key]}
                return _one(text, "address", (end,), (written,), remark)
            remark = f"nobody declared has {text}: declare it as a host of {segment.name} first"
            if self.declaration.zones[segment.zone].outside:
                remark = f"{text} stands on the line itself, which no flow can name"
            return _one(text, "address", (end,), (), remark)
        for zone in self.declaration.zones.values():
            if zone.outside and any(
                meet(end.prefixes(family), (at,))
                for end in self._resolved(Selector(zone=zone.name))
                for family in FAMILIES
            ):
                return self._outside(text, "address", [at], {"zone": zone.name})
        raise AskError(f"{text}: belongs to no segment of the site and not to the internet")

    def _resolved(self, selector: Selector, side: Literal["from", "to"] = "to") -> tuple[End, ...]:
        """What the expansion understands by a selector; nobody where it finds nobody."""
        try:
            return self.resolver.resolve(selector, side, "the question")
        except PolicyError:
            return ()


def _apiece(ends: Iterable[End]) -> tuple[Member, ...]:
    return tuple(Member(end.name, (end,)) for end in ends)


def _one(text: str, kind: Kind, ends: tuple[End, ...], selectors: tuple[Written, ...], remark: str = "") -> Place:
    prefixes = {family: collapse(p for end in ends for p in end.prefixes(family)) for family in FAMILIES}
    return Place(text, kind, (Member(text, ends),), prefixes, selectors, remark)


def _narrowed(end: End, at: Network) -> End:
    """The same end by one of its addresses alone."""
    ipv4 = (at,) if at.version == 4 else ()
    ipv6 = (at,) if at.version == 6 else ()
    return End(end.kind, end.name, end.segment, ipv4, ipv6, end.host, end.interface, end.holders)
