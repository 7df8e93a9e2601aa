"""What has to become of one packet, by the declaration alone: whether it passes, with which mark and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from shoko.proof.boxes import Box
from shoko.proof.expected.host import Permitted
from shoko.proof.fields import NEW
from shoko.proof.index import LEVELS, Index
from shoko.proof.packet import Packet
from shoko.proof.spans import holds, single


@dataclass(frozen=True)
class Fate:
    """What becomes of a packet; `mark` (of its conntrack entry, if any) and `source` are those that it leaves with."""

    passes: bool
    mark: int | None = None
    source: int | None = None


def inside(box: Box, packet: Packet) -> bool:
    """Tell whether a packet is in a box."""
    return all(holds(members, packet[name]) for name, members in box.items())


def around(index: Index, packet: Packet) -> list[Box]:
    """Return the boxes of an index that a packet is in."""
    near = {name: single(packet[name]) for name in LEVELS}
    return [box for box in index.near(near) if inside(box, packet)]


class Verdicts:
    """Judges packets of one path of one host.

    `rewritten` and `translated` are the declared changes of sources (`HostExpectation.rewritten`, `of_groups`).
    """

    def __init__(
        self,
        permitted: Sequence[Permitted],
        rewritten: Iterable[tuple[Box, int]] = (),
        translated: Mapping[str, Iterable[Box]] | None = None,
    ) -> None:
        self._boxes = Index(one.box for one in permitted)
        self._marks: dict[int, set[int | None]] = {}  # by identity: boxes are dicts, and stay as they are
        for one in permitted:
            self._marks.setdefault(id(one.box), set()).add(one.mark)
        self._rewritten = list(rewritten)
        self._translated = [
            (box, int(ip_address(address))) for address, boxes in (translated or {}).items() for box in boxes
        ]

    def difference(self, packet: Packet, seen: Fate) -> str:
        """Return in which way a packet fared otherwise than declared; "" if it did not.

        The words are those of the analysis: passes, blocked, mark, rewritten.
        """
        holding = around(self._boxes, packet)
        if seen.passes != bool(holding):
            return "passes" if seen.passes else "blocked"
        if not seen.passes:
            return ""
        right = {packet["mark"] if mark is None else mark for box in holding for mark in self._marks[id(box)]}
        if packet["state"] == NEW and seen.mark is not None and seen.mark not in right:
            return "mark"
        return "" if seen.source is None or seen.source in self._sources(packet) else "rewritten"

    def _sources(self, packet: Packet) -> set[int]:
        own = {value for box, value in self._rewritten if inside(box, packet)} or {packet["saddr"]}
        new = {value for box, value in self._translated if inside(box, packet)}
        # Translation is decided with the first packet of a session.
        return new if new and packet["state"] == NEW and not packet["mark"] else own | new
