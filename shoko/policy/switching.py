"""The switches' access ports: one per leg that stands in a VLAN, and one for the provider's router of each line."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.policy.prefixes import uplinks
from shoko.ports import line_port, switch_port


@dataclass(frozen=True)
class AccessPort:
    """A port: its name, its VLAN, and what is plugged in. `host` is None for the provider's router."""

    name: str
    vlan: int
    segment: str
    host: str | None
    interface: str


def access_ports(declaration: Declaration) -> tuple[AccessPort, ...]:
    """Return every access port in declared order, the lines last."""
    ports = [
        AccessPort(switch_port(host.name, leg.interface), vlan, leg.segment, host.name, leg.interface)
        for host in declaration.hosts.values()
        if host.name not in declaration.switches
        for leg in host.legs
        if (vlan := declaration.segments[leg.segment].vlan) is not None
    ]
    ports += [
        AccessPort(line_port(line.interface), line.vlan, line.name, None, line.interface)
        for line in uplinks(declaration)
        if line.vlan is not None
    ]
    return tuple(ports)
