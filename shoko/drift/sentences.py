"""Boxes of packets as sentences: who can reach whom by what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shoko.drift.places import ANYBODY, Places, listed
from shoko.proof.boxes import Box, meet
from shoko.proof.compare import Place
from shoko.proof.fields import ADDRESSES, NEW, UNTRACKED, VALUES
from shoko.proof.interfaces import NONE, Interfaces
from shoko.proof.packet import Packet, example
from shoko.proof.paths import Path
from shoko.proof.spans import Spans, holds, single, size

_PROTOCOLS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmpv6", 112: "vrrp", 132: "sctp"}
_PORTS = (6, 17)
_ANYTHING, _EVERY_PORT = "any protocol", " on every port"
_FEW = 8  # members of a set that are told one by one


@dataclass(frozen=True)
class Reach:
    """Who can send what to whom; `opening` says whether they can begin, or only go on with something."""

    sources: frozenset[str]
    destinations: frozenset[str]
    services: frozenset[str]
    opening: bool


def reaches(places: Places, host: str, path: Path, boxes: Iterable[Box], names: Interfaces) -> list[Reach]:
    """Return who can reach what by the packets of some boxes on a path of a host, as few as say exactly the same."""
    found = {_reach(places, host, path, box, names) for box in boxes}
    # What differs in one respect only is told at once; protocols first, because people think of them last.
    for field in ("services", "destinations", "sources"):
        groups: dict[tuple[object, ...], set[Reach]] = {}
        for one in found:
            rest = tuple(getattr(one, name) for name in one.__dataclass_fields__ if name != field)
            groups.setdefault(rest, set()).add(one)
        found = {_joined(group, field) for group in groups.values()}
    told = [one for one in found if not any(_within(one, other) for other in found if other != one)]
    return sorted(told, key=lambda one: (not one.opening, *map(listed, (one.sources, one.destinations, one.services))))


def telling(places: Places, host: str, path: Place, boxes: Iterable[Box]) -> Packet:
    """Return a packet of one of the boxes that tells people most: it begins something, between declared addresses."""
    every = [dict(box) for box in boxes]
    box = next((one for one in every if holds(one.get("state", VALUES["state"]), NEW)), every[0])
    if holds(box.get("state", VALUES["state"]), NEW):
        box["state"] = single(NEW)
    family = box.get("family", (4, 5))[0]
    mine = places.of(host, family)
    others = [at for at in places.known(family) if at not in mine]
    for field, here in (("saddr", path == "output"), ("daddr", path == "input")):
        candidates = [*mine, *others] if here else [*others, *mine]
        box = next((both for at in candidates if (both := meet(box, {field: at})) is not None), box)
        others = [at for at in others if at != box.get(field)]
    return example(box)


def _opens(box: Box) -> bool:
    states = box.get("state", VALUES["state"])
    return holds(states, NEW) or holds(states, UNTRACKED)


def _within(one: Reach, other: Reach) -> bool:
    """Tell whether another reach says all that one says."""
    ends = ((one.sources, other.sources), (one.destinations, other.destinations))
    return (
        (other.opening or not one.opening)
        and all(b == {ANYBODY} or a <= b for a, b in ends)
        and (other.services == {_ANYTHING} or one.services <= other.services)
    )


def sentence(one: Reach, *, now: bool, flow: str = "") -> str:
    """Return one reach as people say it: gained (`now`) or lost."""
    verb = "can now reach" if now else "can no longer reach"
    if not one.opening:
        verb = "can now send as if answering to" if now else "can no longer answer"
    because = f" (flow {flow})" if flow else ""
    return f"{listed(one.sources)} {verb} {listed(one.destinations)} by {listed(one.services)}{because}"


def _joined(group: set[Reach], field: str) -> Reach:
    first = next(iter(group))
    words: frozenset[str] = frozenset().union(*(getattr(one, field) for one in group))
    members = {field: _widest(words)}
    kept = {name: getattr(first, name) for name in ("sources", "destinations", "services") if name != field}
    return Reach(**kept, **members, opening=first.opening)


def _widest(words: frozenset[str]) -> frozenset[str]:
    """Words without those that another one of them includes."""
    for whole in (ANYBODY, _ANYTHING):
        if whole in words:
            return frozenset({whole})
    every = {word.removesuffix(_EVERY_PORT) for word in words if word.endswith(_EVERY_PORT)}
    return frozenset(word for word in words if word.partition("/")[0] not in every)


def _reach(places: Places, host: str, path: Path, box: Box, names: Interfaces) -> Reach:
    myself = frozenset({host})
    sources = _end(places, host, box, ("saddr", "iif"), names) if path != "output" else myself
    destinations = _end(places, host, box, ("daddr", "oif"), names) if path != "input" else myself
    return Reach(sources, destinations, frozenset(services(box)), _opens(box))


def _end(places: Places, host: str, box: Box, end: tuple[str, str], names: Interfaces) -> frozenset[str]:
    """An end by its addresses; where those are free, by the interface that it stands behind."""
    family = box.get("family", (4, 5))[0]
    words = places.words(family, box.get(end[0], ADDRESSES[family]))
    behind = box.get(end[1], VALUES[end[1]])
    if words == {ANYBODY} and size(behind) <= _FEW:
        return frozenset(_behind(places, host, behind, names))
    return words


def _behind(places: Places, host: str, members: Spans, names: Interfaces) -> Iterator[str]:
    for at in range(0, len(members), 2):
        for number in range(members[at], members[at + 1]):
            name = names.text(number)
            yield f"{host} itself" if number == NONE or name == "lo" else places.behind(host, name)


def services(box: Box) -> Iterator[str]:
    """Yield protocols with their ports, as tcp/443."""
    protocols = box.get("proto", VALUES["proto"])
    if size(protocols) > _FEW:
        yield _ANYTHING if protocols == VALUES["proto"] else "most protocols"
        return
    for at in range(0, len(protocols), 2):
        for number in range(protocols[at], protocols[at + 1]):
            name = _PROTOCOLS.get(number, f"protocol {number}")
            ports = box.get("dport", VALUES["dport"])
            if number not in _PORTS or ports == VALUES["dport"]:
                yield name if number not in _PORTS else f"{name}{_EVERY_PORT}"
            elif len(ports) > 2 * _FEW:
                yield f"{name} on {size(ports)} ports"
            else:
                spans = ((ports[to], ports[to + 1] - 1) for to in range(0, len(ports), 2))
                yield from (f"{name}/{low}" if low == high else f"{name}/{low}-{high}" for low, high in spans)
