"""NW-7 (Codabar, JIS X 0503): the bars of what the library prints itself, on labels and on the desk sheet."""

from dataclasses import dataclass

from barcode.codabar import CODABAR

# widths of narrow and wide elements, in units
NARROW, WIDE = 2, 5
START = STOP = "A"


@dataclass(frozen=True)
class Bars:
    """Positions and widths of the black bars, and the width of all, in units."""

    bars: tuple[tuple[int, int], ...]
    width: int


def elements(number: str) -> list[int]:
    """Widths of bars and gaps in turn, in units, of a number between the start and stop letters."""
    (dots,) = CODABAR(f"{START}{number}{STOP}", narrow=NARROW, wide=WIDE).build()
    found, last = [], ""
    for dot in dots:
        if dot == last:
            found[-1] += 1
        else:
            found.append(1)
            last = dot
    return found


def bars(number: str) -> Bars:
    """The same as rectangles."""
    found, place = [], 0
    for position, width in enumerate(elements(number)):
        if position % 2 == 0:
            found.append((place, width))
        place += width
    return Bars(tuple(found), place)
