"""Where a proof's results go: files that are whole or not there, or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkstemp

from shoko.proof.errors import ProofError

STANDARD = "-"


class Outputs:
    """The wanted formats and their places. Whether these can be written is found out before the work, not after it."""

    def __init__(self, wanted: Mapping[str, str | None]) -> None:
        self.places = {name: place for name, place in wanted.items() if place is not None}
        printed = [f"--{name}" for name, place in self.places.items() if place == STANDARD]
        if len(printed) > 1:
            raise ProofError(f"{' and '.join(printed)} would mix on standard output: give all but one of them a file")
        files = [Path(place).resolve() for place in self.places.values() if place != STANDARD]
        if len(set(files)) < len(files):
            raise ProofError("two formats would be written to one file: give each its own")
        for file in files:
            if file.is_dir() or not os.access(file.parent, os.W_OK):
                raise ProofError(f"{file}: cannot be written: it is a directory, or in none that you may write to")
        self.printed = bool(printed)

    def write(self, name: str, text: str) -> None:
        """Write a format to its place, by way of a file beside it that is renamed."""
        place = self.places[name]
        if place == STANDARD:
            sys.stdout.write(text)
            return
        try:
            _replace(Path(place), text)
        except OSError as problem:
            raise ProofError(f"{place}: cannot be written: {problem.strerror}") from problem


def _replace(file: Path, text: str) -> None:
    if file.exists() and not file.is_file():  # a device or a pipe
        file.write_text(text, encoding="utf-8")
        return
    number, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as new:
            new.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
