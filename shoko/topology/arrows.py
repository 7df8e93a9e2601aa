"""One permitted flow as one row: who opens, an arrow through the lanes, what it carries, to whom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shoko.topology.lanes import Lane
from shoko.topology.standing import Standing
from shoko.topology.svg import SMALLEST, Drawing, measure

ROW = 21.0
SECOND = 14.0  # a second line in a row, where the first has no room
INK, GREY, RED = "#2b3440", "#4a5361", "#b3261e"
_BADGE, _HEAD, _LOOP = 9.0, 10.0, 34.0  # radius of the number, length of the arrow's head, width of a way back
_AWAY = 8.0  # between arrow and text
_SIZE, _SMALL = 12.0, 11.5


@dataclass(frozen=True)
class _Style:
    shade: str
    width: float
    dash: str | None
    sign: str | None  # a symbol

    @property
    def stroke(self) -> dict[str, object]:
        return {"stroke": self.shade, "stroke_width": self.width, "stroke_dasharray": self.dash}


# Colour is never alone: the line and the sign before the service differ as well.
_STYLES: Mapping[Standing | None, _Style] = {
    None: _Style(INK, 2.0, None, None),
    "proven": _Style(INK, 2.0, None, "check"),
    "differs": _Style(RED, 3.0, "9 4", "cross"),
    "unproved": _Style(GREY, 1.5, "2 3", "question"),
}


@dataclass(frozen=True)
class Arrow:
    """What a row shows. `start` and `end` tell what stands in the first and last lanes more exactly than the lane."""

    label: str
    sources: tuple[Lane, ...]
    destinations: tuple[Lane, ...]
    start: str
    end: str
    service: str
    details: str
    standing: Standing | None

    @property
    def span(self) -> tuple[float, float]:
        """From the leftmost to the rightmost ink of the arrow."""
        starts = [lane.middle for lane in self.sources]
        ends = [lane.middle for lane in self.destinations]
        loops = [lane.middle + _LOOP for lane in self.returning]
        return min(min(starts) - _BADGE, *ends), max(max(starts) + _BADGE, *ends, *loops)

    @property
    def returning(self) -> list[Lane]:
        """Lanes in which the flow both begins and ends."""
        return [lane for lane in self.destinations if lane in self.sources]


class Row:
    """A row laid out between two margins: where its texts go, and whether it needs a second line."""

    def __init__(self, arrow: Arrow, left: float, right: float) -> None:
        self.arrow = arrow
        self.left, self.right = left, right
        self.style = _STYLES[arrow.standing]
        self.sign = 15.0 if self.style.sign else 0.0
        low, high = arrow.span
        self.rooms = low - _AWAY - left, right - high - _AWAY
        forward = arrow.sources[0].middle <= arrow.destinations[-1].middle
        texts = (arrow.start, arrow.end) if forward else (arrow.end, arrow.start)
        inner = high - low - 2 * _BADGE - 2 * _HEAD - 14
        self.on_line = not arrow.returning and measure(arrow.service, _SMALL) + self.sign <= inner
        if arrow.returning:
            texts = "", arrow.start if arrow.start == arrow.end else f"{arrow.start} → {arrow.end}"
        elif measure(texts[0], _SIZE) * SMALLEST > self.rooms[0]:
            sign = " → " if forward else " ← "
            texts = "", sign.join(text for text in texts if text)
        self.texts = texts
        self.extras = [text for text in ((arrow.service if not self.on_line else ""), arrow.details) if text]
        self.place = self._place()

    @property
    def height(self) -> float:
        """Units that the row takes."""
        return ROW + (SECOND if self.place == "below" else 0)

    def _place(self) -> str:
        """Where what does not belong to an end goes: right of the arrow, left of it, or a line of its own."""
        needed = measure("　".join(self.extras), _SMALL) + (0 if self.on_line else self.sign)
        for side in (1, 0):
            taken = measure(self.texts[side], _SIZE) + 12 if self.texts[side] else 0
            if taken + needed <= self.rooms[side] * 1.05:  # `measure` says rather too much
                return ("left", "right")[side]
        return "below"

    def draw(self, drawing: Drawing, y: float) -> None:
        """Draw it with its upper edge at y."""
        arrow, way = self.arrow, y + ROW / 2
        drawing.open("g", class_="flow", data_flow=arrow.label)
        self._line(drawing, way)
        low, high = arrow.span
        self._side(drawing, low - _AWAY, way + 4, 0)
        self._side(drawing, high + _AWAY, way + 4, 1)
        if self.place == "below":
            side = 1 if self.rooms[1] >= self.rooms[0] else 0
            x = (low - _AWAY, high + _AWAY)[side]
            self._words(drawing, x, way + 4 + SECOND, side, ("", self.extras))
        drawing.close("g")

    def _side(self, drawing: Drawing, x: float, y: float, side: int) -> None:
        extras = self.extras if self.place == ("left", "right")[side] else []
        self._words(drawing, x, y, side, (self.texts[side], extras))

    def _words(self, drawing: Drawing, x: float, y: float, side: int, texts: tuple[str, list[str]]) -> None:
        """An end's text and what comes with it, one after the other, away from the arrow."""
        (text, extras), room = texts, self.rooms[side]
        if extras and not self.on_line and self.sign:
            self._mark(drawing, x if side else x - 13, y - 11)
            x, room = (x + self.sign if side else x - self.sign), room - self.sign
        parts: list[tuple[str, dict[str, object]]] = [(one, {"fill": GREY, "font_size": _SMALL}) for one in extras]
        if text:  # next to the arrow
            parts.insert(0 if side else len(parts), (text, {"font_weight": "700"}))
        drawing.spans(x, y, parts, _SIZE, room, text_anchor=None if side else "end")

    def _mark(self, drawing: Drawing, x: float, y: float) -> None:
        drawing.use(str(self.style.sign), x, y, 13, self.style.shade)

    def _line(self, drawing: Drawing, way: float) -> None:
        arrow, shade, style = self.arrow, self.style.shade, self.style.stroke
        apart = [lane.middle for lane in arrow.destinations if lane not in arrow.sources]
        starts = [lane.middle for lane in arrow.sources]
        for end in apart:
            nearest = min(starts, key=lambda start: abs(start - end))
            back = _HEAD if nearest < end else -_HEAD
            drawing.line([(nearest, way), (end - back, way)], **style)
            head(drawing, end, way, shade, forward=nearest < end)
        if len(starts) > 1 and apart:
            drawing.line([(min(starts), way), (max(starts), way)], **style)
        for lane in arrow.returning:
            x, out = lane.middle, lane.middle + _LOOP - 5
            path = f"M{x} {way - 5}H{out}a5 5 0 0 1 0 10H{x + _BADGE + _HEAD}"
            drawing.element("path", d=path, fill="none", **style)
            head(drawing, x + _BADGE + 1, way + 5, shade, forward=False)
        if self.on_line and apart:
            self._service(drawing, way, starts, apart)
        for start in starts:
            drawing.element("circle", cx=start, cy=way, r=_BADGE, fill=shade)
            drawing.text(start, way + 4, arrow.label, 11, text_anchor="middle", fill="#ffffff", font_weight="700")

    def _service(self, drawing: Drawing, way: float, starts: list[float], apart: list[float]) -> None:
        """What it carries, on the line beside the number, with white around it: no line runs through text."""
        forward = apart[-1] > starts[0]
        room = measure(self.arrow.service, _SMALL) + self.sign + 8
        x = starts[-1] + _BADGE + 6 if forward else starts[0] - _BADGE - 6 - room
        drawing.rect(x, way - 8, room, 16, rx=4, fill="#ffffff", stroke="#c3c9d1", class_="ground")
        if self.sign:
            self._mark(drawing, x + 3, way - 7)
        drawing.text(x + 4 + self.sign, way + 4, self.arrow.service, _SMALL)


def sample(drawing: Drawing, x: float, y: float, standing: Standing | None) -> None:
    """A short arrow for the legend, 46 units long."""
    style = _STYLES[standing]
    drawing.element("circle", cx=x + 5, cy=y, r=5, fill=style.shade)
    drawing.line([(x + 10, y), (x + 38, y)], **style.stroke)
    head(drawing, x + 46, y, style.shade, forward=True)
    if style.sign:
        drawing.rect(x + 16, y - 7, 14, 14, fill="#ffffff", class_="ground")
        drawing.use(style.sign, x + 17, y - 6, 12, style.shade)


def head(drawing: Drawing, x: float, y: float, shade: str, *, forward: bool) -> None:
    """The head of an arrow with its tip at x, y."""
    back = x - _HEAD if forward else x + _HEAD
    drawing.element("path", d=f"M{x} {y}L{back} {y - 5}V{y + 5}z", fill=shade)
