"""The slice's `legs`: addresses, and routes to what the flows of each leg name, nothing more."""

from __future__ import annotations

from shoko.declaration.model import Declaration, Family, Host, Leg, Network, Segment
from shoko.policy.prefixes import FAMILIES, collapse, prefix_of, uplinks
from shoko.policy.rules import Json
from shoko.policy.view import View

FIRST_TABLE = 101  # routing table of the first leg; below 253, where the kernel's own begin
DEFAULT: dict[Family, str] = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


def legs(view: View, host: Host) -> list[Json]:
    """Return every leg of a host in declared order; for gateways the sync cable comes last."""
    gateway = host.name in view.declaration.gateways.hosts
    result = [_leg(view, host, leg, index, gateway) for index, leg in enumerate(host.legs)]
    if gateway:
        result.append(_sync(view.declaration, host, len(result)))
    return result


def _leg(view: View, host: Host, leg: Leg, index: int, gateway: bool) -> Json:
    declaration = view.declaration
    segment = declaration.segments[leg.segment]
    routes: list[Json] = []
    families: Json = {}
    for family in FAMILIES:
        nexthop, first = (_router(segment, family),) * 2 if gateway else _nexthops(declaration, segment, family)
        own = _family(leg, segment, family, nexthop, first)
        alone = _held_alone(view, host, leg, family)
        families[family] = {**own, "held": alone} if own is not None and alone else own
        if nexthop is not None and families[family] is not None:
            wanted = [DEFAULT[family]] if gateway else _destinations(view, host, leg, family)
            routes += [{"family": family, "to": to, "via": nexthop} for to in wanted]
    return {
        "interface": leg.interface,
        "segment": segment.name,
        "zone": segment.zone,
        "vlan": segment.vlan,
        "manage": leg.manage,
        "mac": leg.mac,
        "path": leg.path,
        **families,
        "table": FIRST_TABLE + index,
        "routes": routes,
    }


def _family(leg: Leg, segment: Segment, family: Family, gateway: str | None, first: str | None) -> Json | None:
    address = leg.ipv4 if family == "ipv4" else leg.ipv6
    prefix = prefix_of(segment, family)
    if address is None or prefix is None:
        return None
    return {
        "address": str(address),
        "prefix": str(prefix),
        "length": prefix.prefixlen,
        "gateway": gateway,
        "gateway_real": first,
    }


def _held_alone(view: View, host: Host, leg: Leg, family: Family) -> list[str]:
    """Shared addresses of the leg's segment that no other host holds: fixed on the leg, there is nobody to move to."""
    return [
        str(address)
        for vip in view.vips_held(host)
        if vip.segment == leg.segment
        and len(view.declaration.group(vip.held_by)) == 1
        and (address := vip.ipv4 if family == "ipv4" else vip.ipv6) is not None
    ]


def _router(segment: Segment, family: Family) -> str | None:
    """The provider's router of a line; inner segments have none, the gateways themselves are theirs."""
    router = segment.router.get(family)
    return None if router is None else str(router)


def _nexthops(declaration: Declaration, segment: Segment, family: Family) -> tuple[str | None, str | None]:
    """The gateways' shared address in a segment, and the first gateway's own one for day 0."""
    shared = declaration.gateway_vip(segment.name, family)
    prefix = prefix_of(segment, family)
    if shared is None or prefix is None:
        return None, None
    gateways = declaration.gateways
    return str(shared), str(prefix.network_address + gateways.last[gateways.hosts[0]])


def way_out(view: View, host: Host, leg: Leg, family: Family) -> str | None:
    """Return the zone outside that a leg's default route leads to, None where the leg has none."""
    line = next((segment for segment in uplinks(view.declaration) if prefix_of(segment, family) is not None), None)
    has_address = (leg.ipv4 if family == "ipv4" else leg.ipv6) is not None
    if line is None or not has_address or DEFAULT[family] not in _destinations(view, host, leg, family):
        return None
    return line.zone


def _people_sit_here(declaration: Declaration, segment: Segment, family: Family) -> bool:
    """True where people's devices stand and the policy does not keep the zone apart from the internet.

    What they try by mistake or on purpose must come to a place that denies it and writes it down; without a route it
    would end in silence. Servers, and zones kept apart, have no default route: there the missing route is a layer.
    """
    lines = {line.zone for line in uplinks(declaration) if prefix_of(line, family) is not None}
    kept_apart = {zone for apart in declaration.policies.apart if segment.zone in apart.zones for zone in apart.zones}
    return segment.open_population and bool(lines) and not lines & kept_apart


def _destinations(view: View, host: Host, leg: Leg, family: Family) -> list[str]:
    """Prefixes beyond the segment that the flows of this leg name, in either direction.

    A default instead where a flow goes to or comes from the internet, and for people's devices.
    """
    if _people_sit_here(view.declaration, view.declaration.segments[leg.segment], family):
        return [DEFAULT[family]]
    beyond: list[Network] = []
    for item, sending in view.outgoing(host.name):
        if sending == leg and item.routed and item.family == family:
            if item.destination.kind == "internet":
                return [DEFAULT[family]]
            beyond.extend(item.destinations)
    for item, answering in view.incoming(host.name):
        if answering == leg and item.routed and item.family == family:
            if item.source.kind == "internet":
                return [DEFAULT[family]]
            beyond.extend(item.sources)
    return [str(network) for network in collapse(beyond)]


def _sync(declaration: Declaration, host: Host, index: int) -> Json:
    sync = declaration.gateways.sync
    return {
        "interface": sync.interface,
        "segment": None,
        "zone": None,
        "vlan": None,
        "manage": False,
        "mac": None,
        "path": None,
        "ipv4": {
            "address": str(sync.addresses[host.name]),
            "prefix": str(sync.ipv4),
            "length": sync.ipv4.prefixlen,
            "gateway": None,
            "gateway_real": None,
        },
        "ipv6": None,
        "table": FIRST_TABLE + index,
        "routes": [],
    }
