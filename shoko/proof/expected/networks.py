"""Prefixes and addresses of a declaration as spans: ours, the internet's, a segment's."""

from __future__ import annotations

from ipaddress import ip_network

from shoko.declaration.model import Address, Declaration, Family, Network, Segment
from shoko.proof.fields import ADDRESSES
from shoko.proof.spans import Spans, minus, single, union

FAMILIES = (4, 6)
NAMES: dict[int, Family] = {4: "ipv4", 6: "ipv6"}

# Never the internet, by the IANA special-purpose address registries (2025) and RFC 5771, RFC 4291 for multicast.
_SPECIAL = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/8",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


def of_network(network: Network) -> Spans:
    """Return the addresses of a prefix."""
    first = int(network.network_address)
    return (first, first + network.num_addresses)


def of_address(address: Address | None) -> Spans:
    """Return the set of one address; empty for none."""
    return () if address is None else single(int(address))


def prefix(segment: Segment, family: int) -> Spans:
    """Return the addresses of a segment in a family; empty if it has none."""
    network = segment.ipv4 if family == 4 else segment.ipv6
    return () if network is None else of_network(network)


def special(family: int) -> Spans:
    """Return the addresses that are for special use."""
    return union(of_network(one) for one in map(ip_network, _SPECIAL) if one.version == family)


def lines(declaration: Declaration) -> list[Segment]:
    """Return the segments by which the gateways reach the internet."""
    return [one for one in declaration.segments.values() if _outside(declaration, one) and not one.own_uplink]


def ours(declaration: Declaration, family: int) -> Spans:
    """Return all inner prefixes, and the cable between the gateways."""
    inner = [prefix(one, family) for one in declaration.segments.values() if not _outside(declaration, one)]
    return union([*inner, *([of_network(declaration.gateways.sync.ipv4)] if family == 4 else [])])


def internet(declaration: Declaration, family: int) -> Spans:
    """Return the internet behind the lines.

    What is not for special use, what the outside zones include all the same, and other parties' own lines; neither
    what is ours nor the lines themselves.
    """
    included = [
        of_network(one)
        for zone in declaration.zones.values()
        if zone.outside
        for one in zone.includes
        if one.version == family
    ]
    others = [prefix(one, family) for one in declaration.segments.values() if one.own_uplink]
    public = minus(ADDRESSES[family], special(family))
    near = union([ours(declaration, family), *(prefix(one, family) for one in lines(declaration))])
    return minus(union([public, *included, *others]), near)


def from_line(declaration: Declaration, line: Segment, family: int) -> Spans:
    """Return the sources that an honest packet from a line can have."""
    public = minus(ADDRESSES[family], union([special(family), ours(declaration, family)]))
    return union([public, internet(declaration, family), prefix(line, family)])


def _outside(declaration: Declaration, segment: Segment) -> bool:
    return declaration.zones[segment.zone].outside
