"""Which connections a declaration permits, worked out for the tests alone.

Nothing here is shared with `shoko.policy`, which makes the rules, nor with `shoko.proof`, which judges them: a mistake
there must not be repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from shoko.declaration.model import Declaration, Flow, Leg, Selector

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, order=True)
class Attempt:
    """A connection somebody could try: from a host's address to an address and port."""

    host: str
    source: str
    destination: str
    protocol: str
    port: int
    user: str | None = None  # None: whoever; else only processes of this system user may

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.destination else 4


@dataclass(frozen=True)
class End:
    """An address at an end of a flow, and the host that speaks from it (None: nobody of ours)."""

    host: str | None
    address: Address


def permitted(declaration: Declaration) -> set[Attempt]:
    """Every connection between declared parties that some flow permits now; windows are taken as closed."""
    found: set[Attempt] = set()
    for flow in declaration.flows.values():
        if flow.window is not None:
            continue
        for source in ends(declaration, flow.source):
            for destination in ends(declaration, flow.destination):
                found.update(_attempts(declaration, flow, _speaking(declaration, source, destination), destination))
    return found


def _speaking(declaration: Declaration, source: End, destination: End) -> End:
    """A gateway has a leg in every segment, and speaks to each from the one that it has there."""
    if source.host not in declaration.gateways.hosts:
        return source
    for leg in declaration.hosts[source.host].legs:
        segment = declaration.segments[leg.segment]
        prefix, own = (segment.ipv4, leg.ipv4) if destination.address.version == 4 else (segment.ipv6, leg.ipv6)
        if prefix is not None and own is not None and destination.address in prefix:
            return End(source.host, own)
    return source


def _attempts(declaration: Declaration, flow: Flow, source: End, destination: End) -> Iterator[Attempt]:
    version = {"ipv4": 4, "ipv6": 6}
    families = [version[family] for family in flow.families or ("ipv4", "ipv6")]
    if source.host is None or source.host == destination.host or source.address == destination.address:
        return
    if source.address.version != destination.address.version or source.address.version not in families:
        return
    for service in flow.services:
        for port in declaration.services[service].ports:
            for user in flow.source.as_users or (None,):
                yield Attempt(
                    source.host, str(source.address), str(destination.address), port.protocol, port.number, user
                )


def ends(declaration: Declaration, selector: Selector) -> list[End]:
    """The addresses that a selector means, of declared and external parties."""
    if selector.vip is not None:
        vip = declaration.vips[selector.vip]
        return [End(None, address) for address in (vip.ipv4, vip.ipv6) if address is not None]
    if selector.gateway is not None:
        segment = next(s for s in declaration.segments.values() if s.key == selector.gateway and s.router)
        shared = (declaration.gateway_vip(segment.name, "ipv4"), declaration.gateway_vip(segment.name, "ipv6"))
        return [End(None, address) for address in shared if address is not None]
    if selector.person is not None:
        return []  # comes in by the tunnel, which has a test of its own
    return [*_external(declaration, selector), *(end for leg in _legs(declaration, selector) for end in leg_ends(leg))]


def leg_ends(leg: Leg) -> list[End]:
    """Both addresses of a leg."""
    return [End(leg.host, address) for address in (leg.ipv4, leg.ipv6) if address is not None]


def _legs(declaration: Declaration, selector: Selector) -> list[Leg]:
    if selector.managed:
        return [host.manage_leg for host in declaration.hosts.values()]
    if selector.zone is not None:
        wanted = {f"{selector.zone}.{key}" for key in selector.segments} or {
            segment.name for segment in declaration.zones[selector.zone].segments
        }
        gateways = declaration.gateways.hosts
        return [leg for host in declaration.hosts.values() if host.name not in gateways
                for leg in host.legs if leg.segment in wanted]  # fmt: skip
    names = [selector.host] if selector.host else [host.name for host in declaration.group(selector.group or "")]
    legs = []
    for name in names:
        host = declaration.hosts[name]
        legs.append(host.leg(selector.leg) if selector.leg else host.manage_leg if len(host.legs) > 1 else host.legs[0])
    return legs


def _external(declaration: Declaration, selector: Selector) -> list[End]:
    """Parties outside; to the site the patron line is the internet like any other."""
    if selector.zone is None or not declaration.zones[selector.zone].outside:
        return []
    outside = {zone.name for zone in declaration.zones.values() if zone.outside}
    return [
        End(party.name, interface.ip)
        for party in declaration.external.values()
        if party.zone in outside
        for interface in (party.ipv4, party.ipv6)
        if interface is not None
    ]
