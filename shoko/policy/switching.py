"""All access ports of the switches: those of the hosts' legs, and one for the provider's router of each line."""

from __future__ import annotations

from shoko.declaration.model import Declaration
from shoko.declaration.switching import SwitchPort, switch_ports
from shoko.policy.prefixes import uplinks
from shoko.ports import line_port

PROVIDER = "provider"  # stands in `host` for who plugs in the line


def access_ports(declaration: Declaration) -> tuple[SwitchPort, ...]:
    """Return every access port in declared order, the lines last."""
    lines = tuple(
        SwitchPort(line_port(line.interface), PROVIDER, line.interface, line.name, line.vlan)
        for line in uplinks(declaration)
        if line.vlan is not None
    )
    return (*switch_ports(declaration), *lines)
