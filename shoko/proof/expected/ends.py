"""Who may stand at either end of a way: the legs of our hosts, and in some segments whoever comes along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.proof.expected.networks import lines


@dataclass(frozen=True)
class End:
    """A leg of a host; or, where `host` is "", everybody who may stand in the segment: no rules of ours bind them."""

    host: str
    interface: str
    segment: str

    def __str__(self) -> str:
        return f"{self.host}/{self.interface}" if self.host else f"anybody in {self.segment}"


@dataclass(frozen=True)
class Way:
    """From end to end, through one gateway, or "" where both share a link."""

    sender: End
    gateway: str
    receiver: End


def ends(declaration: Declaration) -> list[End]:
    """Return every end in declared order: legs, then segments with people's devices, tunnels, and lines."""
    return [*_legs(declaration), *crowds(declaration).values()]


def crowds(declaration: Declaration) -> dict[str, End]:
    """Return the segments in which undeclared senders stand, by name."""
    outer = lines(declaration)
    return {
        segment.name: End("", segment.interface, segment.name)
        for segment in declaration.segments.values()
        if segment.open_population or segment.tunnel is not None or segment in outer
    }


def _legs(declaration: Declaration) -> Iterator[End]:
    for host in declaration.hosts.values():
        for leg in host.legs:
            yield End(host.name, leg.interface, leg.segment)
