"""The network diagram: the outside above, the gateways, the switch, the zones below it, the permitted flows.

Always A4 landscape: a small site is drawn large, a large one small enough for one page (at the width of 1485 a unit
is a fifth of a millimetre). The output depends on nothing but the declaration and the language.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shoko.declaration.model import Declaration, Zone
from shoko.proof.kept import Kept
from shoko.topology.columns import Column, color
from shoko.topology.ladder import Ladder
from shoko.topology.lanes import Lane, drawn_zones, spread
from shoko.topology.outside import BAR, BAR_TOP, DARK, Outside
from shoko.topology.svg import FONTS, Drawing, definitions
from shoko.topology.words import Language, say, word

WIDTH, HEIGHT = 1485.0, 1050.0  # A4 landscape, 297 x 210 mm
NARROWEST = 1200.0  # of a small site: its drawing is enlarged to fill the page
MARGIN = 36.0
MOST = 10  # columns in a row


def draw(declaration: Declaration, language: Language, proof: Kept | None = None) -> str:
    """The diagram as SVG text; with a proof, flows are marked by what it says of them."""
    width = NARROWEST
    while True:
        page = Page(declaration, language, width, proof)
        page.compose()
        if page.height <= width * HEIGHT / WIDTH + 0.5 or width > 8 * WIDTH:
            return page.svg()
        width += 40  # a wider drawing has the same shape only with more height, and needs less of it


@dataclass
class Page:
    """A drawing of some width; its height follows from what is declared."""

    declaration: Declaration
    language: Language
    width: float
    proof: Kept | None
    body: Drawing = field(default_factory=Drawing)
    height: float = 0.0

    def compose(self) -> None:
        """Draw everything, and find out how high it is."""
        right = self.width - MARGIN
        outside = Outside(self.body, self.declaration, self.language, MARGIN, right)
        outside.draw()
        top = above = BAR_TOP
        rows = _rows(drawn_zones(self.declaration))
        lanes = spread([zone for row in rows for zone in row], MARGIN, right)
        for index, row in enumerate(rows):
            outside.bar(top, labelled=index == 0)
            if index:  # one switch, drawn as two bars
                side, middles = MARGIN - 14, (above + BAR / 2, top + BAR / 2)
                points = [(MARGIN, middles[0]), (side, middles[0]), (side, middles[1]), (MARGIN, middles[1])]
                self.body.line(points, stroke=DARK, stroke_width=5)
            above = top
            top = self._zones(row, spread(row, MARGIN, right), top) + 16
        ladder = Ladder(self.declaration, self.language, lanes, self.proof)
        ladder.draw(self.body, top)
        bottom = max(top + ladder.height + 18, self.width * HEIGHT / WIDTH - 22)
        self._footer(bottom)
        self.height = bottom + 22

    def _zones(self, zones: list[Zone], lanes: list[Lane], top: float) -> float:
        """A row of zones below a bar; returns where it ends."""
        columns = [
            Column(self.declaration, zone, lane.width, self.language) for zone, lane in zip(zones, lanes, strict=True)
        ]
        height = max(column.height for column in columns)
        start = top + BAR + 16
        for lane, column in zip(lanes, columns, strict=True):
            shade = color(self.declaration, lane.zone)
            self.body.line([(lane.middle, top + BAR), (lane.middle, start)], stroke=shade, stroke_width=5)
            column.draw(self.body, lane.x, start, height)
        return start + height

    def _footer(self, y: float) -> None:
        notes = [word(key, self.language) for key in ("legend_leg", "legend_open", "legend_vip")]
        text = "　／　".join(notes) if self.language == "ja" else "  ·  ".join(notes)
        self.body.text(MARGIN, y, text, 11, self.width - 450, fill="#4a5361")
        mark = f"{word('digest', self.language)} {self.declaration.digest[:12]}"
        self.body.text(self.width - MARGIN, y, mark, 11, text_anchor="end", fill="#4a5361")

    def svg(self) -> str:
        """The whole file; a drawing that is still too high stands in the middle of the page."""
        scale = max(self.height / HEIGHT, self.width / WIDTH)
        left = (self.width - WIDTH * scale) / 2
        box = f"{left:.1f} 0 {WIDTH * scale:.1f} {HEIGHT * scale:.1f}"
        title = f"{say(self.declaration.title, self.language)} {word('diagram', self.language)}"
        separator = "、" if self.language == "ja" else ", "
        named = separator.join(say(zone.title, self.language) for zone in self.declaration.zones.values())
        page = Drawing()
        page.open(
            "svg",
            xmlns="http://www.w3.org/2000/svg",
            width="297mm",
            height="210mm",
            viewBox=box,
            role="img",
            aria_labelledby="title desc",
            lang=self.language,
            font_family=FONTS,
        )
        page.labelled("title", title)
        page.labelled("desc", f"{word('description', self.language)} {word('zones', self.language)}: {named}")
        page.parts.append(definitions())
        page.rect(left, 0, WIDTH * scale, HEIGHT * scale, fill="#ffffff")
        page.parts += self.body.parts
        page.close("svg")
        return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *page.parts]) + "\n"


def _rows(zones: list[Zone]) -> list[list[Zone]]:
    """Zones in rows of about the same length."""
    count = max(1, -(-len(zones) // MOST))
    size = -(-len(zones) // count)
    return [zones[start : start + size] for start in range(0, len(zones), size)]
