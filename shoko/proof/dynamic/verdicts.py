"""What has to become of one packet, by the declaration alone: whether it passes, with which mark and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from shoko.proof.boxes import Box, apart, point
from shoko.proof.expected.host import Permitted
from shoko.proof.fields import NEW
from shoko.proof.index import Index
from shoko.proof.packet import Packet


@dataclass(frozen=True)
class Fate:
    """What becomes of a packet; `mark` (of its conntrack entry, if any) and `source` are those that it leaves with."""

    passes: bool
    mark: int | None = None
    source: int | None = None


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
        here = point(packet)
        holding = [box for box in self._boxes.near(here) if not apart(box, here)]
        if seen.passes != bool(holding):
            return "passes" if seen.passes else "blocked"
        if not seen.passes:
            return ""
        right = {packet["mark"] if mark is None else mark for box in holding for mark in self._marks[id(box)]}
        if packet["state"] == NEW and seen.mark is not None and seen.mark not in right:
            return "mark"
        return "" if seen.source is None or seen.source in self._sources(packet, here) else "rewritten"

    def _sources(self, packet: Packet, here: Box) -> set[int]:
        own = {value for box, value in self._rewritten if not apart(box, here)} or {packet["saddr"]}
        new = {value for box, value in self._translated if not apart(box, here)}
        # Translation is decided with the first packet of a session.
        return new if new and packet["state"] == NEW and not packet["mark"] else own | new
