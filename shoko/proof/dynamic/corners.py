"""The packets of a proof by real packets: the corners of all that a ruleset, or its declaration, tells apart.

Two packets that lie in the same boxes of ruleset and declaration have the same fate in both, so one of each such
segment stands for all of it (exact segments of the method that El-Atawy and others published as policy segmentation
for firewall tests, 2007). `segments` gives those boxes:

* what the ruleset accepts and what is permitted, as boxes;
* of what passes, what leaves with another source;
* what each rule matches: where boxes were merged, or earlier rules hide a part, its own edge is not among those;
* in what the two differ by the analysis, marks included. A difference may be smaller than any box of either side.

`corners` then takes of each box, in every field that it names, the lowest and the highest value and the next one beyond
each, the other fields being ordinary. Everything comes from the ruleset as it runs and from the declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from shoko.proof.boxes import Box, meet, without
from shoko.proof.dynamic.possible import DESTINATION_OPTIONS, GENERIC, TCP, UDP, can_be, going_on, possible, state
from shoko.proof.errors import ProofError
from shoko.proof.expected.host import Permitted
from shoko.proof.fields import ADDRESSES, NEW, VALUES
from shoko.proof.index import Index
from shoko.proof.packet import Packet, example
from shoko.proof.paths import Path, accepted, packets
from shoko.proof.ruleset import Chain, Ruleset
from shoko.proof.run import Batch
from shoko.proof.spans import Spans, holds, single

BUDGET = 20_000  # boxes; a gateway of thirty zones has fewer
_HOOKS: dict[Path, tuple[str, ...]] = {
    "input": ("prerouting", "input"),
    "forward": ("prerouting", "forward", "postrouting"),
    "output": ("output", "postrouting"),
}
# They follow from the rest of a packet: of a lone one all, of one that belongs to a session these.
_DERIVED = frozenset({"family", "state", "nexthdr"})
_PORTLESS = [proto for proto in range(256) if holds(GENERIC, proto)]
_LONE = _DERIVED | {"mark", "direction"}


def segments(ruleset: Ruleset, path: Path, permitted: Sequence[Permitted]) -> list[Box]:
    """Return the boxes that a ruleset and what is permitted tell apart on a path; they overlap.

    Raises ProofError if there are more than `BUDGET`.
    """
    passing = accepted(ruleset, path)
    found = [box for batch in passing for box in batch.boxes]
    found += _translated(ruleset, path, found)
    found += [one.box for one in permitted]
    found += _of_rules(ruleset, path)
    found += _differing(passing, permitted)
    different = {frozenset(box.items()): box for box in found}
    if len(different) > BUDGET:
        raise ProofError(
            f"{path}: {len(different)} boxes, more than the {BUDGET} whose corners can be sent; split the ruleset"
        )
    return list(different.values())


def corners(boxes: Iterable[Box], path: Path, within: Box | None = None) -> list[Packet]:
    """Return lone packets at the corners of boxes, each once, in the order of the boxes.

    Every packet has all fields and can be made on a wire. `within` holds what the place can do, such as the interfaces
    that there are: nothing outside it is returned.
    """
    limits = within or {}

    def made(packet: Packet) -> Packet | None:
        if not can_be(path, packet) or not _allowed(packet, limits):
            return None
        return {**packet, "state": state(packet), "mark": 0, "direction": 0}

    return _corners(boxes, _places(possible(path), limits), _LONE, made)


def session_corners(boxes: Iterable[Box], path: Path, within: Box | None = None) -> list[Packet]:
    """Return the same of packets that belong to sessions, which have to be in conntrack before they are sent.

    `state`, `mark` and `direction` say how. Where the source port is free it differs, so that few share their ends.
    """
    return _corners(boxes, _places(going_on(path), within or {}), _DERIVED, None)


def _corners(
    boxes: Iterable[Box], places: Index, derived: frozenset[str], made: Callable[[Packet], Packet | None] | None
) -> list[Packet]:
    """Corners of boxes within places; `made` completes a lone packet, which may leave its place, or refuses it."""
    found: dict[tuple[int, ...], Packet] = {}
    for box in boxes:
        free = {name: members for name, members in box.items() if name != "nexthdr"}
        named = {name: box[name] for name in box if name not in derived}
        spread = _Spread(box)
        for place in places.near(box):
            inside = meet(free, place)
            if inside is None:
                continue
            for packet in _around(example(inside), inside, named, place if made is None else {}):
                headed = {**packet, "nexthdr": _next_header(packet, box)}
                whole = headed if made is None else made(headed)
                if whole is not None:
                    values = tuple(whole.values())
                    if values not in found:
                        found[values] = spread.of(whole, len(found)) if made is None else whole
    return list(found.values())


class _Spread:
    """Gives packets of a box other source ports, or other protocols without ports, if the box leaves that open."""

    def __init__(self, box: Box) -> None:
        self._ports = "sport" not in box
        protocols = () if "nexthdr" in box else box.get("proto", VALUES["proto"])
        self._others = [proto for proto in _PORTLESS if holds(protocols, proto)]

    def of(self, packet: Packet, number: int) -> Packet:
        """Return the packet, changed by a number."""
        if packet["proto"] in (TCP, UDP):
            return {**packet, "sport": 1024 + number % 60_000} if self._ports else packet
        if self._others and packet["proto"] in self._others:
            proto = self._others[number % len(self._others)]
            return {**packet, "proto": proto, "nexthdr": proto}
        return packet


def _places(every: Iterable[Box], limits: Box) -> Index:
    return Index(both for box in every if (both := meet(box, limits)) is not None)


def _allowed(packet: Packet, limits: Box) -> bool:
    return all(holds(members, packet[name]) for name, members in limits.items())


def _next_header(packet: Packet, box: Box) -> int:
    """The protocol itself, unless the box asks for an extension header between."""
    wanted = box.get("nexthdr")
    if wanted is None or packet["family"] == 4 or holds(wanted, packet["proto"]):
        return packet["proto"]
    return DESTINATION_OPTIONS if holds(wanted, DESTINATION_OPTIONS) else packet["proto"]


def _around(base: Packet, inside: Box, named: Box, place: Box) -> Iterator[Packet]:
    """Yield the base, its lowest and highest mate, and for each named field the edges within and beyond it.

    What is beyond is still in the place.
    """
    yield base
    yield {**base, **{name: members[0] for name, members in inside.items()}}
    yield {**base, **{name: members[-1] - 1 for name, members in inside.items()}}
    for name, members in named.items():
        for value in _edges(members, _full(name, base["family"])):
            if value != base[name] and (name not in place or holds(place[name], value)):
                yield {**base, name: value}


def _edges(members: Spans, full: Spans) -> Iterator[int]:
    for at in range(0, len(members), 2):
        low, high = members[at], members[at + 1] - 1
        yield from (value for value in {low - 1, low, high, high + 1} if full[0] <= value < full[-1])


def _full(name: str, family: int) -> Spans:
    return ADDRESSES[family] if name in ("saddr", "daddr") else VALUES[name]


def _of_rules(ruleset: Ruleset, path: Path) -> Iterator[Box]:
    """What each rule that a path can meet matches, whoever came before it."""
    every = packets(path)
    for chain in _met(ruleset, path):
        for rule in chain.rules:
            for case in rule.cases:
                for box in case.boxes:
                    for whole in every:
                        if whole["family"][0] in chain.families and (both := meet(whole, box)) is not None:
                            yield both


def _met(ruleset: Ruleset, path: Path) -> list[Chain]:
    """The base chains of a path, and every chain that they lead to."""
    waiting = [
        chain for hook in _HOOKS[path] for chain in ruleset.hooked(hook, ("filter", "route", "nat"))
    ]  # fmt: skip
    found: dict[tuple[str, str, str], Chain] = {}
    while waiting:
        chain = waiting.pop()
        at = (chain.where.family, chain.where.table, chain.where.chain)
        if at in found:
            continue
        found[at] = chain
        waiting += [
            ruleset.target(rule, case.verdict) for rule in chain.rules for case in rule.cases if case.verdict.target
        ]
    return list(found.values())


def _translated(ruleset: Ruleset, path: Path, passing: Sequence[Box]) -> list[Box]:
    """What passes and leaves with another source: a nat chain shows itself in no other packet."""
    chains = ruleset.hooked("postrouting", ("nat",)) if path != "input" else []
    rules = [box for chain in chains for rule in chain.rules for case in rule.cases for box in case.boxes]
    return [both for box in passing for rule in rules if (both := meet(box, rule)) is not None]


def _differing(passing: Sequence[Batch], permitted: Sequence[Permitted]) -> Iterator[Box]:
    """What only one side lets through, and new sessions that both do but with another mark."""
    may, let = Index(one.box for one in permitted), Index(box for batch in passing for box in batch.boxes)
    marked: dict[int | None, Index] = {}
    for one in permitted:
        marked.setdefault(one.mark, Index()).add([one.box])
    for batch in passing:
        mine = marked.get(batch.now.get("mark"), Index())
        for box in batch.boxes:
            yield from without(box, may.near(box))
            first = meet(box, {"state": single(NEW)})
            if first is not None:
                yield from without(first, mine.near(first))
    for one in permitted:
        yield from without(one.box, let.near(one.box))
