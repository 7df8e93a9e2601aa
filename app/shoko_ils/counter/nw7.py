"""NW-7 (Codabar) barcodes as rectangles, for what the library prints itself."""

from dataclasses import dataclass

# bars and spaces in turn, beginning and ending with a bar: 0 narrow, 1 wide
PATTERNS = {
    "0": "0000011", "1": "0000110", "2": "0001001", "3": "1100000", "4": "0010010",
    "5": "1000010", "6": "0100001", "7": "0100100", "8": "0110000", "9": "1001000",
    "A": "0011010", "B": "0101001", "C": "0001011", "D": "0001110",
}  # fmt: skip
NARROW, WIDE = 2, 5


@dataclass(frozen=True)
class Bars:
    """Positions and widths of the black bars, and the width of all, in the unit of the drawing."""

    bars: tuple[tuple[int, int], ...]
    width: int


def bars(digits: str) -> Bars:
    """The barcode of `digits` between the start and stop letter A; raises KeyError for others than digits."""
    found, place = [], 0
    for char in f"A{digits}A":
        for index, wide in enumerate(PATTERNS[char]):
            width = WIDE if wide == "1" else NARROW
            if index % 2 == 0:
                found.append((place, width))
            place += width
        place += NARROW
    return Bars(tuple(found), place - NARROW)
