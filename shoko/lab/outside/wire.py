"""Wires and routes between the outside parties and the site's line."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from shoko.declaration.model import Declaration, External, Segment
from shoko.lab.errors import LabError

Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network
# Not routed on the internet: RFC 1918, RFC 4193.
PRIVATE = [IPv4Network(p) for p in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
PRIVATE6 = IPv6Network("fc00::/7")


@dataclass(frozen=True)
class Wire:
    """One party's wire: its addresses, and the world's on the same prefix."""

    party: str
    own: tuple[Interface, ...]
    router: tuple[Interface, ...]


def line_segment(declaration: Declaration) -> Segment:
    """Return the segment of an outside zone that the gateways stand in and that a provider routes."""
    for segment in declaration.segments.values():
        if segment.router and declaration.zones[segment.zone].outside:
            return segment
    raise LabError("no segment of an outside zone has a `router`: the lab cannot be the internet provider")


def is_public(network: Network) -> bool:
    """Tell whether the provider routes a prefix (documentation prefixes stand for public ones)."""
    if isinstance(network, IPv6Network):
        return not network.subnet_of(PRIVATE6)
    return not any(network.subnet_of(private) for private in PRIVATE)


def routes_to_site(declaration: Declaration, line: Segment) -> list[tuple[Network, IPv4Address | IPv6Address]]:
    """Return (prefix, next hop) of the site's public prefixes behind the gateways' shared line address."""
    routes: list[tuple[Network, IPv4Address | IPv6Address]] = []
    for segment in declaration.segments.values():
        if declaration.zones[segment.zone].outside:
            continue
        for family, network in (("ipv4", segment.ipv4), ("ipv6", segment.ipv6)):
            hop = declaration.gateway_vip(line.name, "ipv4" if family == "ipv4" else "ipv6")
            if network is not None and hop is not None and is_public(network):
                routes.append((network, hop))
    return routes


def wire(external: External) -> Wire:
    """Return a party's wire; the world takes the first address of the prefix."""
    own = tuple(address for address in (external.ipv4, external.ipv6) if address is not None)
    router: list[Interface] = []
    for address in own:
        first = address.network.network_address + 1
        if first == address.ip:
            raise LabError(f"external {external.name}: {address.ip} is the first of its prefix, the router's")
        router.append(
            IPv4Interface(f"{first}/{address.network.prefixlen}")
            if isinstance(address, IPv4Interface)
            else IPv6Interface(f"{first}/{address.network.prefixlen}")
        )
    return Wire(external.name, own, tuple(router))
