"""The slice's `proxy` and `vpn`: the two guarded ways between the site and the world."""

from __future__ import annotations

from shoko.declaration.model import Host, Network
from shoko.policy.errors import PolicyError
from shoko.policy.expand import Pass
from shoko.policy.prefixes import FAMILIES, collapse
from shoko.policy.rules import Json, text
from shoko.policy.supplies import PROXIES
from shoko.policy.view import View, addresses
from shoko.policy.wiring import way_out


def proxy(view: View, host: Host) -> Json | None:
    """A forward proxy: which sources may fetch from which named sites, and which names they may ask."""
    if PROXIES not in host.groups:
        return None
    vip = next((v for v in view.vips_held(host) if v.held_by == PROXIES), None)
    leg = host.manage_leg
    listen = addresses(vip.ipv4, vip.ipv6) if vip else addresses(leg.ipv4, leg.ipv6)
    return {
        "vip": {
            "ipv4": None if vip is None or vip.ipv4 is None else str(vip.ipv4),
            "ipv6": None if vip is None or vip.ipv6 is None else str(vip.ipv6),
        },
        "listen": listen,
        "port": view.port("proxy"),
        "acls": _acls(view, host),
        "pairs": _pairs(view, host),
        "dns_views": _dns_views(view, host),
    }


def _acls(view: View, host: Host) -> list[Json]:
    """One entry per `via` flow; a flow to the proxy without `via` names no site and thus gets none."""
    sources: dict[str, list[Pass]] = {}
    for item, _leg in view.answers(host.name, "proxy"):
        if view.declaration.flows[item.flow].via_sites:
            sources.setdefault(item.flow, []).append(item)
    acls: list[Json] = []
    for flow, items in sources.items():
        sites = []
        for name in view.declaration.flows[flow].via_sites:
            site = view.declaration.sites.get(name)
            if site is None or not site.domains or not site.ports:
                raise PolicyError(f"flows.{flow}.via: site {name} is unknown or names no domain or port")
            sites.append({"name": name, "domains": list(site.domains), "ports": list(site.ports)})
        prefixes = collapse(prefix for item in items for prefix in item.sources)
        acls.append({"flow": flow, "sources": [text(prefix) for prefix in prefixes], "sites": sites})
    return acls


def _pairs(view: View, host: Host) -> list[Json]:
    """Which zone an asking source stands in, and the zone outside that it asks for: what the log says of a request."""
    way = next((zone for family in FAMILIES if (zone := way_out(view, host, host.manage_leg, family))), None)
    sources: dict[str, list[Network]] = {}
    for item, _leg in view.answers(host.name, "proxy"):
        zone = view.declaration.segments[item.source.segment].zone
        sources.setdefault(zone, []).extend(item.sources)
    return [
        {"from": zone, "to": way, "sources": [text(prefix) for prefix in collapse(found)]}
        for zone, found in sorted(sources.items())
        if way is not None
    ]


def _dns_views(view: View, host: Host) -> list[Json]:
    """For every population that may ask: the names of the shared addresses that its own flows lead to."""
    asking: dict[str, Pass] = {}
    for item, _leg in view.answers(host.name, "dns"):
        asking.setdefault(f"{item.source.kind}:{item.source.name}", item)
    views: list[Json] = []
    for item in asking.values():
        reached = dict.fromkeys(
            other.destination.name
            for other in view.passes
            if other.destination.kind == "vip" and other.source == item.source
        )
        records = []
        for name in reached:
            vip = view.declaration.vips[name]
            records += [
                {"name": known, "addresses": addresses(vip.ipv4, vip.ipv6)}
                for known in (view.full_name(name), *view.public_names(name))
            ]
        sources = collapse([*item.source.ipv4, *item.source.ipv6])
        views.append({"name": item.source.name, "sources": [text(prefix) for prefix in sources], "records": records})
    return views


def vpn(view: View, host: Host) -> Json | None:
    """The maintenance tunnel on a gateway: null where the site's policy is on-site only, or nobody may come in."""
    declaration = view.declaration
    tunnel = next((s for s in declaration.segments.values() if s.tunnel == "wireguard"), None)
    outside = next(
        (item for item, _leg in view.answers(host.name, "wireguard") if item.destination.kind == "line"), None
    )
    gateway = host.name in declaration.gateways.hosts
    if not gateway or declaration.policies.maintenance_access != "vpn" or tunnel is None or outside is None:
        return None
    peers = []
    for person in declaration.people.values():
        flows = sorted(
            {item.flow for item in view.passes if item.source.kind == "person" and item.source.name == person.name}
        )
        peers.append(
            {
                "person": person.name,
                "public_key": person.public_key,
                "allowed": addresses(person.ipv4, person.ipv6),
                "flows": flows,
            }
        )
    at: Json = {}
    for family, prefix in (("ipv4", tunnel.ipv4), ("ipv6", tunnel.ipv6)):
        own = None if prefix is None else prefix.network_address + declaration.gateways.vip
        at[family] = None if prefix is None else f"{own}/{prefix.prefixlen}"
    line = declaration.segments[outside.destination.segment]
    return {
        "interface": tunnel.interface,
        "address": at,
        "port": outside.port,
        "endpoint": text(outside.destination.prefixes("ipv4")[0]) if outside.destination.ipv4 else None,
        "endpoint_ipv6": text(outside.destination.ipv6[0]) if outside.destination.ipv6 else None,
        "line": line.interface,
        "peers": peers,
    }
