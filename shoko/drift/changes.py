"""One difference between a host and the declaration, in words that say what it means for whom."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Area = Literal["rules", "table", "address", "route", "switch", "listener", "allowlist", "ways"]
Effect = Literal["gained", "lost", "differs"]

SHOWN = 3  # sentences of one change that a person still reads


@dataclass(frozen=True)
class Change:
    """A difference: `sentences` say who gained or lost what, `packet` is one concrete example ("" if none shows it).

    `cause` is what was found on the host (a rule, a program, a line), as a person would look for it there.
    """

    host: str
    area: Area
    effect: Effect
    sentences: tuple[str, ...]
    cause: str = ""
    packet: str = ""

    @property
    def ident(self) -> str:
        """The same for the same difference from run to run: what is numbered anew at each load is no part of it."""
        words = "\0".join((self.host, self.area, self.effect, *sorted(self.sentences)))
        return hashlib.sha256(words.encode()).hexdigest()[:12]

    @property
    def text(self) -> str:
        """The change as one line."""
        more = len(self.sentences) - SHOWN
        said = "; ".join(self.sentences[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
        example = f" (for example {self.packet})" if self.packet else ""
        return f"{said}{example}" + (f"; by {self.cause}" if self.cause else "")


@dataclass(frozen=True)
class HostDrift:
    """What was found about one host; `unread` is what could not be read there, and why: of that nothing is known."""

    host: str
    changes: tuple[Change, ...] = ()
    unread: tuple[str, ...] = ()


DRIFT, NO_DRIFT, UNREAD = 1, 0, 2  # exit codes


def verdict(found: Sequence[HostDrift]) -> int:
    """Return the exit code: a change counts more than something unread, and both more than the rest."""
    if any(one.changes for one in found):
        return DRIFT
    return UNREAD if not found or any(one.unread for one in found) else NO_DRIFT
