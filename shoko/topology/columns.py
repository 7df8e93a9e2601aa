"""The zones at the switch as columns: header, segments, and in each segment the hosts by role."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.model import Declaration, Host, Segment, Zone
from shoko.declaration.shape import terminal_groups
from shoko.topology.describe import segment_text
from shoko.topology.svg import Drawing, measure, wrap
from shoko.topology.words import Language, group, say, word

# Dark enough for white text on them (contrast over 5:1) and told apart in grey print by their titles.
COLORS = ("#1f5f8b", "#1d7273", "#2f6b3a", "#66651a", "#8a3b2a", "#8a5800", "#64448f", "#44546a", "#7a2e5d", "#345c9c")
GREY = "#5a6472"  # of everything that is outside
HEADER = 44.0
PAD = 8.0
CHIP = 22.0
LABEL = 16.0


@dataclass(frozen=True)
class Chip:
    """A small box: a host, a shared address, the open population."""

    text: str
    symbol: str | None
    style: str  # solid, dashed, pill

    @property
    def width(self) -> float:
        """Units that it takes with its symbol."""
        return measure(self.text, 12.5) + 12 + (16 if self.symbol else 0)


@dataclass(frozen=True)
class Block:
    """Hosts of the same role in a segment, under their role's name."""

    label: str
    chips: tuple[Chip, ...]


def color(declaration: Declaration, zone: str) -> str:
    """The colour of a zone: of ours, by its place in the declaration; of what is outside, grey."""
    inner = [name for name, one in declaration.zones.items() if not one.outside]
    return COLORS[inner.index(zone) % len(COLORS)] if zone in inner else GREY


def tint(shade: str, share: float = 0.08) -> str:
    """A light version of a colour: that share of it on white."""
    parts = [int(shade[index : index + 2], 16) for index in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - part) * share):02x}" for part in parts)


class Column:
    """One zone, laid out for a width."""

    def __init__(self, declaration: Declaration, zone: Zone, width: float, language: Language) -> None:
        self.declaration = declaration
        self.zone = zone
        self.width = width
        self.language = language
        self.shade = color(declaration, zone.name)
        self.blocks = {segment.name: blocks(declaration, segment, language) for segment in zone.segments}

    @property
    def height(self) -> float:
        """Units from the top of the header to the bottom of the zone."""
        return HEADER + sum(self._segment_height(segment) + PAD for segment in self.zone.segments) + PAD

    def _inner(self) -> float:
        return self.width - 4 * PAD

    def _segment_height(self, segment: Segment) -> float:
        height = 22.0 + 14 * sum(prefix is not None for prefix in (segment.ipv4, segment.ipv6)) + 4
        for block in self.blocks[segment.name]:
            height += LABEL * len(self._label(block)) + (CHIP + 4) * len(self._rows(block)) + 3
        return height + 2

    def _label(self, block: Block) -> list[str]:
        return wrap(block.label, 11, self._inner()) if block.label else []

    def _rows(self, block: Block) -> list[list[Chip]]:
        rows: list[list[Chip]] = [[]]
        for chip in block.chips:
            used = sum(other.width + 5 for other in rows[-1])
            if rows[-1] and used + chip.width > self._inner():
                rows.append([])
            rows[-1].append(chip)
        return rows

    def draw(self, drawing: Drawing, x: float, y: float, height: float) -> None:
        """Draw the zone with its left upper corner at x, y, stretched to a height."""
        title = say(self.zone.title, self.language)
        drawing.open("g", role="group", aria_label=title)
        drawing.rect(x, y, self.width, height, rx=8, fill=tint(self.shade), stroke=self.shade, stroke_width=1.5)
        top = f"M{x} {y + HEADER}v{8 - HEADER}a8 8 0 0 1 8-8h{self.width - 16}a8 8 0 0 1 8 8v{HEADER - 8}z"
        drawing.element("path", d=top, fill=self.shade)
        middle = x + self.width / 2
        room = self.width - 2 * PAD
        drawing.text(middle, y + 20, title, 16.5, room, text_anchor="middle", font_weight="700", fill="#ffffff")
        reason = f"{self.zone.name}　{word('control', self.language)} {self.zone.control}"
        if self.language == "en":
            reason = f"{word('control', self.language)} {self.zone.control}"
        drawing.text(middle, y + 36, reason, 11, room, text_anchor="middle", fill="#ffffff")
        below = y + HEADER + PAD
        for segment in self.zone.segments:
            self._draw_segment(drawing, segment, x + PAD, below)
            below += self._segment_height(segment) + PAD
        drawing.close("g")

    def _draw_segment(self, drawing: Drawing, segment: Segment, x: float, y: float) -> None:
        width = self.width - 2 * PAD
        dash = "5 3" if segment.tunnel else None
        drawing.rect(
            x, y, width, self._segment_height(segment), rx=5, fill="#ffffff", stroke=self.shade, stroke_dasharray=dash
        )
        left = x + PAD
        vlan = "WireGuard" if segment.tunnel is not None else ""
        if segment.vlan is not None:
            vlan = f"VLAN {segment.vlan}"
        vlan_room = measure(vlan, 11) + 6
        name = segment_text(self.declaration, segment, self.language)
        drawing.text(left, y + 17, name, 13, self._inner() - vlan_room, font_weight="700")
        drawing.text(x + width - PAD, y + 17, vlan, 11, text_anchor="end", fill=self.shade, font_weight="700")
        below = y + 20
        for prefix in (segment.ipv4, segment.ipv6):
            if prefix is not None:
                below += 14
                drawing.text(left, below - 2, str(prefix), 11, self._inner(), fill="#4a5361")
        below += 6
        for block in self.blocks[segment.name]:
            for line in self._label(block):
                below += LABEL
                drawing.text(left, below - 4.5, line, 11, self._inner(), fill="#1c2430")
            for row in self._rows(block):
                self._draw_row(drawing, row, left, below)
                below += CHIP + 4
            below += 3

    def _draw_row(self, drawing: Drawing, row: list[Chip], x: float, y: float) -> None:
        for chip in row:
            width = min(chip.width, self._inner())
            pill = chip.style == "pill"
            drawing.rect(
                x,
                y,
                width,
                CHIP,
                rx=CHIP / 2 if pill else 4,
                fill=self.shade if pill else tint(self.shade, 0.14),
                stroke=self.shade,
                stroke_dasharray="4 3" if chip.style == "dashed" else None,
                fill_opacity=0.35 if chip.style == "dashed" else None,
            )
            start = x + 6
            if chip.symbol:
                drawing.use(chip.symbol, start, y + 4, 14, self.shade)
                start += 18
            fill = "#ffffff" if pill else "#1c2430"
            drawing.text(start, y + 15.5, chip.text, 12.5, x + width - start - 5, fill=fill)
            x += width + 5


