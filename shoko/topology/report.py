"""The topology for machines."""

from __future__ import annotations

from typing import Any

from shoko.declaration.ends import flow_ends
from shoko.declaration.model import Declaration, Flow, Text


def report(declaration: Declaration) -> dict[str, Any]:
    """Plain values: zones with segments, hosts with legs, shared addresses, flows with the zone pairs they join."""
    return {
        "site": declaration.key,
        "name": _text(declaration.title),
        "digest": declaration.digest,
        "zones": {
            zone.name: {
                "title": _text(zone.title),
                "control": zone.control,
                "outside": zone.outside,
                "segments": {
                    segment.key: {
                        "vlan": segment.vlan,
                        "ipv4": _written(segment.ipv4),
                        "ipv6": _written(segment.ipv6),
                        "interface": segment.interface,
                        "library": segment.library,
                        "open": segment.open_population,
                        "tunnel": segment.tunnel,
                        "own_uplink": segment.own_uplink,
                    }
                    for segment in zone.segments
                },
            }
            for zone in declaration.zones.values()
        },
        "hosts": {
            host.name: {
                "groups": list(host.groups),
                "legs": {
                    leg.interface: {
                        "segment": leg.segment,
                        "ipv4": _written(leg.ipv4),
                        "ipv6": _written(leg.ipv6),
                        "manage": leg.manage,
                    }
                    for leg in host.legs
                },
            }
            for host in declaration.hosts.values()
        },
        "vips": {
            vip.name: {
                "segment": vip.segment,
                "ipv4": _written(vip.ipv4),
                "ipv6": _written(vip.ipv6),
                "held_by": vip.held_by,
            }
            for vip in declaration.vips.values()
        },
        "flows": {flow.name: _flow(declaration, flow) for flow in declaration.flows.values()},
    }


def _text(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _written(value: object) -> str | None:
    return None if value is None else str(value)


def _flow(declaration: Declaration, flow: Flow) -> dict[str, Any]:
    sources, destinations = flow_ends(declaration, flow)
    return {
        "number": flow.number,
        "from": [end.name if end.interface is None else f"{end.name}.{end.interface}" for end in sources],
        "to": [end.name if end.interface is None else f"{end.name}.{end.interface}" for end in destinations],
        "zones": sorted({(start.zone, end.zone) for start in sources for end in destinations}),
        "services": {
            name: [f"{port.protocol}/{port.number}" for port in declaration.services[name].ports]
            for name in flow.services
        },
        "families": list(flow.families or ("ipv4", "ipv6")),
        "via": list(flow.via_sites),
        "control": flow.why.control,
        "operation": flow.why.operation,
        "owner": flow.owner,
        "windowed": flow.window is not None,
        "expires": flow.expires.isoformat() if flow.expires else None,
        "platform": flow.platform,
    }
