"""The slice's `vrrp`: the instances that move shared addresses between their holders."""

from __future__ import annotations

from shoko.declaration.model import Address, Declaration, Host, Leg
from shoko.policy.errors import PolicyError
from shoko.policy.rules import Json
from shoko.policy.view import View

GATEWAYS_ROUTER_ID = 1  # in every segment
FIRST_ROUTER_ID = 11  # of the declared shared addresses of a segment, by name
FIRST_PRIORITY = 150
NEXT_PRIORITY = 100


def instances(view: View, host: Host) -> list[Json]:
    """Return the VRRP instances that a host runs: all its segments as a gateway, one per shared address as a holder."""
    declaration = view.declaration
    result: list[Json] = []
    if host.name in declaration.gateways.hosts:
        result += [_gateway_instance(declaration, host, leg) for leg in host.legs]
    for vip in view.vips_held(host):
        holders = declaration.group(vip.held_by)
        if len(holders) > 1:
            legs = {holder.name: _leg_in(holder, vip.segment, vip.name) for holder in holders}
            same = sorted(other.name for other in declaration.vips.values() if other.segment == vip.segment)
            result.append(
                _instance(
                    vip.name,
                    legs,
                    host.name,
                    (vip.ipv4, vip.ipv6),
                    router_id=FIRST_ROUTER_ID + same.index(vip.name),
                    group=None,
                    track=True,
                )
            )
    return result


def _gateway_instance(declaration: Declaration, host: Host, leg: Leg) -> Json:
    segment = declaration.segments[leg.segment]
    legs = {name: _leg_in(declaration.hosts[name], leg.segment, leg.segment) for name in declaration.gateways.hosts}
    inner = not declaration.zones[segment.zone].outside
    # A dead line must not stop the counters: it lowers the priority and never faults the group.
    shared = declaration.gateway_vip(leg.segment, "ipv4"), declaration.gateway_vip(leg.segment, "ipv6")
    return _instance(
        leg.interface, legs, host.name, shared, router_id=GATEWAYS_ROUTER_ID, group="gateways", track=inner
    )


def _leg_in(host: Host, segment: str, what: str) -> Leg:
    legs = [leg for leg in host.legs if leg.segment == segment]
    if len(legs) != 1:
        raise PolicyError(f"vips.{what}: {host.name} has {len(legs)} legs in {segment} (a holder needs exactly one)")
    return legs[0]


def _instance(
    name: str,
    legs: dict[str, Leg],
    host: str,
    shared: tuple[Address | None, Address | None],
    *,
    router_id: int,
    group: str | None,
    track: bool,
) -> Json:
    own = legs[host]
    peers = [leg for holder, leg in legs.items() if holder != host]
    ipv4, ipv6 = shared
    if own.ipv4 is None or ipv4 is None or any(peer.ipv4 is None for peer in peers):
        raise PolicyError(f"vips.{name}: VRRP is spoken over IPv4 here, and the address or a holder has none")
    rank = list(legs).index(host)
    return {
        "name": name,
        "interface": own.interface,
        "router_id": router_id,
        "priority": FIRST_PRIORITY if rank == 0 else NEXT_PRIORITY + 1 - rank,
        "local": str(own.ipv4),
        "peers": [str(peer.ipv4) for peer in peers],
        "addresses": [str(ipv4)],
        "excluded": [] if ipv6 is None else [str(ipv6)],
        "sync_group": group,
        "track": track,
    }
