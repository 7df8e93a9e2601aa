"""The few packets that change their source: the tunnel's answers, and what leaves by a line for a group."""

from __future__ import annotations

from shoko.declaration.model import Declaration
from shoko.proof.boxes import Box
from shoko.proof.expected.networks import FAMILIES, NAMES
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.sides import own
from shoko.proof.interfaces import Interfaces
from shoko.proof.spans import single, union

_TUNNEL_SERVICE = "wireguard"
_UDP = 17


def tunnel(
    declaration: Declaration, permissions: list[Permission], host: str, names: Interfaces
) -> list[tuple[Box, int]]:
    """Return the tunnel's own answers on a gateway, and the shared address that each gets as its source."""
    if host not in declaration.gateways.hosts or declaration.policies.maintenance_access != "vpn":
        return []
    service = declaration.services.get(_TUNNEL_SERVICE)
    ports = {(port.protocol, port.number) for port in service.ports} if service else set()
    found: dict[tuple[str, int], tuple[Box, int]] = {}
    for one in permissions:
        if not one.destination.shared or ("udp", one.port) not in ports or one.proto != _UDP:
            continue
        for leg in one.destination.legs:
            shared = declaration.gateway_vip(leg.segment, NAMES[one.family])
            if leg.host == host and shared is not None:
                box: Box = {
                    "oif": single(names.number(leg.interface)),
                    "family": single(one.family),
                    "saddr": own(leg, one.family),
                    "proto": single(_UDP),
                    "headed": single(1),
                    "sport": single(one.port),
                }
                found[leg.interface, one.family] = (box, int(shared))
    return list(found.values())


def of_groups(
    declaration: Declaration, permissions: list[Permission], host: str, names: Interfaces
) -> dict[str, list[Box]]:
    """Return what leaves a gateway by a line with the line's shared address, by that address."""
    found: dict[str, list[Box]] = {}
    if host not in declaration.gateways.hosts:
        return found
    for entry in declaration.nat:
        shared = declaration.gateway_vip(entry.out, entry.family)
        members = {one.name for one in declaration.group(entry.group)}
        for family in FAMILIES:
            sources = [
                one.source.addresses[family]
                for one in permissions
                if one.family == family and one.source.host in members and one.destination.segment == entry.out
            ]
            if NAMES[family] == entry.family and sources:
                out = single(names.number(declaration.segments[entry.out].interface))
                found.setdefault(str(shared), []).append(
                    {"oif": out, "family": single(family), "saddr": union(sources)}
                )
    return found
