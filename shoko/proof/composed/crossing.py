"""Where what gets through differs from what is permitted: one concrete packet, with its whole way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from shoko.proof.boxes import Box, meet, point, without
from shoko.proof.compare import EXAMPLES, Step, trace
from shoko.proof.composed.links import Links
from shoko.proof.composed.site import Site
from shoko.proof.expected.ends import End, Way
from shoko.proof.fields import NOBODY
from shoko.proof.index import Index
from shoko.proof.interfaces import NONE
from shoko.proof.packet import Packet, example
from shoko.proof.paths import Path, accepted

Passing = Mapping[Way, list[Box]]
Wanted = Mapping[Way, list[tuple[Box, str]]]


@dataclass(frozen=True)
class Stage:
    """One host's say in a packet: by the rules of a path, its routes, or the switch between it and the next."""

    host: str
    path: Path | Literal["routes", "switch"]
    passes: bool
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Crossing:
    """A first packet that gets through and should not (`passes`), or should and does not (`blocked`).

    `more` is how many other ways show the same difference, with the same rule or at the same place.
    """

    kind: Literal["passes", "blocked"]
    way: Way
    packet: Packet
    flow: str
    stages: tuple[Stage, ...]
    more: int = 0


def extra(site: Site, passing: Passing, may: Wanted) -> list[Crossing]:
    """Return what gets through and may not; empty means: nothing does, of all packets."""
    return _shown(
        site,
        "passes",
        (
            (way, piece, "")
            for way, boxes in passing.items()
            for piece in _without(boxes, (box for box, _flow in may.get(way, ())))
        ),
    )


def missing(site: Site, passing: Passing, must: Wanted) -> list[Crossing]:
    """Return what has to get through between hosts that were read, and does not; empty means: everything does."""
    return _shown(
        site,
        "blocked",
        (
            (way, piece, flow)
            for way, wanted in must.items()
            if _known(site, way)
            for box, flow in wanted
            for piece in _without([box], passing.get(way, ()))
        ),
    )


def _known(site: Site, way: Way) -> bool:
    return all(not host or host in site.points for host in (way.sender.host, way.gateway, way.receiver.host))


def _without(boxes: Iterable[Box], others: Iterable[Box]) -> Iterator[Box]:
    known = Index(others)
    for box in boxes:
        yield from without(box, known.near(box))


def _shown(site: Site, kind: Literal["passes", "blocked"], wrong: Iterable[tuple[Way, Box, str]]) -> list[Crossing]:
    links = Links(site)
    found: dict[object, Crossing] = {}
    for way, box, flow in islice(wrong, EXAMPLES):
        packet = example(box)
        stages = tuple(walk(site, links, way, packet))
        told = stages if kind == "passes" else stages[-1:]
        same = (flow, tuple((one.host, one.path, one.steps[-1:]) for one in told))
        if same in found:
            found[same] = replace(found[same], more=found[same].more + 1)
        else:
            found[same] = Crossing(kind, way, packet, flow, stages)
    return list(found.values())


def walk(site: Site, links: Links, way: Way, packet: Packet) -> Iterator[Stage]:
    """Yield what each place on a way does with a packet, until one stops it."""
    sender, receiver = way.sender, way.receiver
    if sender.host:
        stage = _asked(site, sender.host, "output", packet, {"oif": sender.interface})
        yield stage
        if stage.passes and not _routed(site, sender, packet):
            stage = Stage(sender.host, "routes", False)
            yield stage
        if not stage.passes:
            return
    if way.gateway:
        entry = _entry(site, links, way)
        if entry is None:
            yield Stage(sender.host, "switch", False)
            return
        if entry != receiver:
            out = End(way.gateway, site.declaration.segments[receiver.segment].interface, receiver.segment)
            stage = _asked(site, way.gateway, "forward", packet, {"iif": entry.interface, "oif": out.interface})
            yield stage
            if stage.passes and not _routed(site, out, packet):
                stage = Stage(way.gateway, "routes", False)
                yield stage
            if not stage.passes:
                return
            sender = out
    if receiver.host:
        if receiver.host != way.gateway and not links.joined(sender, receiver):
            yield Stage(receiver.host, "switch", False)
            return
        yield _asked(site, receiver.host, "input", packet, {"iif": receiver.interface})


def _entry(site: Site, links: Links, way: Way) -> End | None:
    """The interface by which a gateway takes a sender's packets up."""
    segment = site.declaration.segments[way.sender.segment]
    declared = End(way.gateway, segment.interface, segment.name)
    joined = [leg for leg in links.members(way.sender).legs if leg.host == way.gateway]
    return declared if segment.tunnel is not None or declared in joined else next(iter(joined), None)


def _asked(site: Site, host: str, path: Path, packet: Packet, between: dict[str, str]) -> Stage:
    """What the rules of a host say to the packet as it meets them between two interfaces; only a sender has a user."""
    asked = site.points[host]
    nobody = {} if path == "output" else {"user": NOBODY}
    at = {end: asked.names.number(between[end]) if end in between else NONE for end in ("iif", "oif")}
    here = {**packet, "mark": 0, "direction": 0, **nobody, **at}
    passes = bool(accepted(asked.ruleset, path, (point(here),)))
    return Stage(host, path, passes, trace(asked.ruleset, path, here))


def _routed(site: Site, end: End, packet: Packet) -> bool:
    ways, box = site.ways[end.host], {name: members for name, members in point(packet).items() if name in _ENDS}
    found = [ways.link.get(end.interface), *ways.routers.get(end.interface, {}).values()]
    return any(meet(box, other) for index in found if index is not None for other in index.near(box))


_ENDS = ("family", "saddr", "daddr")
