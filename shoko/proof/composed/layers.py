"""Which layers deny what is denied between two segments, each by itself, computed from what runs.

| layer | asked |
|---|---|
| vlan | does a frame get from one to the other without a gateway? |
| gateway | do the forward rules of a gateway let something denied through? |
| sender | do the output rules of a sender? whoever has no rules of ours may send anything |
| route | does a sender have a route to a destination at all? |
| receiver | do the input rules of a receiver? |

VLAN and gateway shut a way each, the direct one and the routed one; the others shut both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shoko.declaration.model import Declaration, Segment
from shoko.proof.boxes import Box, meet, without
from shoko.proof.composed.links import Links
from shoko.proof.composed.site import Site
from shoko.proof.expected.ends import End, crowds, ends
from shoko.proof.expected.host import USERS
from shoko.proof.expected.networks import FAMILIES, internet, lines, of_address, prefix
from shoko.proof.expected.passage import first
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.reach import held
from shoko.proof.expected.sides import own
from shoko.proof.index import Index
from shoko.proof.spans import Spans, of, single, union

Extent = Literal["all", "part", "none"]
Layer = Literal["vlan", "gateway", "sender", "route", "receiver"]
LAYERS: tuple[Layer, ...] = ("vlan", "gateway", "sender", "route", "receiver")


@dataclass(frozen=True)
class Cell:
    """From one segment (or zone) to another: how much of what is denied each layer denies by itself.

    A layer that does not stand between the two is absent.
    """

    source: str
    destination: str
    layers: Mapping[Layer, Extent]


def of_segments(site: Site, permissions: list[Permission], *, running: bool) -> list[Cell]:
    """Return a cell for every ordered pair of segments; without `running`, routes and switch are left out."""
    layers = _Layers(site, permissions)
    segments = site.declaration.segments.values()
    return [layers.cell(source, destination, running=running) for source in segments for destination in segments]


def of_zones(declaration: Declaration, cells: Iterable[Cell]) -> list[Cell]:
    """Return the same by zones: a layer denies all if it does so between each two of their segments."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.layers:
            zones = (declaration.segments[cell.source].zone, declaration.segments[cell.destination].zone)
            groups.setdefault(zones, []).append(cell)
    return [Cell(*zones, dict(_summed(group))) for zones, group in groups.items()]


def _summed(cells: list[Cell]) -> Iterator[tuple[Layer, Extent]]:
    for layer in LAYERS:
        said = {cell.layers.get(layer, "none") for cell in cells}
        if any(layer in cell.layers for cell in cells):
            yield layer, said.pop() if len(said) == 1 else "part"


