"""The lanes in which the permitted flows are drawn: one for each zone, below its column where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shoko.declaration.ends import End, flow_ends, is_internet
from shoko.declaration.model import Declaration, Flow, Zone

GAP = 10.0


@dataclass(frozen=True)
class Lane:
    """A zone's place from left to right."""

    zone: str
    x: float
    width: float

    @property
    def middle(self) -> float:
        """Where arrows begin and end."""
        return self.x + self.width / 2


def drawn_zones(declaration: Declaration) -> list[Zone]:
    """The zones at our switch or at an end of a flow: the internet's line first, then the others as declared."""
    ends = {end.zone for flow in declaration.flows.values() for side in flow_ends(declaration, flow) for end in side}
    outside = [zone for zone in declaration.zones.values() if zone.outside and (is_internet(zone) or zone.name in ends)]
    return [*outside, *(zone for zone in declaration.zones.values() if not zone.outside)]


def spread(zones: list[Zone], left: float, right: float) -> list[Lane]:
    """Lanes of the same width for some zones, side by side."""
    width = (right - left - GAP * (len(zones) - 1)) / len(zones)
    return [Lane(zone.name, left + index * (width + GAP), width) for index, zone in enumerate(zones)]


def zones_of(declaration: Declaration, flow: Flow) -> tuple[frozenset[str], frozenset[str]]:
    """The zones of a flow's two ends."""
    sources, destinations = flow_ends(declaration, flow)
    return frozenset(_zones(sources)), frozenset(_zones(destinations))


def _zones(ends: tuple[End, ...]) -> Iterator[str]:
    return (end.zone for end in ends)
