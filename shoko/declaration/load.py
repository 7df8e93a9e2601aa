"""From a site's directory to its declaration, or to the list of all its mistakes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from shoko.declaration import checks
from shoko.declaration.build import build
from shoko.declaration.checks import secrets
from shoko.declaration.model import Declaration
from shoko.declaration.problems import DeclarationInvalid, Problem
from shoko.declaration.prune import without
from shoko.declaration.reader import Source, read
from shoko.declaration.shape import NAMES, check_shape


def site_directory(path: Path) -> Path:
    """The directory of a site, given that or its shoko.yml."""
    return path.parent if path.name == "shoko.yml" else path


def load(site_dir: Path, now: datetime | None = None) -> Declaration:
    """The declaration of a site; DeclarationInvalid with every mistake if there is one.

    `now` decides what has expired; it is the present unless a test says otherwise.
    """
    source = read(site_directory(site_dir) / "declaration")
    problems = mistakes(source, now)
    if problems:
        raise DeclarationInvalid(site_directory(site_dir), problems)
    return build(source.tree)


def check(site_dir: Path, now: datetime | None = None) -> list[Problem]:
    """Every mistake of a site's declaration, in reading order; empty if it may be used."""
    return mistakes(read(site_directory(site_dir) / "declaration"), now)


def mistakes(source: Source, now: datetime | None = None) -> list[Problem]:
    """Every mistake of a declaration that has been read already, in reading order."""
    shape, broken = check_shape(source)
    problems = [*source.problems, *shape, *secrets.check(source)]
    if source.whole and not any((key,) in broken for key in NAMES):
        # What has the wrong shape is left out, so that the rest can still be understood.
        rest = build(without(source.tree, broken))
        problems += checks.run(source, rest, broken, now or datetime.now(UTC))
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.path, p.message))
