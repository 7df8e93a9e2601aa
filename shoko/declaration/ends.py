"""What the two ends of a flow are: legs, prefixes, shared addresses, persons, the internet.

This reading of a selector serves the checks and the diagrams. The rules come from `shoko.policy`, which reads
selectors on its own; that two readings agree is part of the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from shoko.declaration.model import Address, Declaration, Family, Flow, Host, Leg, Network, Segment, Selector, Zone

Kind = Literal["leg", "prefix", "vip", "person", "gateway", "internet", "external"]
FAMILIES: tuple[Family, Family] = ("ipv4", "ipv6")
MANAGE = "manage"  # `leg: manage` is the leg over which a host is managed, whatever it is called


@dataclass(frozen=True)
class End:
    """One party of a flow: where it stands and which addresses it has (whole families for the internet)."""

    kind: Kind
    zone: str
    segment: str | None
    name: str  # host, vip, person, external party, segment, or zone
    interface: str | None
    ipv4: IPv4Network | None
    ipv6: IPv6Network | None

    @property
    def families(self) -> frozenset[Family]:
        """The families in which it has an address."""
        return frozenset(family for family in FAMILIES if self.network(family) is not None)

    def network(self, family: Family) -> Network | None:
        """Its addresses of one family."""
        return self.ipv4 if family == "ipv4" else self.ipv6


def is_internet(zone: Zone) -> bool:
    """Whether the zone is the internet beyond our line, not a line that is somebody else's."""
    return zone.outside and not all(segment.own_uplink for segment in zone.segments)


def single4(address: object) -> IPv4Network | None:
    """The prefix of one address."""
    return None if address is None else IPv4Network(str(address))


def single6(address: object) -> IPv6Network | None:
    """The prefix of one address."""
    return None if address is None else IPv6Network(str(address))


def leg_end(declaration: Declaration, leg: Leg) -> End:
    """A host's leg as an end."""
    zone = leg.segment.partition(".")[0]
    return End("leg", zone, leg.segment, leg.host, leg.interface, single4(leg.ipv4), single6(leg.ipv6))


def prefix_end(segment: Segment) -> End:
    """A whole segment as an end."""
    return End("prefix", segment.zone, segment.name, segment.name, None, segment.ipv4, segment.ipv6)


