"""Flows as single permissions: from this side to that one, one family, one port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shoko.declaration.model import Declaration, Flow
from shoko.proof.expected.networks import FAMILIES, NAMES
from shoko.proof.expected.sides import Side, Sides
from shoko.proof.words import PROTOCOLS

WINDOW = 1 << 31  # the bit of the connection mark that says "only while its window is open"


@dataclass(frozen=True)
class Permission:
    """Who may open a session to whom; `mark` is what the session is marked with."""

    flow: str
    mark: int
    family: int
    proto: int
    port: int
    source: Side
    destination: Side
    users: tuple[str, ...]
    windowed: bool

    @property
    def routed(self) -> bool:
        """Whether it crosses a gateway."""
        return self.source.segment != self.destination.segment


def permissions(declaration: Declaration) -> list[Permission]:
    """Return every permission of every flow."""
    sides = Sides(declaration)
    return [one for flow in declaration.flows.values() for one in _of_flow(declaration, sides, flow)]


def _of_flow(declaration: Declaration, sides: Sides, flow: Flow) -> Iterator[Permission]:
    ports = sorted({(p.protocol, p.number) for name in flow.services for p in declaration.services[name].ports})
    windowed = flow.window is not None
    mark = flow.number + (WINDOW if windowed else 0)
    for source, destination in _pairs(declaration, sides, flow):
        for family in _families(flow, source, destination):
            for protocol, port in ports:
                yield Permission(
                    flow.name,
                    mark,
                    family,
                    PROTOCOLS[protocol],
                    port,
                    source,
                    destination,
                    flow.source.as_users,
                    windowed,
                )


def _pairs(declaration: Declaration, sides: Sides, flow: Flow) -> Iterator[tuple[Side, Side]]:
    """A host needs no permission to reach itself; a gateway sends from its leg next to the destination."""
    for destination in sides.of(flow.destination, flow.name):
        for written in sides.of(flow.source, flow.name):
            if written.host is not None and written.host == destination.host:
                continue
            source: Side | None = written
            if written.host in declaration.gateways.hosts:
                source = sides.at_gateway(written.host or "", destination.segment)
            if source is not None:
                yield source, destination


def _families(flow: Flow, source: Side, destination: Side) -> list[int]:
    written: tuple[Literal["ipv4", "ipv6"], ...] = flow.families or ("ipv4", "ipv6")
    return [
        one for one in FAMILIES if NAMES[one] in written and one in source.addresses and one in destination.addresses
    ]
