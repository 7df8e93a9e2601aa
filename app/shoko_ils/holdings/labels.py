"""Sheets of labels as PDF: spine labels (背ラベル) and barcode labels (NW-7), on A4 sheets of stickers.

Written with pydyf: it needs no native library on the hosts and no compiled wheel. Japanese is set in the gothic
face that every PDF viewer brings for the character collection Adobe-Japan1: nothing is embedded.
"""

import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

import pydyf

from shoko_ils.holdings.nw7 import START, STOP, elements

MM = 72 / 25.4
PAGE = (210.0, 297.0)
# millimetres of a unit of NW-7, so that a narrow bar is 0.27 mm wide
UNIT = 0.134


@dataclass(frozen=True)
class Sheet:
    """A sheet of stickers, in millimetres: `pitch` is from the left edge of one to that of the next."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    pitch: float

    @property
    def count(self) -> int:
        return self.columns * self.rows

    def place(self, position: int) -> tuple[float, float]:
        """Lower left corner of a sticker (from 0, row by row), in millimetres from the lower left of the page."""
        row, column = divmod(position, self.columns)
        return self.left + column * self.pitch, PAGE[1] - self.top - (row + 1) * self.height


# the usual sheets: 65 of 38.1 × 21.2 mm, 44 of 48.3 × 25.4 mm
SPINE = Sheet(columns=5, rows=13, width=38.1, height=21.2, left=4.75, top=10.7, pitch=40.6)
BARCODE = Sheet(columns=4, rows=11, width=48.3, height=25.4, left=8.4, top=8.8, pitch=48.3)


@dataclass(frozen=True)
class Spine:
    """Three lines at most, as they stand on a spine: class, author's mark, volume. `place` stands small below."""

    lines: Sequence[str]
    place: str


@dataclass(frozen=True)
class Numbered:
    """An item number with the name of its library."""

    number: str
    name: str


def spine_sheets(labels: Iterable[Spine], first: int = 1) -> bytes:
    """PDF of spine labels; `first` is the sticker to begin with (from 1), for a sheet that is partly used."""
    return _pdf(SPINE, labels, _spine, first)


def barcode_sheets(labels: Iterable[Numbered], first: int = 1) -> bytes:
    """PDF of barcode labels."""
    return _pdf(BARCODE, labels, _numbered, first)


def spine_lines(call_number: str, volume: str) -> list[str]:
    """The parts of a call number one below the other; the volume last, unless the call number ends with it."""
    parts = call_number.split()
    if volume and volume not in parts[1:]:
        parts.append(volume)
    return parts if len(parts) <= 3 else [*parts[:2], " ".join(parts[2:])]


def _pdf[Label](
    sheet: Sheet, labels: Iterable[Label], draw: Callable[["_Page", Label, float, float], None], first: int
) -> bytes:
    pdf = pydyf.PDF()
    fonts = _fonts(pdf)
    waiting: Iterator[Label | None] = iter([*[None] * (min(max(first, 1), sheet.count) - 1), *labels])
    for on_page in batched(waiting, sheet.count):
        page = _Page()
        for position, label in enumerate(on_page):
            if label is not None:
                draw(page, label, *sheet.place(position))
        pdf.add_object(page.stream)
        pdf.add_page(
            pydyf.Dictionary(
                {
                    "Type": "/Page",
                    "Parent": pdf.pages.reference,
                    "MediaBox": pydyf.Array([0, 0, round(PAGE[0] * MM, 2), round(PAGE[1] * MM, 2)]),
                    "Contents": page.stream.reference,
                    "Resources": pydyf.Dictionary({"Font": fonts}),
                }
            )
        )
    made = io.BytesIO()
    pdf.write(made)
    return made.getvalue()


