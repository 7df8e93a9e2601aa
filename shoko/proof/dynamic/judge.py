"""What has to become of a packet at a gateway: by the declaration, and by the analysis of its running ruleset."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof import read as reading
from shoko.proof.boxes import Box, meet
from shoko.proof.compare import Step, trace
from shoko.proof.dynamic.bench import Gate
from shoko.proof.errors import ProofError
from shoko.proof.expected.host import HostExpectation, Permitted
from shoko.proof.expected.permissions import Permission
from shoko.proof.interfaces import Interfaces
from shoko.proof.packet import Packet, text
from shoko.proof.paths import accepted
from shoko.proof.ruleset import Ruleset
from shoko.proof.spans import Spans, union


class Judge:
    """One gateway's expected set and its running ruleset; ProofError where that is not understood.

    `must` has to pass, `may` is permitted while windows are open, `let` is what the ruleset lets through.
    """

    def __init__(
        self, declaration: Declaration, every: list[Permission], gate: Gate, listing: dict[str, Any] | str
    ) -> None:
        if isinstance(listing, str):
            raise ProofError(f"{gate.name} {listing}")
        self.gate = gate
        self.names = Interfaces({"lo", declaration.gateways.sync.interface, *reading.names(listing),
                                 *(segment.interface for segment in declaration.segments.values())})  # fmt: skip
        try:
            self.ruleset: Ruleset = reading.read(listing, self.names, timed=True)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ProofError(f"{gate.name}: nft printed JSON of an unknown shape ({problem!r})") from problem
        if self.ruleset.unknown:
            raise ProofError(f"{gate.name}: {self.ruleset.unknown[0]}; nothing can be compared with packets")
        expected = HostExpectation(declaration, every, gate.name, self.names)
        self.must: list[Permitted] = expected.permitted("forward")
        self.may: list[Permitted] = [*self.must, *expected.while_open("forward")]
        self._marks = {one.flow: one.mark for one in self.may if one.mark is not None}
        self._flow_of = {id(one.box): one.flow for one in self.may}
        self._must, self._may = (_Near([one.box for one in side]) for side in (self.must, self.may))
        self._let = _Near([box for batch in accepted(self.ruleset, "forward") for box in batch.boxes])

    def values(self, box: Box, field: str) -> tuple[Spans, Spans, Spans]:
        """Return the values of a field of a box that must pass, that may, and that the ruleset lets through.

        The box names every field that rules look at, each other one with a single value.
        """
        return self._must.values(box, field), self._may.values(box, field), self._let.values(box, field)

    def verdict(self, packet: Packet) -> tuple[bool, bool, bool]:
        """Return whether a packet must pass, whether it may, and whether the ruleset lets it through."""
        return self._must.holds(packet), self._may.holds(packet), self._let.holds(packet)

    def flow(self, packet: Packet) -> str:
        """Return a flow that permits a packet; "" if none does."""
        return next((flow for box in self._may.around(packet) if (flow := self._flow_of[id(box)])), "")

    def mark(self, flow: str) -> int:
        """Return the mark that sessions of a flow carry; KeyError if it has none."""
        return self._marks[flow]

    def steps(self, packet: Packet) -> tuple[Step, ...]:
        """Return the rules that a packet meets."""
        return trace(self.ruleset, "forward", packet)

    def words(self, packet: Packet) -> str:
        """Return a packet as people read it."""
        return text(packet, self.names)

    def carried(self, packet: Packet) -> bool:
        """Tell whether the kernel forwards a packet at all: not from or to its own addresses or those of everybody.

        Source: ip_route_input_slow and fib_validate_source in net/ipv4 (a source has to be a unicast route).
        """
        held = self.gate.held
        return packet["family"] == 6 or not {packet["saddr"], packet["daddr"]} & held


class _Near:
    """Boxes by the pair of interfaces and the family, which every question names."""

    def __init__(self, boxes: list[Box]) -> None:
        self._boxes = boxes
        self._near: dict[tuple[int, ...], list[Box]] = {}

    def _at(self, place: tuple[int, ...]) -> list[Box]:
        if place not in self._near:
            here = dict(zip(_PLACE, place, strict=True))
            self._near[place] = [box for box in self._boxes if _inside(box, here)]
        return self._near[place]

    def around(self, packet: Packet) -> Iterator[Box]:
        """Yield the boxes that a packet is in."""
        return (box for box in self._at(tuple(packet[name] for name in _PLACE)) if _inside(box, packet))

    def holds(self, packet: Packet) -> bool:
        """Tell whether a packet is in any of the boxes."""
        return any(_inside(box, packet) for box in self._at(tuple(packet[name] for name in _PLACE)))

    def values(self, box: Box, field: str) -> Spans:
        """Return the values that a field can have in the packets that are in the given box and in one of these."""
        near = self._at(tuple(box[name][0] for name in _PLACE))
        return union(both[field] for one in near if (both := meet(one, box)) is not None)


_PLACE = ("family", "iif", "oif")


def _inside(box: Box, packet: Packet) -> bool:
    """Whether a packet is in a box, by the fields that it names; asked millions of times."""
    for name, members in box.items():
        value = packet.get(name)
        if value is None or members[0] <= value < members[1]:
            continue
        if len(members) == 2 or bisect_right(members, value) % 2 == 0:
            return False
    return True
