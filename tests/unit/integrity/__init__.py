"""Tests of file integrity, and the site that they speak of."""

from functools import cache
from pathlib import Path

from shoko.declaration.load import load
from shoko.declaration.model import Declaration

SITE = str(Path(__file__).resolve().parents[3] / "inventories" / "lab")


@cache
def declaration() -> Declaration:
    """The lab."""
    return load(Path(SITE))
