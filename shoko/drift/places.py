"""Sets of addresses and interfaces as people call them: zones, segments, hosts, the internet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shoko.declaration.model import Declaration, Segment
from shoko.proof.expected.networks import FAMILIES, NAMES, internet, of_address, prefix
from shoko.proof.fields import ADDRESSES
from shoko.proof.spans import Spans, meet, minus, size, union

ANYBODY = "anybody"
_LISTED = 8  # words of one enumeration
_EXCEPTIONS = 4  # names after "all but" that a person still reads


class Places:
    """The names of one declaration's addresses."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._singles = {family: list(_singles(declaration, family)) for family in FAMILIES}

    def words(self, family: int, members: Spans) -> frozenset[str]:
        """Return what a set of addresses is called: {"anybody"} for all, zone/segment, hosts by name."""
        if members == ADDRESSES[family]:
            return frozenset({ANYBODY})
        found: dict[str, set[str]] = {}
        rest = members
        for segment in self._declaration.segments.values():
            whole = prefix(segment, family)
            inside = meet(members, whole)
            if inside:
                rest = minus(rest, whole)
                found.setdefault(segment.zone, set()).update(self._inside(segment, family, whole, inside))
        said = {word for zone, words in found.items() for word in self._zone(zone, words, family)}
        if rest:
            said.add("the internet" if meet(rest, internet(self._declaration, family)) else "addresses of no segment")
        return frozenset(said)

    def known(self, family: int) -> list[Spans]:
        """Return the declared addresses of a family, one by one."""
        return [at for _who, at in self._singles[family] if at]

    def of(self, host: str, family: int) -> list[Spans]:
        """Return the addresses of a host's legs."""
        return [at for who, at in self._singles[family] if who == host and at]

    def _inside(self, segment: Segment, family: int, whole: Spans, inside: Spans) -> Iterator[str]:
        name = shown(segment)
        if inside == whole:
            yield name
            return
        known = [(who, at) for who, at in self._singles[family] if meet(whole, at)]
        named = [who for who, at in known if meet(inside, at)]
        if not minus(inside, union(at for _who, at in known)):
            yield from named
            return
        absent = minus(whole, inside)
        but = [who for who, at in known if meet(absent, at)]
        if len(but) <= _EXCEPTIONS and not minus(absent, union(at for who, at in known if who in but)):
            yield f"{name} (all but {', '.join(but)})"
        elif size(inside) * 2 > size(whole):
            yield f"most of {name}"
        else:
            yield f"a part of {name}"

    def _zone(self, zone: str, words: set[str], family: int) -> set[str]:
        """All segments of a zone are the zone."""
        every = {shown(one) for one in self._declaration.zones[zone].segments if prefix(one, family)}
        return (words - every) | {zone} if len(every) > 1 and every <= words else words

    def behind(self, host: str, interface: str) -> str:
        """Return the segment that a host's interface leads to; the interface's name where no segment is there."""
        if host in self._declaration.gateways.hosts:
            for segment in self._declaration.segments.values():
                if segment.interface == interface:
                    return shown(segment)
        for leg in self._declaration.hosts[host].legs:
            if leg.interface == interface:
                return shown(self._declaration.segments[leg.segment])
        return f"interface {interface}"


def shown(segment: Segment) -> str:
    """Return a segment as people read it: zone/segment."""
    return f"{segment.zone}/{segment.key}"


def listed(words: Iterable[str]) -> str:
    """Return words as one enumeration, in an order that is always the same; many of them as a few and a count."""
    every = sorted(words)
    more = len(every) - _LISTED
    return ", ".join(every[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _singles(declaration: Declaration, family: int) -> Iterator[tuple[str, Spans]]:
    for host in declaration.hosts.values():
        for leg in host.legs:
            yield host.name, of_address(leg.ipv4 if family == 4 else leg.ipv6)
    for vip in declaration.vips.values():
        yield vip.name, of_address(vip.ipv4 if family == 4 else vip.ipv6)
    for person in declaration.people.values():
        yield person.name, of_address(person.ipv4 if family == 4 else person.ipv6)
    for segment in declaration.segments.values():
        yield "the gateways", of_address(declaration.gateway_vip(segment.name, NAMES[family]))
