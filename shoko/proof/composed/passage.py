"""What gets through all enforcing points of a way, for every pair of ends at once.

A first packet leaves its sender by the output rules and a route, crosses a gateway where the segments differ (its
forward rules and its routes), and arrives by the input rules of whoever answers to its destination on that link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shoko.proof.boxes import Box, meet
from shoko.proof.composed.links import Links
from shoko.proof.composed.site import Site
from shoko.proof.expected.ends import End, Way, crowds, ends
from shoko.proof.expected.networks import FAMILIES, lines, prefix
from shoko.proof.fields import ADDRESSES
from shoko.proof.index import Index
from shoko.proof.spans import minus, single, union


class Passages:
    """Works out what passes on each way of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._declaration = site.declaration
        self._crowds = crowds(site.declaration)
        self._gateways = [name for name in site.declaration.gateways.hosts if name in site.points]
        self._links = Links(site)
        self._lines = {line.name for line in lines(site.declaration)}

    def all(self) -> dict[Way, list[Box]]:
        """Return what passes, by way; a way that is absent lets nothing through."""
        found: dict[Way, list[Box]] = {}
        for sender in ends(self._declaration):
            for gateway, receiver, box in self._from(sender):
                found.setdefault(Way(sender, gateway, receiver), []).append(box)
        return found

    def _from(self, sender: End) -> Iterator[tuple[str, End, Box]]:
        if not sender.host:
            yield from self._from_crowd(sender)
        elif sender.host in self._site.points:
            yield from self._from_leg(sender)

    def _from_crowd(self, sender: End) -> Iterator[tuple[str, End, Box]]:
        """Undeclared senders send whatever they like: to a gateway from any source, on their link from its own."""
        segment = self._declaration.segments[sender.segment]
        for family in FAMILIES:
            near = ADDRESSES[family] if segment.name in self._lines else prefix(segment, family)
            if near:
                box = {"family": single(family), "saddr": near, "daddr": ADDRESSES[family]}
                yield from (("", receiver, both) for receiver, both in self._arrive(sender, [box]))
                anything = {**box, "saddr": ADDRESSES[family]}
                for entry in self._entries(sender):
                    yield from self._through(entry, [anything])

    def _entries(self, sender: End) -> list[End]:
        """The gateways' interfaces that a crowd reaches; a tunnel ends at every gateway."""
        if self._declaration.segments[sender.segment].tunnel is not None:
            return [End(gateway, sender.interface, sender.segment) for gateway in self._gateways]
        return [leg for leg in self._links.members(sender).legs if leg.host in self._gateways]

    def _from_leg(self, sender: End) -> Iterator[tuple[str, End, Box]]:
        ways = self._site.ways[sender.host]
        leaving = self._site.points[sender.host].sends.get(sender.interface, [])
        near = ways.link.get(sender.interface, Index())
        yield from (("", receiver, box) for receiver, box in self._arrive(sender, _both(leaving, near)))
        for (family, router), far in ways.routers.get(sender.interface, {}).items():
            beyond = _both(leaving, far)
            if sender.segment in self._lines:
                yield from (("", self._crowds[sender.segment], box) for box in beyond)
            for entry in self._links.members(sender).named(family, single(router)):
                if entry.host in self._gateways and entry.host != sender.host:
                    yield from self._through(entry, beyond)

    def _through(self, entry: End, boxes: list[Box]) -> Iterator[tuple[str, End, Box]]:
        """Packets that a gateway takes up: those for itself, and those that it forwards."""
        point, ways = self._site.points[entry.host], self._site.ways[entry.host]
        yield from ((entry.host, entry, box) for box in self._taken(entry, boxes))
        for segment in self._declaration.segments.values():
            forwarded = point.forwards.get((entry.interface, segment.interface))
            if forwarded is None:
                continue
            passing = _both(boxes, forwarded)
            out = End(entry.host, segment.interface, segment.name)
            near = _both(passing, ways.link.get(segment.interface, Index()))
            yield from ((entry.host, receiver, box) for receiver, box in self._arrive(out, near))
            if segment.name in self._lines:
                routers = ways.routers.get(segment.interface, {}).values()
                beyond = [box for far in routers for box in _both(passing, far)]
                yield from ((entry.host, self._crowds[segment.name], box) for box in beyond)

    def _taken(self, entry: End, boxes: list[Box]) -> Iterator[Box]:
        """What a gateway takes for itself at other addresses of its own than that of the leg, which is on the link."""
        point = self._site.points[entry.host]
        for family in FAMILIES:
            near = self._site.held.get((entry.host, entry.interface, family), ())
            held = self._site.held.items()
            every = union(members for (host, _leg, of), members in held if (host, of) == (entry.host, family))
            other = minus(every, near) if self._links.vlans(entry) else every
            if other:
                mine = _within(boxes, {"family": single(family), "daddr": other})
                yield from _both(mine, point.receives[entry.interface])

    def _arrive(self, sender: End, boxes: Iterable[Box]) -> Iterator[tuple[End, Box]]:
        """Who takes packets up that are sent on a link: whoever answers to their destination there."""
        crowds_there = [one for one in self._crowds.values() if one != sender and self._links.joined(sender, one)]
        members = self._links.members(sender)
        for box in boxes:
            family = box["family"][0]
            for crowd in crowds_there:
                near = prefix(self._declaration.segments[crowd.segment], family)
                if near and (both := meet(box, {"daddr": near})) is not None:
                    yield crowd, both
            for receiver in members.named(family, box["daddr"]):
                point = self._site.points.get(receiver.host)
                if point is None or receiver.host == sender.host:
                    continue
                mine = meet(box, {"daddr": self._site.held[receiver.host, receiver.interface, family]})
                if mine is not None:
                    yield from ((receiver, taken) for taken in _both([mine], point.receives[receiver.interface]))


def _both(boxes: Iterable[Box], index: Index) -> list[Box]:
    return [both for box in boxes for other in index.near(box) if (both := meet(box, other)) is not None]


def _within(boxes: Iterable[Box], wanted: Box) -> list[Box]:
    return [both for box in boxes if (both := meet(box, wanted)) is not None]
