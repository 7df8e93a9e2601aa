"""The upper part of the diagram: title, internet, lines of others, persons, gateways, switch."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.ends import is_internet, tunnel_segment
from shoko.declaration.model import Declaration, Segment, Zone
from shoko.topology.columns import GREY
from shoko.topology.describe import segment_text
from shoko.topology.svg import Drawing, measure
from shoko.topology.words import Language, say, word

BAR = 24.0  # height of the switch
BAR_TOP = 232.0
DARK = "#2b3440"
RED = "#9b1c31"
VIOLET = "#64448f"

_TOP, _HEIGHT = 56.0, 50.0  # of the row in which the internet stands
_INTERNET = 420.0  # its width
_GATEWAYS = (136.0, 74.0, 520.0)  # top, height, width


@dataclass
class Outside:
    """Draws everything above the zones, between two margins."""

    drawing: Drawing
    declaration: Declaration
    language: Language
    left: float
    right: float

    @property
    def middle(self) -> float:
        """Where the line to the internet runs."""
        return (self.left + self.right) / 2

    def draw(self) -> None:
        """Everything above the switch."""
        zones = self.declaration.zones.values()
        name = say(self.declaration.title, self.language)
        room = self.right - self.left - 380
        self.drawing.text(self.left, 38, f"{name}　{word('diagram', self.language)}", 25, room, font_weight="700")
        internet = next((zone for zone in zones if is_internet(zone)), None)
        if internet is not None:
            self._internet(internet)
        others = [zone for zone in zones if zone.outside and not is_internet(zone)]
        if others:
            self._other_lines(others)
        if tunnel_segment(self.declaration) is not None and self.declaration.people:
            self._people()
        self._gateways()

    def bar(self, top: float, *, labelled: bool) -> None:
        """The switch, as a bar from which the zones hang."""
        self.drawing.rect(self.left, top, self.right - self.left, BAR, rx=5, fill=DARK)
        if labelled:
            text = f"{', '.join(self.declaration.switches)}　{word('switch', self.language)}".strip()
            self.drawing.text(self.left + 14, top + 17, text, 14, fill="#ffffff", font_weight="700")

    def _internet(self, zone: Zone) -> None:
        title = say(zone.title, self.language)
        self.drawing.open("g", role="group", aria_label=title)
        self.drawing.rect(
            self.middle - _INTERNET / 2,
            _TOP,
            _INTERNET,
            _HEIGHT,
            rx=_HEIGHT / 2,
            fill="#eef1f5",
            stroke=GREY,
            stroke_width=2,
        )
        size = 22.0
        start = self.middle - (measure(title, size) + 38) / 2
        self.drawing.use("globe", start, _TOP + _HEIGHT / 2 - 14, 28, GREY)
        self.drawing.text(start + 38, _TOP + _HEIGHT / 2 + 8, title, size, font_weight="700")
        self.drawing.close("g")
        below, target = _TOP + _HEIGHT, _GATEWAYS[0]
        self.drawing.line([(self.middle, below), (self.middle, target)], stroke=GREY, stroke_width=5)

    def _other_lines(self, zones: list[Zone]) -> None:
        """Lines that are not ours: beside the internet, and below them nothing."""
        segments = [segment for zone in zones for segment in zone.segments]
        width = 350.0
        x, y = self.right - width, _TOP - 14
        way = _TOP + _HEIGHT / 2
        self.drawing.line([(self.middle + _INTERNET / 2, way), (x, way)], stroke=GREY, stroke_width=4)
        title = "・".join(say(zone.title, self.language) for zone in zones)
        self.drawing.open("g", role="group", aria_label=title)
        self.drawing.rect(x, y, width, 68 + 18 * len(segments), rx=8, fill="#f6f6f6", stroke=GREY, stroke_width=2)
        self.drawing.element("path", d=f"M{x} {y + 32}v-24a8 8 0 0 1 8-8h{width - 16}a8 8 0 0 1 8 8v24z", fill=GREY)
        control = f"{word('control', self.language)} {zones[0].control}"
        self.drawing.text(x + 12, y + 22, title, 16.5, width - 110, font_weight="700", fill="#ffffff")
        self.drawing.text(self.right - 12, y + 22, control, 11, text_anchor="end", fill="#ffffff")
        y += 52
        for segment in segments:
            self.drawing.use("terminal", x + 12, y - 11, 14, GREY)
            text = f"{segment_text(self.declaration, segment, self.language)}　{_prefixes(segment)}"
            self.drawing.text(x + 34, y, text, 12, width - 46)
            y += 18
        self.drawing.use("closed", x + 11, y - 6, 17, RED)
        self.drawing.text(x + 34, y + 7, word("apart_line", self.language), 13, width - 46, fill=RED, font_weight="700")
        self.drawing.close("g")

    def _people(self) -> None:
        """Persons come in over the internet, by a tunnel that ends at the gateways."""
        titles = list(dict.fromkeys(say(one.title, self.language) for one in self.declaration.people.values()))
        width = min(300.0, max(measure(title, 13) for title in titles) + 46)
        height = 20.0 * len(titles) + 12
        way = _TOP + _HEIGHT / 2
        y = way - height / 2
        self.drawing.rect(self.left, y, width, height, rx=6, fill="#ffffff", stroke=GREY, stroke_width=1.5)
        for index, title in enumerate(titles):
            self.drawing.use("person", self.left + 10, y + 8 + 20 * index, 15, GREY)
            self.drawing.text(self.left + 32, y + 21 + 20 * index, title, 13, width - 40)
        edge = self.middle - _INTERNET / 2
        self.drawing.line([(self.left + width, way), (edge, way)], stroke=GREY, stroke_width=4)
        bend, target = self.left + width / 2, _GATEWAYS[0] + _GATEWAYS[1] / 2
        points = [(bend, y + height), (bend, target), (self.middle - _GATEWAYS[2] / 2, target)]
        self.drawing.line(points, stroke=VIOLET, stroke_width=3, stroke_dasharray="9 5")
        tunnel = tunnel_segment(self.declaration)
        zone = say(self.declaration.zones[tunnel.zone].title, self.language) if tunnel else ""
        self.drawing.text(
            bend + 14, target - 8, f"{word('tunnel', self.language)} → {zone}", 13, fill=VIOLET, font_weight="700"
        )

    def _gateways(self) -> None:
        top, height, width = _GATEWAYS
        x, chip = self.middle - width / 2, 150.0
        title = word("gateways", self.language)
        self.drawing.open("g", role="group", aria_label=title)
        self.drawing.rect(x, top, width, height, rx=8, fill="#fdf3f4", stroke=RED, stroke_width=2.5)
        self.drawing.text(
            self.middle, top + 22, title, 16.5, width - 40, text_anchor="middle", font_weight="700", fill=RED
        )
        for side, name in enumerate(self.declaration.gateways.hosts):
            at = x + 24 if side == 0 else x + width - 24 - chip
            self.drawing.rect(at, top + 34, chip, 32, rx=5, fill="#ffffff", stroke=RED, stroke_width=1.5)
            self.drawing.use("gateway", at + 14, top + 40, 20, RED)
            self.drawing.text(at + 46, top + 55.5, name, 16, chip - 54, font_weight="700")
        ends = [(x + 24 + chip, top + 55), (x + width - 24 - chip, top + 55)]
        self.drawing.line(ends, stroke=RED, stroke_width=2, stroke_dasharray="3 3")
        self.drawing.text(self.middle, top + 49, word("sync", self.language), 12, 160, text_anchor="middle", fill=RED)
        self.drawing.close("g")
        for offset in (-width / 2 + 24 + chip / 2, width / 2 - 24 - chip / 2):
            at = self.middle + offset
            self.drawing.line([(at, top + height), (at, BAR_TOP)], stroke=DARK, stroke_width=5)


def _prefixes(segment: Segment) -> str:
    return " / ".join(str(prefix) for prefix in (segment.ipv4, segment.ipv6) if prefix is not None)
