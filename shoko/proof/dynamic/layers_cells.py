"""The cells of the demonstration: ordered pairs of segments, each with attempts that nothing permits."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shoko.lab.outside.topology import WORLD
from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_scene import Scene

_SSH = 22  # tried first: every host of ours listens there, so that an attempt that is let through meets somebody

# Host and address, IPv4 before IPv6.
Stand = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """Two segments and what is tried between them, one attempt a family; none where no two hosts of ours stand."""

    source: str
    destination: str
    attempts: tuple[Attempt, ...]

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


def cells(scene: Scene, only: Collection[str] = ()) -> list[Cell]:
    """Return a cell for every ordered pair of segments in which somebody stands.

    Gateways are ends of none, because they stand in every segment; nor are switches, because it is their VLANs that are
    taken away. With `only`, nobody else acts.
    """
    senders, receivers = (
        {
            segment: kept
            for segment, stands in _stands(scene, sending=sending).items()
            if (kept := [stand for stand in stands if not only or stand[0] in only])
        }
        for sending in (True, False)
    )
    outside = {segment.name for segment in scene.place.declaration.segments.values() if _outside(scene, segment.name)}
    return [
        Cell(source, destination, tuple(_chosen(scene, senders[source], receivers[destination])))
        for source in senders
        for destination in receivers
        if not {source, destination} <= outside  # nothing of ours stands between parties outside
    ]


def _stands(scene: Scene, *, sending: bool) -> dict[str, list[Stand]]:
    """Who can be an end, by segment, in declared order; the internet is asked in the world, and asks from elsewhere."""
    declaration = scene.place.declaration
    found: dict[str, list[Stand]] = {}
    for host in declaration.hosts.values():
        if host.name not in (*declaration.gateways.hosts, *declaration.switches):
            for leg in host.legs:
                for address in filter(None, (leg.ipv4, leg.ipv6)):
                    found.setdefault(leg.segment, []).append((host.name, str(address)))
    for party in declaration.external.values():
        segment = declaration.zones[party.zone].segments[0].name
        known = found.setdefault(segment, [])
        for interface in (party.ipv4, party.ipv6):
            if interface is not None and (party.name != WORLD or not sending):
                known.append((party.name, str(interface.ip)))
    return found


def _outside(scene: Scene, segment: str) -> bool:
    declaration = scene.place.declaration
    return declaration.zones[declaration.segments[segment].zone].outside


def _chosen(scene: Scene, senders: list[Stand], receivers: list[Stand]) -> Iterator[Attempt]:
    services = scene.place.declaration.services.values()
    others = sorted({port.number for service in services for port in service.ports if port.protocol == "tcp"} - {_SSH})
    for version in (4, 6):
        every = (
            Attempt(host, source, destination, "tcp", port)
            for port in (_SSH, *others)
            for host, source in senders
            for _receiver, destination in receivers
            if (":" in source) == (":" in destination) == (version == 6)
        )
        one = next((one for one in every if scene.takes_part(one) and scene.permitted(one) is None), None)
        if one is not None:
            yield one
