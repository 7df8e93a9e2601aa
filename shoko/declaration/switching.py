"""The switch's access ports: one per leg in a segment with a VLAN."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.ports import switch_port


@dataclass(frozen=True)
class SwitchPort:
    """An access port: the leg that is plugged into it, and its VLAN."""

    name: str
    host: str
    interface: str
    segment: str
    vlan: int


def switch_ports(declaration: Declaration) -> tuple[SwitchPort, ...]:
    """Every access port, in declared order of hosts and legs; a switch's own management leg has none."""
    ports: list[SwitchPort] = []
    for host in declaration.hosts.values():
        if host.name in declaration.switches:
            continue
        for leg in host.legs:
            segment = declaration.segments.get(leg.segment)
            if segment is not None and segment.vlan is not None:
                name = switch_port(host.name, leg.interface)
                ports.append(SwitchPort(name, host.name, leg.interface, segment.name, segment.vlan))
    return tuple(ports)
