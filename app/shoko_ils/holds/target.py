"""What a hold is on."""

from dataclasses import dataclass
from typing import Protocol, Self


class OfAnIssue(Protocol):
    """A copy or a hold."""

    record_id: int
    issue: str


@dataclass(frozen=True, order=True, slots=True)
class Target:
    """A title, or one issue (号) of a magazine: each has a queue of its own."""

    record: int
    issue: str = ""

    @classmethod
    def of(cls, one: OfAnIssue) -> Self:
        return cls(one.record_id, one.issue)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `str` wrote; None for anything else.

        >>> Target.read("9:2026年11月号"), Target.read("x")
        (Target(record=9, issue='2026年11月号'), None)
        """
        record, _, issue = text.partition(":")
        if not (record.isascii() and record.isdigit() and len(record) < 19):
            return None
        return cls(int(record), issue)

    def __str__(self) -> str:
        return f"{self.record}:{self.issue}" if self.issue else str(self.record)
