"""The cells of the matrix: what the flows permit between two zones, by which rules, and which layers deny the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shoko.declaration.model import Declaration, Network, Segment
from shoko.policy.ends import End
from shoko.policy.expand import Pass, expand
from shoko.policy.permits import words_of

Layer = Literal["vlan", "gateway", "sender", "receiver"]


@dataclass(frozen=True)
class Carried:
    """A flow inside one cell: its name, the services of it that pass between these two zones, and how."""

    flow: str
    services: tuple[str, ...]
    windowed: bool
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Cell:
    """What hosts of one zone may open to another's; `carried` is empty where everything is denied.

    `layers` are those that deny what is not carried, each by itself; `hosts` are ours that enforce the cell.
    """

    source: str
    destination: str
    carried: tuple[Carried, ...]
    layers: tuple[Layer, ...]
    hosts: frozenset[str]


def cells(declaration: Declaration) -> dict[tuple[str, str], Cell]:
    """Return a cell for every ordered pair of zones, in declared order."""
    found: dict[tuple[str, str], dict[str, list[Pass]]] = {}
    for item in expand(declaration):
        for source in _zones(declaration, item.source, item.sources):
            for destination in _zones(declaration, item.destination, item.destinations):
                found.setdefault((source, destination), {}).setdefault(item.flow, []).append(item)
    return {
        (source, destination): Cell(
            source,
            destination,
            tuple(
                Carried(
                    flow,
                    tuple(dict.fromkeys(name for one in passes for name in _services(declaration, one))),
                    declaration.flows[flow].window is not None,
                    tuple(passes),
                )
                for flow, passes in found.get((source, destination), {}).items()
            ),
            _layers(declaration, source, destination),
            _hosts(declaration, source, destination),
        )
        for source in declaration.zones
        for destination in declaration.zones
    }


def _zones(declaration: Declaration, end: End, networks: tuple[Network, ...]) -> list[str]:
    """The zone of an end; of the internet also every zone that is a part of it, as a line of somebody else's is."""
    inside = [
        segment.zone
        for segment in declaration.segments.values()
        if end.kind == "internet" and segment.own_uplink and _overlaps(segment, networks)
    ]
    return list(dict.fromkeys([words_of(declaration, end).partition("/")[0], *inside]))


def _overlaps(segment: Segment, networks: tuple[Network, ...]) -> bool:
    own = [prefix for prefix in (segment.ipv4, segment.ipv6) if prefix is not None]
    return any(one.version == other.version and one.overlaps(other) for one in own for other in networks)


def _services(declaration: Declaration, item: Pass) -> list[str]:
    return [
        name
        for name in declaration.flows[item.flow].services
        if (item.protocol, item.port) in {(port.protocol, port.number) for port in declaration.services[name].ports}
    ]


def _layers(declaration: Declaration, source: str, destination: str) -> tuple[Layer, ...]:
    """Inside a zone hosts may share a segment, where no gateway stands between them."""
    manned = {leg.segment.partition(".")[0] for host in declaration.hosts.values() for leg in host.legs}
    apart: tuple[Layer, ...] = ("vlan", "gateway") if source != destination else ()
    sender: tuple[Layer, ...] = ("sender",) if _ours(declaration, source) and source in manned else ()
    receiver: tuple[Layer, ...] = ("receiver",) if _ours(declaration, destination) and destination in manned else ()
    return (*apart, *sender, *receiver)


def _hosts(declaration: Declaration, source: str, destination: str) -> frozenset[str]:
    """The gateways, and every host of ours with a leg in either zone."""
    zones = {source, destination}
    standing = (
        host.name for host in declaration.hosts.values() for leg in host.legs if leg.segment.partition(".")[0] in zones
    )
    return frozenset([*declaration.gateways.hosts, *standing])


def _ours(declaration: Declaration, zone: str) -> bool:
    return not declaration.zones[zone].outside
