"""Day-0 routes: between the controller and the management legs, by the first gateway's own address.

No shared address exists yet. The role `network` moves the routes to it once VRRP holds it.
"""

from __future__ import annotations

from shoko.bootstrap.errors import BootstrapError
from shoko.bootstrap.networkd import Route
from shoko.declaration.model import Address, Declaration, Family, Host, Leg, Network
from shoko.policy.prefixes import FAMILIES, prefix_of, single

CONTROL = "control"


def controllers(declaration: Declaration) -> tuple[Host, ...]:
    """Return the control hosts; BootstrapError if the site has none."""
    hosts = declaration.group(CONTROL)
    if not hosts:
        raise BootstrapError(f"hosts: none is in the group {CONTROL}, so nothing could manage the others")
    return hosts


def address_of(leg: Leg, family: Family) -> Address | None:
    """Return a leg's address in a family."""
    return leg.ipv4 if family == "ipv4" else leg.ipv6


def routes(declaration: Declaration, host: Host) -> list[Route]:
    """Return the routes of a host's management leg: from a controller to every leg, from others to the controllers."""
    if host.name in declaration.gateways.hosts:
        return []  # a leg in every segment
    control = controllers(declaration)
    far = declaration.hosts.values() if host in control else control
    result: dict[Route, None] = {}
    for family in FAMILIES:
        via = first_gateway(declaration, host.manage_leg.segment, family)
        for other in far:
            leg = other.manage_leg
            address = address_of(leg, family)
            if address is None or via is None or leg.segment == host.manage_leg.segment:
                continue
            prefix = prefix_of(declaration.segments[leg.segment], family)
            to: Network = prefix if host in control and prefix is not None else single(address)
            result[Route(to, via)] = None
    return list(result)


def first_gateway(declaration: Declaration, segment: str, family: Family) -> Address | None:
    """Return the first gateway's own address in a segment."""
    gateways = declaration.gateways
    legs = declaration.hosts[gateways.hosts[0]].legs
    return next((address_of(leg, family) for leg in legs if leg.segment == segment), None)