def blocks(declaration: Declaration, segment: Segment, language: Language) -> list[Block]:
    """What stands in a segment: shared addresses, hosts by their roles, persons, the open population."""
    found: list[Block] = []
    if declaration.zones[segment.zone].outside and segment.vlan is not None:
        gateways = tuple(Chip(name, "gateway", "solid") for name in declaration.gateways.hosts)
        found.append(Block(word("gateway_end", language), gateways))
    vips = [vip for vip in declaration.vips.values() if vip.segment == segment.name]
    by_role: dict[tuple[str, ...], list[Host]] = {}
    for host in declaration.hosts.values():
        if host.name not in declaration.gateways.hosts and any(leg.segment == segment.name for leg in host.legs):
            by_role.setdefault(host.groups, []).append(host)
    for groups, hosts in by_role.items():
        label = "・".join(group(name, language) for name in groups)
        if language == "en":
            label = ", ".join(group(name, language) for name in groups)
        chips = [_host_chip(host, segment) for host in hosts]
        chips += [Chip(f"{word('shared', language)} {vip.name}", None, "pill") for vip in vips if vip.held_by in groups]
        found.append(Block(label, tuple(chips)))
    if segment.tunnel is not None:
        people = tuple(Chip(say(person.title, language), "person", "solid") for person in declaration.people.values())
        if people:
            found.append(Block("", people))
    if segment.open_population:
        others = Chip(word("terminals", language), "terminal", "dashed")
        if found:
            found[-1] = Block(found[-1].label, (*found[-1].chips, others))
        else:
            found.append(Block("", (others,)))
    return found


def _host_chip(host: Host, segment: Segment) -> Chip:
    terminal = not set(host.groups).isdisjoint(terminal_groups())
    managed_here = host.manage_leg.segment == segment.name
    return Chip(host.name, "terminal" if terminal else "server", "solid" if managed_here else "dashed")
