"""A small SVG writer: shapes, text that fits, and nothing that needs a network."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

# No font is embedded or fetched: what is installed where the diagram is shown. All of these have Japanese.
FONTS = "'Noto Sans CJK JP','Noto Sans JP','Hiragino Sans','Yu Gothic','Meiryo',sans-serif"
SMALLEST = 0.72  # text is set smaller to fit, down to this share of its size; beyond it is cut

_NARROW = set("ijlft.,:;|!'()[]/ ·-")
_BROADEST = set("mMW@%")
_BROAD = set("wABCDEFGHKNOPQRSTUVXYZ→&")


def measure(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font, a little too wide rather than too narrow."""
    return size * sum(_advance(character) for character in text)


def _advance(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WFA":
        return 1.0
    if character in _NARROW:
        return 0.34
    if character in _BROADEST:
        return 0.9
    return 0.72 if character in _BROAD else 0.57


def fit(text: str, size: float, room: float) -> tuple[str, float]:
    """The text and the size at which it fits: smaller first, then cut with an ellipsis."""
    needed = measure(text, size)
    if needed <= room:
        return text, size
    smaller = size * max(room / needed, SMALLEST)
    if measure(text, smaller) <= room * 1.001:
        return text, smaller
    while text and measure(text + "…", smaller) > room:
        text = text[:-1]
    return text + "…", smaller


def wrap(text: str, size: float, room: float) -> list[str]:
    """The text in lines, broken after separators only: a word that is too long stays whole."""
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and measure(lines[-1] + piece.rstrip(), size) > room:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for character in text:
        pieces[-1] += character
        if character in " ・、,":
            pieces.append("")
    return [piece for piece in pieces if piece]


@dataclass
class Drawing:
    """Collects elements; later ones lie over earlier ones."""

    parts: list[str] = field(default_factory=list)

    def element(self, name: str, **attributes: object) -> None:
        """An empty element. Underscores in names stand for hyphens; None leaves an attribute out."""
        self.parts.append(f"<{name}{_attributes(attributes)}/>")

    def rect(self, x: float, y: float, width: float, height: float, **attributes: object) -> None:
        """A rectangle."""
        self.element("rect", x=x, y=y, width=width, height=height, **attributes)

    def line(self, points: list[tuple[float, float]], **attributes: object) -> None:
        """A line through some points."""
        path = "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)
        self.element("path", d=path, fill="none", **attributes)

    def text(self, x: float, y: float, text: str, size: float, room: float | None = None, **attributes: object) -> None:
        """A line of text on a baseline; with `room` it is made to fit that width."""
        if room is not None:
            text, size = fit(text, size, room)
        shown = {"x": x, "y": y, "font_size": size, "fill": "#1c2430", **attributes}
        self.parts.append(f"<text{_attributes(shown)}>{escape(text)}</text>")

    def spans(
        self, x: float, y: float, parts: list[tuple[str, dict[str, object]]], size: float, room: float, **more: object
    ) -> None:
        """Pieces of text one after the other, each with attributes of its own, all made to fit a width together."""
        if not parts:
            return
        whole = "　".join(text for text, _ in parts)
        fitted, smaller = fit(whole, size, room)
        shown = {"x": x, "y": y, "font_size": smaller, "fill": "#1c2430", **more}
        self.parts.append(f"<text{_attributes(shown)}>")
        for index, (text, attributes) in enumerate(parts):
            piece, fitted = fitted[: len(text)], fitted[len(text) + 1 :]
            styled = dict(attributes)
            if "font_size" in styled:
                styled["font_size"] = min(smaller, float(str(styled["font_size"])))
            self.parts[-1] += f"<tspan{_attributes(styled | {'dx': 10 if index else None})}>{escape(piece)}</tspan>"
        self.parts[-1] += "</text>"

    def use(self, symbol: str, x: float, y: float, size: float, color: str) -> None:
        """A symbol of the definitions, in a square."""
        self.element("use", href=f"#{symbol}", x=x, y=y, width=size, height=size, color=color)

    def labelled(self, name: str, text: str) -> None:
        """An element that holds text and is referred to by its name."""
        self.parts.append(f"<{name} id={quoteattr(name)}>{escape(text)}</{name}>")

    def open(self, name: str, **attributes: object) -> None:
        """Start a group; `close` ends it."""
        self.parts.append(f"<{name}{_attributes(attributes)}>")

    def close(self, name: str) -> None:
        """End a group."""
        self.parts.append(f"</{name}>")


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _attributes(attributes: dict[str, object]) -> str:
    text = ""
    for name, value in attributes.items():
        if value is not None:
            shown = _number(value) if isinstance(value, int | float) else str(value)
            text += f" {name.rstrip('_').replace('_', '-')}={quoteattr(shown)}"
    return text


def definitions() -> str:
    """The symbols: what is drawn in a square of 16 units."""
    parts = [f'<symbol id="{name}" viewBox="0 0 16 16">{"".join(shapes)}</symbol>' for name, shapes in _SYMBOLS.items()]
    return "\n".join(["<defs>", *parts, "</defs>"])


_OUTLINE = 'fill="none" stroke="currentColor" stroke-width'
_SYMBOLS = {
    "server": (
        f'<path {_OUTLINE}="1.5" d="M2 2h12v5H2zM2 9h12v5H2z"/>',
        '<circle fill="currentColor" cx="5" cy="4.5" r="1"/>',
        '<circle fill="currentColor" cx="5" cy="11.5" r="1"/>',
    ),
    "terminal": (f'<path {_OUTLINE}="1.5" d="M1.5 2.5h13v8.5h-13zM8 11v2.5M4.5 13.5h7"/>',),
    "gateway": (
        f'<path {_OUTLINE}="1.4" d="M1.5 3h13v10h-13zM1.5 6.3h13M1.5 9.7h13"/>',
        f'<path {_OUTLINE}="1.4" d="M8 3v3.3M4.5 6.3v3.4M11.5 6.3v3.4M8 9.7v3.3"/>',
    ),
    "person": (
        '<circle fill="currentColor" cx="8" cy="4.5" r="3"/>',
        '<path fill="currentColor" d="M2.5 14.5c0-4 2.5-6 5.5-6s5.5 2 5.5 6z"/>',
    ),
    "globe": (
        f'<circle {_OUTLINE}="1.2" cx="8" cy="8" r="6.5"/>',
        f'<ellipse {_OUTLINE}="1.2" cx="8" cy="8" rx="3" ry="6.5"/>',
        f'<path {_OUTLINE}="1.2" d="M1.5 8h13M2.6 4.5h10.8M2.6 11.5h10.8"/>',
    ),
    "check": (f'<path {_OUTLINE}="2.4" d="M2.5 8.5l3.8 4L13.5 4"/>',),
    "cross": (f'<path {_OUTLINE}="2.8" d="M3 3l10 10M13 3L3 13"/>',),
    "question": (
        f'<path {_OUTLINE}="2" d="M4.5 5.5a3.5 3.5 0 1 1 5 3.2c-1.2.6-1.5 1.1-1.5 2.3"/>',
        '<circle fill="currentColor" cx="8" cy="13.7" r="1.2"/>',
    ),
    "closed": (f'<circle {_OUTLINE}="2" cx="8" cy="8" r="6.5"/>', f'<path {_OUTLINE}="2" d="M3.5 12.5l9-9"/>'),
}
