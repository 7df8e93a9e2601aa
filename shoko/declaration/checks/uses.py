"""Every prefix and every address of a declaration, with the place where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import chain

from shoko.declaration.checks.context import Context, segment_path
from shoko.declaration.ends import FAMILIES, tunnel_segment
from shoko.declaration.model import Address, Network, Segment
from shoko.declaration.reader import Path_

# Where it is written, whose it is, the address, the segment where it must be (None: checked elsewhere).
Use = tuple[Path_, str, Address, str | None]


def prefix_of(segment: Segment, family: str) -> Network | None:
    """The segment's prefix of a family."""
    return segment.ipv4 if family == "ipv4" else segment.ipv6


def networks(context: Context) -> Iterator[tuple[Path_, str, Network]]:
    """Every prefix that is declared: where, a name for people, the prefix."""
    for segment in context.declaration.segments.values():
        for family in FAMILIES:
            if (prefix := prefix_of(segment, family)) is not None:
                yield (*segment_path(segment.name), family), segment.name, prefix
    if context.usable("gateways"):
        yield ("gateways", "sync", "ipv4"), "gateways.sync", context.declaration.gateways.sync.ipv4


def uses(context: Context) -> Iterator[Use]:
    """Every single address."""
    return chain(
        _gateways(context), _routers(context), _hosts(context), _vips(context), _people(context), _external(context)
    )


def _both(
    path: Path_, name: str, ipv4: IPv4Address | None, ipv6: IPv6Address | None, segment: str | None
) -> Iterator[Use]:
    for address in (ipv4, ipv6):
        if address is not None:
            yield (*path, f"ipv{address.version}"), name, address, segment


def _gateways(context: Context) -> Iterator[Use]:
    if not context.usable("gateways"):
        return
    gateways = context.declaration.gateways
    for segment in context.declaration.segments.values():
        for prefix in (segment.ipv4, segment.ipv6):
            if prefix is None or segment.own_uplink:
                continue
            base = prefix.network_address
            yield ("gateways", "vip"), f"the gateways in {segment.name}", base + gateways.vip, segment.name
            if segment.vlan is not None:
                for host, last in gateways.last.items():
                    yield ("gateways", "addresses", host), f"{host} in {segment.name}", base + last, segment.name
    for host, address in gateways.sync.addresses.items():
        yield ("gateways", "sync", "addresses", host), f"{host} on the sync cable", address, None


def _routers(context: Context) -> Iterator[Use]:
    for segment in context.declaration.segments.values():
        for family, router in segment.router.items():
            yield (*segment_path(segment.name), "router", family), f"the router of {segment.name}", router, None


def _hosts(context: Context) -> Iterator[Use]:
    for host in context.declaration.hosts.values():
        if host.name not in context.declaration.gateways.hosts:
            for leg in host.legs:
                yield from _both(
                    ("hosts", host.name, "legs", leg.interface), host.name, leg.ipv4, leg.ipv6, leg.segment
                )


def _vips(context: Context) -> Iterator[Use]:
    for vip in context.declaration.vips.values():
        yield from _both(("vips", vip.name), f"vip {vip.name}", vip.ipv4, vip.ipv6, vip.segment)


def _people(context: Context) -> Iterator[Use]:
    tunnel = tunnel_segment(context.declaration)
    for person in context.declaration.people.values():
        yield from _both(
            ("people", person.name), person.name, person.ipv4, person.ipv6, tunnel.name if tunnel else None
        )


def _external(context: Context) -> Iterator[Use]:
    for party in context.declaration.external.values():
        ipv4 = party.ipv4.ip if party.ipv4 else None
        ipv6 = party.ipv6.ip if party.ipv6 else None
        yield from _both(("external", party.name), party.name, ipv4, ipv6, None)
