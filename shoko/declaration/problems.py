"""What is wrong with a declaration: one value per mistake, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoko.errors import ShokoError


@dataclass(frozen=True)
class Problem:
    """One mistake: where it stands, what is wrong, and what would be right.

    `path` is the key as written, e.g. "flows.citizen.services[0]"; `line` counts from 1, 0 means the whole file.
    """

    file: str
    line: int
    path: str
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        hint = f" ({self.allowed})" if self.allowed else ""
        return f"{where}:{path} {self.message}{hint}"

    def as_json(self) -> dict[str, str | int]:
        """The same for machines."""
        return {
            "file": self.file,
            "line": self.line,
            "path": self.path,
            "message": self.message,
            "allowed": self.allowed,
        }


class DeclarationInvalid(ShokoError):
    """A declaration that must not be used. `problems` holds every mistake, in reading order."""

    def __init__(self, site_dir: Path, problems: Sequence[Problem]) -> None:
        self.site_dir = site_dir
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        count = len(self.problems)
        super().__init__(f"{site_dir}: {count} mistake{'s' if count != 1 else ''} in the declaration\n{lines}")
