"""Who shares a link with whom, by the VLANs in which their legs stand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from shoko.proof.composed.site import Site
from shoko.proof.expected.ends import End, ends
from shoko.proof.expected.networks import FAMILIES
from shoko.proof.spans import Spans


class Links:
    """Who shares a link with whom, by the VLANs in which their legs stand."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._of: dict[frozenset[int], Members] = {}
        self._tunnels = {s.name for s in site.declaration.segments.values() if s.vlan is None}
        self._legs = [end for end in ends(site.declaration) if end.host]

    def vlans(self, end: End) -> frozenset[int]:
        """The VLANs of a leg; a crowd stands in its segment's."""
        if end.host:
            return self._site.vlans.get((end.host, end.interface), frozenset())
        vlan = self._site.declaration.segments[end.segment].vlan
        return frozenset(() if vlan is None else (vlan,))

    def joined(self, one: End, other: End) -> bool:
        """Whether frames get from one end to the other without a gateway; a tunnel ends at every gateway."""
        return bool(self.vlans(one) & self.vlans(other)) or one.segment == other.segment in self._tunnels

    def members(self, end: End) -> Members:
        """The legs whose link an end shares."""
        vlans = self.vlans(end)
        if vlans not in self._of:
            legs = [leg for leg in self._legs if vlans & self.vlans(leg)]
            self._of[vlans] = Members(self._site.held, legs)
        return self._of[vlans]


class Members:
    """The legs on one link, found by their addresses."""

    def __init__(self, held: Mapping[tuple[str, str, int], Spans], legs: list[End]) -> None:
        self.legs = legs
        self._at: dict[int, list[tuple[int, End]]] = {family: [] for family in FAMILIES}
        for leg in legs:
            for family in FAMILIES:
                for number in _each(held.get((leg.host, leg.interface, family), ())):
                    self._at[family].append((number, leg))
        self._numbers: dict[int, list[int]] = {}
        for family, found in self._at.items():
            found.sort(key=lambda one: one[0])
            self._numbers[family] = [number for number, _leg in found]

    def named(self, family: int, destinations: Spans) -> list[End]:
        """The legs that have one of these addresses."""
        numbers = self._numbers[family]
        found: dict[End, None] = {}
        for at in range(0, len(destinations), 2):
            first, last = (bisect_left(numbers, cut) for cut in destinations[at : at + 2])
            found |= dict.fromkeys(leg for _number, leg in self._at[family][first:last])
        return list(found)


def _each(members: Spans) -> Iterator[int]:
    for at in range(0, len(members), 2):
        yield from range(members[at], members[at + 1])
