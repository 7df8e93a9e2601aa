"""A host as an enforcing point: what of the first packets of sessions it sends, receives and forwards.

Boxes here have the fields that travel: both ends, protocol, ports, flags; of what a host sends also the user. State,
mark and direction are the host's own, and those of a first packet are known: new, no mark yet, the original direction.
The hop limit is left out, since every gateway lowers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.proof.boxes import Box, without
from shoko.proof.expected import links
from shoko.proof.fields import NEW
from shoko.proof.index import Index
from shoko.proof.interfaces import Interfaces
from shoko.proof.paths import Path, accepted
from shoko.proof.ruleset import Ruleset
from shoko.proof.run import Batch
from shoko.proof.spans import holds

_TRAVELLING = ("family", "saddr", "daddr", "proto", "nexthdr", "headed", "sport", "dport", "flags")
_FIRST = {"state": NEW, "mark": 0, "direction": 0}


@dataclass(frozen=True)
class Point:
    """What one host lets through. Keys are names of interfaces; values overlap where a host's own fields differ."""

    host: str
    names: Interfaces
    ruleset: Ruleset
    sends: Mapping[str, list[Box]]
    receives: Mapping[str, Index]
    forwards: Mapping[tuple[str, str], Index]


def point(declaration: Declaration, host: str, ruleset: Ruleset, names: Interfaces) -> Point:
    """Return a host's part, without the plumbing between holders of one shared address: that is no session."""
    legs = {leg.interface: names.number(leg.interface) for leg in declaration.hosts[host].legs}
    if host in declaration.gateways.hosts:
        beyond = (one.interface for one in declaration.segments.values() if not one.own_uplink)
        legs |= {interface: names.number(interface) for interface in beyond}
    sends: dict[str, list[Box]] = {interface: [] for interface in legs}
    receives: dict[str, list[Box]] = {interface: [] for interface in legs}
    forwards: dict[tuple[str, str], Index] = {}
    for box in _first(accepted(ruleset, "output")):
        for interface in _at(box, "oif", legs):
            sends[interface].append({**_travelling(box), **({"user": box["user"]} if "user" in box else {})})
    for box in _first(accepted(ruleset, "input")):
        for interface in _at(box, "iif", legs):
            receives[interface].append(_travelling(box))
    for box in _first(accepted(ruleset, "forward")):
        for came in _at(box, "iif", legs):
            for out in _at(box, "oif", legs):
                forwards.setdefault((came, out), Index()).add([_travelling(box)])
    sent, taken = (_plumbing(declaration, host, names, path) for path in ("output", "input"))
    return Point(
        host,
        names,
        ruleset,
        {at: _without(boxes, sent) for at, boxes in sends.items()},
        {at: Index(_without(boxes, taken)) for at, boxes in receives.items()},
        forwards,
    )


def _without(boxes: list[Box], plumbing: list[Box]) -> list[Box]:
    return [piece for box in boxes for piece in without(box, plumbing)]


def _first(batches: Iterable[Batch]) -> list[Box]:
    return [
        box
        for batch in batches
        for box in batch.boxes
        if all(name not in box or holds(box[name], value) for name, value in _FIRST.items())
    ]


def _at(box: Box, end: str, legs: Mapping[str, int]) -> list[str]:
    members = box.get(end)
    return [interface for interface, number in legs.items() if members is None or holds(members, number)]


def _travelling(box: Box) -> Box:
    return {name: box[name] for name in _TRAVELLING if name in box}


def _plumbing(declaration: Declaration, host: str, names: Interfaces, path: Path) -> list[Box]:
    return [_travelling(box) for box in links.vrrp(declaration, declaration.hosts[host], names, path)]
