"""What links need whatever the flows say: the fixed list that docs/policy.md calls plumbing."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.declaration.model import Declaration, Host
from shoko.proof.boxes import Box
from shoko.proof.expected.networks import of_address
from shoko.proof.expected.sides import own
from shoko.proof.interfaces import Interfaces
from shoko.proof.paths import Path
from shoko.proof.spans import Spans, single, union

SYNC_PORT = 3780  # conntrackd
_UDP, _ICMPV6, _VRRP = 17, 58, 112
_LINK_LOCAL: Spans = union([single(0), (0xFE80 << 112, 0xFEC0 << 112)])  # :: and fe80::/10

# Sources by which neighbours and listeners may speak on any link.
UNCONFIGURED: Box = {"family": single(6), "saddr": _LINK_LOCAL}


def _icmpv6(types: tuple[int, ...], hop: int) -> Box:
    return {
        "family": single(6),
        "proto": single(_ICMPV6),
        "headed": single(1),
        "sport": union((one * 256, one * 256 + 256) for one in types),
        "hop": single(hop),
    }


# RFC 4861: solicitation and advertisement of neighbours, never from beyond the link. RFC 3810: listeners.
NEIGHBOURS: tuple[Box, ...] = (_icmpv6((135, 136), 255), _icmpv6((130, 131, 132, 143), 1))


def sync(declaration: Declaration, host: Host, interfaces: Interfaces, path: Path) -> list[Box]:
    """Return the gateways' session replication on their own cable; empty for other hosts."""
    cable = declaration.gateways.sync
    outgoing = path == "output"
    if host.name not in declaration.gateways.hosts:
        return []
    near = of_address(cable.addresses[host.name])
    far = union(of_address(address) for name, address in cable.addresses.items() if name != host.name)
    return [
        {
            "oif" if outgoing else "iif": single(interfaces.number(cable.interface)),
            "family": single(4),
            "saddr": near if outgoing else far,
            "daddr": far if outgoing else near,
            "proto": single(_UDP),
            "headed": single(1),
            "dport": single(SYNC_PORT),
        }
    ]


def vrrp(declaration: Declaration, host: Host, interfaces: Interfaces, path: Path) -> Iterator[Box]:
    """Yield the adverts (RFC 5798, TTL 255) between holders of one shared address, over IPv4 and single addresses."""
    outgoing = path == "output"
    for near, far in _peers(declaration, host):
        yield {
            "oif" if outgoing else "iif": single(interfaces.number(near[0])),
            "family": single(4),
            "saddr": near[1] if outgoing else far,
            "daddr": far if outgoing else near[1],
            "proto": single(_VRRP),
            "hop": single(255),
        }


def _peers(declaration: Declaration, host: Host) -> Iterator[tuple[tuple[str, Spans], Spans]]:
    """Yield a leg's interface and address, with the addresses of the others that hold a shared address with it."""
    groups: list[tuple[str, list[Host]]] = []
    gateways = [declaration.hosts[name] for name in declaration.gateways.hosts]
    groups += [(leg.segment, gateways) for leg in gateways[0].legs]
    for vip in declaration.vips.values():
        groups.append((vip.segment, [one for one in declaration.hosts.values() if vip.held_by in one.groups]))
    for segment, holders in groups:
        if host not in holders:
            continue
        others = [own(leg, 4) for one in holders if one != host for leg in one.legs if leg.segment == segment]
        for leg in host.legs:
            if leg.segment == segment and own(leg, 4) and others:
                yield (leg.interface, own(leg, 4)), union(others)


def answered(declaration: Declaration, host: Host, interfaces: Interfaces) -> list[Box]:
    """Return the addresses that each interface answers to (strong host model)."""
    found: list[Box] = []
    gateway = host.name in declaration.gateways.hosts
    for leg in host.legs:
        for family in (4, 6):
            at = [own(leg, family)]
            if gateway:
                at.append(of_address(declaration.gateway_vip(leg.segment, "ipv4" if family == 4 else "ipv6")))
            for vip in declaration.vips.values():
                if vip.segment == leg.segment and vip.held_by in host.groups:
                    at.append(of_address(vip.ipv4 if family == 4 else vip.ipv6))
            if union(at):
                number = single(interfaces.number(leg.interface))
                found.append({"iif": number, "family": single(family), "daddr": union(at)})
    if gateway:
        cable = declaration.gateways.sync
        number = single(interfaces.number(cable.interface))
        found.append({"iif": number, "family": single(4), "daddr": of_address(cable.addresses[host.name])})
    return found