def _fonts(pdf: pydyf.PDF) -> pydyf.Dictionary:
    """/J: Japanese by UCS-2 with half-width Latin (Adobe-Japan1, glyphs 231 to 632)."""
    descriptor = pydyf.Dictionary(
        {
            "Type": "/FontDescriptor",
            "FontName": "/HeiseiKakuGo-W5",
            "Flags": 4,
            "FontBBox": pydyf.Array([-92, -250, 1010, 922]),
            "ItalicAngle": 0,
            "Ascent": 752,
            "Descent": -221,
            "CapHeight": 737,
            "StemV": 114,
        }
    )
    pdf.add_object(descriptor)
    descendant = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/CIDFontType0",
            "BaseFont": "/HeiseiKakuGo-W5",
            "CIDSystemInfo": pydyf.Dictionary(
                {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Japan1"), "Supplement": 2}
            ),
            "FontDescriptor": descriptor.reference,
            "DW": 1000,
            "W": pydyf.Array([231, 632, 500]),
        }
    )
    pdf.add_object(descendant)
    japanese = pydyf.Dictionary(
        {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": "/HeiseiKakuGo-W5-UniJIS-UCS2-HW-H",
            "Encoding": "/UniJIS-UCS2-HW-H",
            "DescendantFonts": pydyf.Array([descendant.reference]),
        }
    )
    pdf.add_object(japanese)
    return pydyf.Dictionary({"J": japanese.reference})


class _Page:
    """Draws in millimetres."""

    def __init__(self) -> None:
        self.stream = pydyf.Stream()

    def text(self, text: str, centre: float, base: float, size: float, room: float) -> None:
        """Centred on `centre`; smaller if it needs more than `room`. `size` in points."""
        # the encoding has no more than the first plane: a character beyond it shows as 〓
        plain = "".join(char if ord(char) < 0x10000 else "〓" for char in unicodedata.normalize("NFC", text))
        ems = sum(0.5 if ord(char) < 0x80 or "。" <= char <= "゚" else 1.0 for char in plain)
        size = min(size, room * MM / ems) if ems else size
        self.stream.begin_text()
        self.stream.set_font_size("J", round(size, 2))
        self.stream.set_text_matrix(1, 0, 0, 1, round(centre * MM - ems * size / 2, 2), round(base * MM, 2))
        self.stream.show_text(f"<{plain.encode('utf-16-be').hex()}>")
        self.stream.end_text()

    def box(self, x: float, y: float, width: float, height: float) -> None:
        self.stream.rectangle(*(round(each * MM, 3) for each in (x, y, width, height)))


def _spine(page: _Page, label: Spine, x: float, y: float) -> None:
    """A frame of three lines, 26 mm wide, and the place below it."""
    width, line, left = 26.0, 5.2, x + (SPINE.width - 26.0) / 2
    bottom = y + 4.4
    page.stream.set_line_width(0.6)
    page.box(left, bottom, width, 3 * line)
    for between in (1, 2):
        page.stream.move_to(round(left * MM, 3), round((bottom + between * line) * MM, 3))
        page.stream.line_to(round((left + width) * MM, 3), round((bottom + between * line) * MM, 3))
    page.stream.stroke()
    for row, text in enumerate(label.lines[:3]):
        page.text(text, left + width / 2, bottom + (2 - row) * line + 1.4, 11, width - 2)
    page.text(label.place, left + width / 2, y + 1.4, 6.5, SPINE.width - 2)


def _numbered(page: _Page, label: Numbered, x: float, y: float) -> None:
    """Name, bars with at least ten narrow ones of quiet on both sides, number."""
    centre = x + BARCODE.width / 2
    page.text(label.name, centre, y + 20, 7.5, BARCODE.width - 6)
    bars = elements(label.number)
    left = centre - sum(bars) * UNIT / 2
    for position, units in enumerate(bars):
        if position % 2 == 0:
            page.box(left, y + 7.5, units * UNIT, 11)
        left += units * UNIT
    page.stream.fill()
    page.text(f"{START}{label.number}{STOP}", centre, y + 3.6, 9, BARCODE.width - 6)