class _Layers:
    def __init__(self, site: Site, permissions: list[Permission]) -> None:
        self._site = site
        self._declaration = site.declaration
        self._links = Links(site)
        self._crowds = crowds(site.declaration)
        self._legs: dict[str, list[End]] = {}
        self._sends: dict[End, Index] = {}
        self._routed: dict[End, Index] = {}
        self._of_segment: dict[tuple[str, bool], dict[int, Spans]] = {}
        gateways = site.declaration.gateways
        for end in ends(site.declaration):
            if end.host and (end.host not in gateways.hosts or end.segment == gateways.manage):
                self._legs.setdefault(end.segment, []).append(end)
        self._permitted: dict[tuple[str, str], list[tuple[Box, Spans | None]]] = {}
        for one in permissions:
            users = of(USERS[user] for user in one.users) if one.users else None
            self._permitted.setdefault((one.source.segment, one.destination.segment), []).append((first(one), users))

    def cell(self, source: Segment, destination: Segment, *, running: bool) -> Cell:
        senders, receivers = self._ends(source), self._ends(destination)
        said: dict[Layer, Extent] = {}
        beyond = all(self._declaration.zones[one.zone].outside for one in (source, destination))
        if beyond or not senders or not receivers:
            return Cell(source.name, destination.name, said)
        known, of_users = self._known(source, destination)
        apart = source != destination
        if apart and running:
            said["vlan"] = self._vlan(senders, receivers)
        if apart and set(self._declaration.gateways.hosts) <= set(self._site.points):
            said["gateway"] = self._gateway(source, destination, known)
        if any(end.host in self._site.points for end in senders):
            said["sender"] = _extent(self._sender(end, destination, of_users) for end in senders)
            if apart and running:
                said["route"] = _extent(self._route(end, destination, known) for end in senders)
        if any(end.host in self._site.points for end in receivers):
            said["receiver"] = _extent(self._receiver(end, source, known) for end in receivers)
        return Cell(source.name, destination.name, said)

    def _known(self, source: Segment, destination: Segment) -> tuple[Index, Index]:
        """What is permitted between two segments, and the same by the users who may send it."""
        boxes = [
            one
            for came in self._facing(source)
            for out in self._facing(destination)
            for one in self._permitted.get((came.name, out.name), [])
        ]
        return (
            Index(box for box, _users in boxes),
            Index(box if users is None else {**box, "user": users} for box, users in boxes),
        )

    def _facing(self, segment: Segment) -> list[Segment]:
        """The segments by which the gateways reach one: itself; a line of others lies behind ours."""
        return lines(self._declaration) if segment.own_uplink else [segment]

    def _ends(self, segment: Segment) -> list[End]:
        if segment.own_uplink:
            return [End("", segment.interface, segment.name)]
        crowd = self._crowds.get(segment.name)
        return [*self._legs.get(segment.name, []), *([crowd] if crowd is not None else [])]

    def _addresses(self, segment: Segment, *, sending: bool = False) -> dict[int, Spans]:
        if (segment.name, sending) not in self._of_segment:
            self._of_segment[segment.name, sending] = {
                family: members
                for family in FAMILIES
                if (members := union(self._at(end, family, sending=sending) for end in self._ends(segment)))
            }
        return self._of_segment[segment.name, sending]

    def _at(self, end: End, family: int, *, sending: bool) -> Spans:
        """The addresses of an end: as a sender its own, as a receiver the shared ones too."""
        segment = self._declaration.segments[end.segment]
        if end.host:
            host = self._declaration.hosts[end.host]
            leg = host.leg(end.interface)
            return own(leg, family) if sending else held(self._declaration, host, leg, family)
        if segment in lines(self._declaration):
            return internet(self._declaration, family) if prefix(segment, family) else ()
        if segment.tunnel is not None:
            people = self._declaration.people.values()
            return union(of_address(one.ipv4 if family == 4 else one.ipv6) for one in people)
        return prefix(segment, family)

    @staticmethod
    def _region(sources: Mapping[int, Spans], destinations: Mapping[int, Spans]) -> Iterator[Box]:
        for family, members in sources.items():
            if family in destinations:
                yield {"family": single(family), "saddr": members, "daddr": destinations[family]}

    def _vlan(self, senders: list[End], receivers: list[End]) -> Extent:
        joined = [self._links.joined(one, other) for one in senders for other in receivers]
        return "part" if any(joined) and not all(joined) else "none" if all(joined) else "all"

    def _gateway(self, source: Segment, destination: Segment, permitted: Index) -> Extent:
        region = list(self._region(self._addresses(source, sending=True), self._addresses(destination)))
        return _extent(
            _judged(region, self._site.points[name].forwards.get((came.interface, out.interface), Index()), permitted)
            for name in self._declaration.gateways.hosts
            for came in self._facing(source)
            for out in self._facing(destination)
        )

    def _sender(self, end: End, destination: Segment, permitted: Index) -> Extent:
        if end.host not in self._site.points:
            return "none"
        if end not in self._sends:
            self._sends[end] = Index(self._site.points[end.host].sends[end.interface])
        return _judged(self._region(self._own(end), self._addresses(destination)), self._sends[end], permitted)

    def _route(self, end: End, destination: Segment, permitted: Index) -> Extent:
        if end.host not in self._site.points:
            return "none"
        if end not in self._routed:
            ways = self._site.ways[end.host]
            found = [ways.link.get(end.interface, Index()), *ways.routers.get(end.interface, {}).values()]
            self._routed[end] = Index(box for index in found for box in index.near({}))
        return _judged(self._region(self._own(end), self._addresses(destination)), self._routed[end], permitted)

    def _receiver(self, end: End, source: Segment, permitted: Index) -> Extent:
        if end.host not in self._site.points:
            return "none"
        mine = {family: at for family in FAMILIES if (at := self._at(end, family, sending=False))}
        region = self._region(self._addresses(source, sending=True), mine)
        return _judged(region, self._site.points[end.host].receives[end.interface], permitted)

    def _own(self, end: End) -> dict[int, Spans]:
        return {family: at for family in FAMILIES if (at := self._at(end, family, sending=True))}


def _judged(region: Iterable[Box], passing: Index, permitted: Index) -> Extent:
    """How much of a region, minus what is permitted, a layer denies that lets `passing` through."""
    leaks = holds = False
    for box in region:
        through = [both for one in passing.near(box) if (both := meet(one, box)) is not None]
        leaks = leaks or any(without(one, permitted.near(one)) for one in through)
        holds = holds or not leaks or bool(without(box, [*through, *permitted.near(box)]))
    return "all" if not leaks else "part" if holds else "none"


def _extent(of_each: Iterable[Extent]) -> Extent:
    said = set(of_each)
    return said.pop() if len(said) == 1 else "part"
