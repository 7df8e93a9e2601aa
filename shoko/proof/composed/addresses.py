"""The addresses that a host has, against those that it may have."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from shoko.declaration.model import Declaration, Host
from shoko.observe.visit import Observation
from shoko.proof.compare import Finding
from shoko.proof.expected.networks import FAMILIES, NAMES, of_address
from shoko.proof.expected.places import who
from shoko.proof.expected.reach import held
from shoko.proof.expected.sides import own
from shoko.proof.spans import Spans, holds, single


def strays(declaration: Declaration, host: Host, seen: Observation) -> Iterator[Finding]:
    """Yield addresses that a leg has and may not have, and its own ones that it lacks.

    Shared addresses may be there or not: who holds them just now decides about nothing.
    """
    found: dict[tuple[str, int], list[int]] = {}
    for interface, family, number in given(seen.addresses):
        found.setdefault((interface, family), []).append(number)
    may = dict(_may_have(declaration, host))
    for (interface, family), allowed in may.items():
        for number in found.get((interface, family), []):
            if not holds(allowed, number):
                what = "is not declared for it; the host can now be taken for"
                yield _finding(declaration, interface, family, number, what)
    for leg in host.legs:
        for family in FAMILIES:
            mine = own(leg, family)
            if mine and mine[0] not in found.get((leg.interface, family), []):
                yield _finding(declaration, leg.interface, family, mine[0], "is declared and missing; cut off is")


def _may_have(declaration: Declaration, host: Host) -> Iterator[tuple[tuple[str, int], Spans]]:
    yield from ((("lo", family), ()) for family in FAMILIES)
    for leg in host.legs:
        for family in FAMILIES:
            yield (leg.interface, family), held(declaration, host, leg, family)
    if host.name in declaration.gateways.hosts:
        cable = declaration.gateways.sync
        yield (cable.interface, 4), of_address(cable.addresses[host.name])
        yield (cable.interface, 6), ()
        for segment in declaration.segments.values():
            if segment.tunnel is not None:
                for family in FAMILIES:
                    yield (segment.interface, family), of_address(declaration.gateway_vip(segment.name, NAMES[family]))


def _finding(declaration: Declaration, interface: str, family: int, number: int, what: str) -> Finding:
    members = single(number)
    address = IPv4Address(number) if family == 4 else IPv6Address(number)
    detail = f"{address} on {interface} {what} {who(declaration, family, members)}"
    return Finding("address", "links", None, {}, detail=detail)


def given(links: list[dict[str, Any]]) -> Iterator[tuple[str, int, int]]:
    """Yield every address of a host as interface, family and number; loopback and IPv6 link-local ones left out."""
    for link in links:
        for one in link.get("addr_info", ()):
            address = ip_address(one["local"])
            if not address.is_loopback and not (address.version == 6 and address.is_link_local):
                yield str(link["ifname"]), address.version, int(address)
