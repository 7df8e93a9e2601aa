"""Reads NW-7 as a scanner does: by the widths of bars and gaps."""

from collections.abc import Sequence
from itertools import pairwise

from barcode.charsets import codabar


def read_bars(places: Sequence[float], widths: Sequence[float]) -> str:
    """What bars at these places, of these widths in units, say; seven elements a letter, then a gap."""
    edges = [edge for place, width in zip(places, widths, strict=True) for edge in (place, place + width)]
    patterns = {
        "".join("1" if mark in "Ww" else "0" for mark in code): char
        for table in (codabar.CODES, codabar.STARTSTOP)
        for char, code in table.items()
    }
    wide = ["01"[after - before > 3] for before, after in pairwise(edges)]
    return "".join(patterns["".join(wide[at : at + 7])] for at in range(0, len(wide), 8))
