"""Arithmetic on sets of prefixes, one family at a time."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from shoko.declaration.model import Address, Declaration, Family, Network, Segment
from shoko.policy.special import SPECIAL_USE_IPV4, SPECIAL_USE_IPV6

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")


def family_of(item: Address | Network) -> Family:
    """Return the family of an address or a prefix."""
    return "ipv4" if item.version == 4 else "ipv6"


def single(address: Address) -> Network:
    """Return the prefix that holds just this address (/32 or /128)."""
    return IPv4Network(address) if address.version == 4 else IPv6Network(address)


def collapse(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Return the shortest sorted list of prefixes of one family that covers exactly the same addresses."""
    members = list(networks)
    ipv4 = [network for network in members if isinstance(network, IPv4Network)]
    ipv6 = [network for network in members if isinstance(network, IPv6Network)]
    return (*collapse_addresses(ipv4), *collapse_addresses(ipv6))


def subtract(networks: Iterable[Network], holes: Iterable[Network]) -> tuple[Network, ...]:
    """Return the prefixes that cover what `networks` cover and `holes` do not; all of one family."""
    rest = list(collapse(networks))
    for hole in collapse(holes):
        kept: list[Network] = []
        for network in rest:
            if not network.overlaps(hole):
                kept.append(network)
            elif hole.prefixlen > network.prefixlen:
                # address_exclude is typed per family; both operands are of the same one here
                kept.extend(network.address_exclude(hole))  # type: ignore[arg-type]
        rest = kept
    return collapse(rest)


def prefix_of(segment: Segment, family: Family) -> Network | None:
    """Return the prefix of a segment in a family, None where it has none."""
    return segment.ipv4 if family == "ipv4" else segment.ipv6


def uplinks(declaration: Declaration) -> tuple[Segment, ...]:
    """Return the segments by which the gateways reach the internet, in declared order."""
    return tuple(
        segment
        for segment in declaration.segments.values()
        if declaration.zones[segment.zone].outside and not segment.own_uplink
    )


def inside(declaration: Declaration, family: Family) -> tuple[Network, ...]:
    """Return every prefix that is ours: all segments of inner zones and the gateways' sync cable."""
    ours: list[Network] = []
    for segment in declaration.segments.values():
        prefix = prefix_of(segment, family)
        if prefix is not None and not declaration.zones[segment.zone].outside:
            ours.append(prefix)
    if family == "ipv4":
        ours.append(declaration.gateways.sync.ipv4)
    return collapse(ours)


def internet(declaration: Declaration, family: Family) -> tuple[Network, ...]:
    """Return the internet as the gateways see it behind their line.

    Everything, without special-use ranges, with the outside zones' `includes` and with the lines of patrons (which
    are the internet like any other), without every prefix of ours and of the line itself.
    """
    everything: Network = IPv4Network("0.0.0.0/0") if family == "ipv4" else IPv6Network("::/0")
    special: tuple[Network, ...] = SPECIAL_USE_IPV4 if family == "ipv4" else SPECIAL_USE_IPV6
    back: list[Network] = []
    lines: list[Network] = []
    for zone in declaration.zones.values():
        if zone.outside:
            back.extend(network for network in zone.includes if family_of(network) == family)
    for segment in declaration.segments.values():
        prefix = prefix_of(segment, family)
        if prefix is None or not declaration.zones[segment.zone].outside:
            continue
        (back if segment.own_uplink else lines).append(prefix)
    return subtract((*subtract([everything], special), *back), (*inside(declaration, family), *lines))