def internet_end(zone: str) -> End:
    """The internet as an end."""
    return End("internet", zone, None, zone, None, IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


def resolve(declaration: Declaration, selector: Selector) -> tuple[End, ...]:
    """The ends that a selector means; empty where it means nothing. Unknown names mean nothing."""
    return tuple(_resolve(declaration, selector))


def _resolve(declaration: Declaration, selector: Selector) -> Iterator[End]:
    if selector.zone is not None and (zone := declaration.zones.get(selector.zone)):
        yield from _zone(declaration, zone, selector)
    elif selector.vip is not None and (vip := declaration.vips.get(selector.vip)):
        zone_name = vip.segment.partition(".")[0]
        yield End("vip", zone_name, vip.segment, vip.name, None, single4(vip.ipv4), single6(vip.ipv6))
    elif selector.person is not None and (person := declaration.people.get(selector.person)):
        if (tunnel := tunnel_segment(declaration)) is not None:
            addresses = single4(person.ipv4), single6(person.ipv6)
            yield End("person", tunnel.zone, tunnel.name, person.name, None, *addresses)
    elif selector.gateway is not None and (line := line_segment(declaration, selector.gateway)):
        ipv4 = declaration.gateway_vip(line.name, "ipv4")
        ipv6 = declaration.gateway_vip(line.name, "ipv6")
        yield End("gateway", line.zone, line.name, line.key, line.interface, single4(ipv4), single6(ipv6))
    elif selector.host not in declaration.hosts and (party := declaration.external.get(selector.host or "")):
        yield End(
            "external",
            party.zone,
            None,
            party.name,
            None,
            single4(party.ipv4.ip if party.ipv4 else None),
            single6(party.ipv6.ip if party.ipv6 else None),
        )
    else:
        for host in selected_hosts(declaration, selector):
            for leg in selected_legs(declaration, host, selector):
                yield leg_end(declaration, leg)


def selected_hosts(declaration: Declaration, selector: Selector) -> tuple[Host, ...]:
    """The hosts of a selector that names hosts (by group, name, or all that are managed)."""
    if selector.managed:
        return tuple(declaration.hosts.values())
    if selector.group is not None:
        return declaration.group(selector.group)
    if selector.host is not None and selector.host in declaration.hosts:
        return (declaration.hosts[selector.host],)
    return ()


def selected_legs(declaration: Declaration, host: Host, selector: Selector) -> tuple[Leg, ...]:
    """The legs of a host that a selector means: the named one; else the managed one where that is the rule."""
    if selector.managed or selector.leg == MANAGE:
        return tuple(leg for leg in host.legs if leg.manage)
    legs = legs_as_ends(declaration, host)
    return tuple(leg for leg in legs if selector.leg in {None, leg.interface})


def legs_as_ends(declaration: Declaration, host: Host) -> tuple[Leg, ...]:
    """The legs of a host that may be an end: all; of a gateway, which stands in every segment, the managed one."""
    if host.name in declaration.gateways.hosts:
        return tuple(leg for leg in host.legs if leg.manage)
    return host.legs


def _zone(declaration: Declaration, zone: Zone, selector: Selector) -> Iterator[End]:
    if is_internet(zone):
        yield internet_end(zone.name)
        return
    for segment in zone.segments:
        if selector.segments and segment.key not in selector.segments:
            continue
        if segment.open_population or zone.outside:
            yield prefix_end(segment)
            continue
        for host in declaration.hosts.values():
            for leg in legs_as_ends(declaration, host):
                if leg.segment == segment.name:
                    yield leg_end(declaration, leg)
        if segment.tunnel is not None:
            for person in declaration.people.values():
                addresses = single4(person.ipv4), single6(person.ipv6)
                yield End("person", zone.name, segment.name, person.name, None, *addresses)


def tunnel_segment(declaration: Declaration) -> Segment | None:
    """The segment of the VPN, if there is one."""
    return next((segment for segment in declaration.segments.values() if segment.tunnel), None)


def line_segment(declaration: Declaration, key: str) -> Segment | None:
    """The outside line with that key, at which the gateways have a leg."""
    for segment in declaration.segments.values():
        if segment.key == key and segment.vlan is not None and declaration.zones[segment.zone].outside:
            return segment
    return None


def flow_ends(declaration: Declaration, flow: Flow) -> tuple[tuple[End, ...], tuple[End, ...]]:
    """Both ends of a flow. A gateway's own traffic leaves by its leg in the segment of the destination."""
    destinations = resolve(declaration, flow.destination)
    sources: list[End] = []
    for end in resolve(declaration, flow.source):
        if end.kind == "leg" and end.name in declaration.gateways.hosts:
            wanted = {other.segment for other in destinations}
            legs = [leg for leg in declaration.hosts[end.name].legs if leg.segment in wanted]
            sources.extend(leg_end(declaration, leg) for leg in legs)
            if not legs:
                sources.append(end)
        else:
            sources.append(end)
    return tuple(sources), destinations


def ports_of(declaration: Declaration, services: Iterable[str]) -> frozenset[tuple[str, int]]:
    """The protocols and ports of some services; unknown ones add nothing."""
    return frozenset(
        (port.protocol, port.number)
        for name in services
        if name in declaration.services
        for port in declaration.services[name].ports
    )


def declared_prefixes(declaration: Declaration) -> tuple[Network, ...]:
    """Every prefix that the declaration gives to a segment."""
    found: list[Network] = []
    for segment in declaration.segments.values():
        found.extend(prefix for prefix in (segment.ipv4, segment.ipv6) if prefix is not None)
    return tuple(found)


def host_prefix(address: Address) -> Network:
    """The prefix that holds just this address."""
    return ip_network(str(address))
