"""The permitted flows below the diagram: number, from, to, what, by which proxy, why."""

from __future__ import annotations

from shoko.declaration.model import Declaration
from shoko.topology.describe import FlowText, describe
from shoko.topology.svg import Drawing, measure
from shoko.topology.words import Language, word

COLUMNS = 3
ROW = 37.0
HEAD = 30.0
GAP = 22.0


class FlowList:
    """All flows in columns, those that every host needs in one line at the end."""

    def __init__(self, declaration: Declaration, language: Language, width: float) -> None:
        texts = [describe(declaration, flow, language) for flow in declaration.flows.values()]
        self.flows = [text for text in texts if not text.platform]
        self.platform = [text for text in texts if text.platform]
        self.language = language
        self.width = width
        self.rows = -(-len(self.flows) // COLUMNS)

    @property
    def height(self) -> float:
        """Units that the list takes."""
        return HEAD + self.rows * ROW + (24 if self.platform else 0)

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw the list with its left upper corner at x, y."""
        title = word("permitted", self.language)
        drawing.open("g", role="group", aria_label=title)
        drawing.text(x, y + 14, title, 16.5, font_weight="700")
        drawing.line([(x, y + 21), (x + self.width, y + 21)], stroke="#2b3440", stroke_width=1.5)
        width = (self.width - GAP * (COLUMNS - 1)) / COLUMNS
        for index, flow in enumerate(self.flows):
            column, row = divmod(index, self.rows)
            self._flow(drawing, flow, x + column * (width + GAP), y + HEAD + row * ROW, width)
        if self.platform:
            below = y + HEAD + self.rows * ROW + 13
            names = "、".join if self.language == "ja" else ", ".join
            listed = names(f"{flow.name} → {flow.destination}" for flow in self.platform)
            text = f"{word('folded', self.language)}: {listed}"
            drawing.text(x, below, text, 12, self.width, fill="#4a5361")
        drawing.close("g")

    def _flow(self, drawing: Drawing, flow: FlowText, x: float, y: float, width: float) -> None:
        drawing.rect(x, y + 2, 24, 18, rx=9, fill="#2b3440")
        drawing.text(x + 12, y + 15, str(flow.number), 11, text_anchor="middle", fill="#ffffff", font_weight="700")
        way = f"{flow.source} → {flow.destination}"
        drawing.text(x + 32, y + 15, way, 13, width - 32, font_weight="700")
        detail = flow.services
        if flow.via:
            detail += f"　{word('via', self.language)}: {flow.via}"
        if flow.window:
            detail += f"　{word('window', self.language)}: {flow.window}"
        room = width - 32
        why = flow.why if measure(flow.why, 11) < room * 0.55 else ""
        drawing.text(x + 32, y + 30, detail, 11, room - measure(why, 11) - 10, fill="#4a5361")
        drawing.text(x + width, y + 30, why, 11, text_anchor="end", fill="#4a5361")
