"""Whether all gateways forward the same packets: only then does it not matter which of them is at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from shoko.proof.boxes import Box, without
from shoko.proof.index import Index
from shoko.proof.interfaces import Interfaces
from shoko.proof.packet import Packet, example
from shoko.proof.paths import accepted
from shoko.proof.prove import HostProof
from shoko.proof.spans import of


@dataclass(frozen=True)
class Unlike:
    """A packet that one gateway forwards and another does not; `names` are the interfaces in it."""

    passes: str
    stops: str
    packet: Packet
    names: Interfaces


def unlike(gateways: Sequence[HostProof]) -> list[Unlike]:
    """Return a packet for each two gateways that differ, and each way round.

    Gateways that forward exactly what is declared are equal, since both equal the same set.
    """
    if not any(found.path == "forward" for one in gateways for found in one.findings):
        return []
    known = [one for one in gateways if one.ruleset is not None]
    common = Interfaces(name for one in known for name in one.names.known)
    forwards = {one.host: list(_forwards(one, common)) for one in known}
    return [found for pair in permutations(known, 2) for found in _first(pair[0], pair[1], forwards, common)]


def _forwards(proof: HostProof, common: Interfaces) -> Iterator[Box]:
    """What a gateway forwards, with the same numbers for the same interfaces on all."""
    assert proof.ruleset is not None  # noqa: S101 - `unlike` asks for those that were read
    numbers = {number: common.number(name) for name, number in proof.names.known.items()}
    for batch in accepted(proof.ruleset, "forward"):
        for box in batch.boxes:
            yield {**box, **{end: _renumbered(box[end], numbers) for end in ("iif", "oif") if end in box}}


def _renumbered(members: tuple[int, ...], numbers: Mapping[int, int]) -> tuple[int, ...]:
    """Interfaces that no ruleset mentions are left out: what they may do is held against the declaration."""
    spans = [(members[at], members[at + 1]) for at in range(0, len(members), 2)]
    return of(new for old, new in numbers.items() if any(low <= old < high for low, high in spans))


def _first(one: HostProof, other: HostProof, forwards: Mapping[str, list[Box]], common: Interfaces) -> Iterator[Unlike]:
    there = Index(box for box in forwards[other.host] if box.get("iif", (0,)) and box.get("oif", (0,)))
    for box in forwards[one.host]:
        if box.get("iif", (0,)) and box.get("oif", (0,)):
            for piece in without(box, there.near(box)):
                yield Unlike(one.host, other.host, example(piece), common)
                return
