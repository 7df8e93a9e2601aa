"""The ports of the switches as declared: who is plugged in where, and in which VLAN."""

from __future__ import annotations

from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.declaration.switching import switch_ports
from shoko.ports import line_port
from shoko.proof.expected.networks import lines


@dataclass(frozen=True)
class Port:
    """An access port. `host` and `interface` are the leg that is plugged in, `host` is "" for a provider's router."""

    name: str
    host: str
    interface: str
    segment: str
    vlan: int


def ports(declaration: Declaration, switch: str) -> dict[str, Port]:
    """Return every port that a switch has to have, by name: access ports, lines, its own leg."""
    every = [Port(one.name, one.host, one.interface, one.segment, one.vlan) for one in switch_ports(declaration)]
    every += [
        Port(line_port(line.interface), "", line.interface, line.name, line.vlan)
        for line in lines(declaration)
        if line.vlan is not None
    ]
    for leg in declaration.hosts[switch].legs:
        vlan = declaration.segments[leg.segment].vlan
        if vlan is not None:
            every.append(Port(leg.interface, switch, leg.interface, leg.segment, vlan))
    return {one.name: one for one in every}


def by_vlan(declaration: Declaration) -> dict[int, str]:
    """Return the segment of each VLAN."""
    return {one.vlan: one.name for one in declaration.segments.values() if one.vlan is not None}
