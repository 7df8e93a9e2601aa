"""From a site's directory to its declaration, or to the list of all its mistakes."""

from __future__ import annotations

from pathlib import Path

from shoko.declaration.build import build
from shoko.declaration.model import Declaration
from shoko.declaration.problems import DeclarationInvalid, Problem
from shoko.declaration.reader import Source, read
from shoko.declaration.shape import check_shape


def site_directory(path: Path) -> Path:
    """The directory of a site, given that or its shoko.yml."""
    return path.parent if path.name == "shoko.yml" else path


def load(site_dir: Path) -> Declaration:
    """The declaration of a site; DeclarationInvalid with every mistake if there is one."""
    source = read(site_directory(site_dir) / "declaration")
    problems = _problems(source)
    if problems:
        raise DeclarationInvalid(site_dir, problems)
    return build(source.tree)


def check(site_dir: Path) -> list[Problem]:
    """Every mistake of a site's declaration, in reading order; empty if it may be used."""
    return _problems(read(site_directory(site_dir) / "declaration"))


def _problems(source: Source) -> list[Problem]:
    problems, _broken = check_shape(source)
    return sorted({*source.problems, *problems}, key=lambda p: (p.file, p.line, p.path, p.message))
