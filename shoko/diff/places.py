"""Where a declaration to compare comes from: a site's directory, or one of git's trees (REVISION:DIRECTORY)."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from shoko.declaration.load import load, site_directory
from shoko.declaration.model import Declaration
from shoko.declaration.problems import DeclarationInvalid
from shoko.diff.errors import DiffError


def declaration_at(place: str, now: datetime | None = None) -> Declaration:
    """Return the declaration at a place; `now` decides what has expired, as for `load`.

    Raises DiffError where there is none, or where it is not valid.
    """
    with _directory(place) as site:
        if not (site_directory(site) / "declaration").is_dir():
            raise DiffError(f"{place}: no declaration there (a site's directory, or REVISION:DIRECTORY for git's)")
        try:
            return load(site, now)
        except DeclarationInvalid as invalid:
            count, first = len(invalid.problems), invalid.problems[0]
            raise DiffError(f"{place}: not a valid declaration: {count} mistakes, the first: {first}") from invalid


@contextmanager
def _directory(place: str) -> Iterator[Path]:
    revision, colon, directory = place.partition(":")
    if not colon or Path(place).exists():
        yield Path(place)
        return
    with TemporaryDirectory(prefix="shoko-diff-") as folder:
        with tarfile.open(fileobj=io.BytesIO(_archive(revision, directory, place))) as tree:
            tree.extractall(folder, filter="data")
        yield Path(folder) / directory


def _archive(revision: str, directory: str, place: str) -> bytes:
    """The tree as git packs it; neither a revision nor a directory that begins with a hyphen is an option."""
    command = ["git", "archive", "--format=tar", "--end-of-options", revision, directory]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DiffError(f"{place}: git cannot give it: {said[-1] if said else done.returncode}")
    return done.stdout
