"""Prefixes and addresses: each is there once, and where it belongs."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from shoko.declaration.checks.context import Context
from shoko.declaration.checks.uses import networks, prefix_of, uses
from shoko.declaration.ends import host_prefix, is_internet
from shoko.declaration.model import Address, Segment


def check(context: Context) -> None:
    """Everything that would make two things answer to the same address, or one at a place not its own."""
    _prefixes(context)
    _unique(context)
    _placed(context)
    _external(context)


def _prefixes(context: Context) -> None:
    declared = list(networks(context))
    for index, (path, name, prefix) in enumerate(declared):
        for _, other_name, other in declared[:index]:
            if prefix.version == other.version and prefix.overlaps(other):
                context.report(path, f"{name} {prefix} overlaps {other_name} {other}", "prefixes of their own")
    for zone in context.declaration.zones.values():
        for number, included in enumerate(zone.includes):
            path = ("zones", zone.name, "includes", number)
            for _, name, prefix in declared:
                if prefix.version == included.version and prefix.overlaps(included):
                    context.report(path, f"{included} overlaps {name} {prefix}", "only prefixes that are not ours")


def _unique(context: Context) -> None:
    first: dict[Address, str] = {}
    for path, name, address, _ in uses(context):
        if (other := first.get(address)) is not None:
            context.report(path, f"{name}: {address} is also the address of {other}", "an address of its own")
        else:
            first[address] = name


def _placed(context: Context) -> None:
    """Every address lies in its segment, and is one that a host can have."""
    for path, name, address, segment_name in uses(context):
        segment = context.declaration.segments.get(segment_name or "")
        if segment is None:
            continue
        prefix = prefix_of(segment, f"ipv{address.version}")
        if prefix is None:
            context.report(
                path, f"{address} of {name}: {segment.name} has no ipv{address.version}", "no such address, or a prefix"
            )
        elif address not in prefix:
            context.report(path, f"{address} of {name} is not in {segment.name}", f"an address of {prefix}")
        elif address == prefix.network_address or (
            isinstance(prefix, IPv4Network) and address == prefix.broadcast_address
        ):
            context.report(
                path, f"{address} of {name} stands for all of {prefix}", "an address between the first and the last"
            )
    if context.usable("gateways"):
        sync = context.declaration.gateways.sync
        for host, sync_address in sync.addresses.items():
            if sync_address not in sync.ipv4 or sync_address in {
                sync.ipv4.network_address,
                sync.ipv4.broadcast_address,
            }:
                path = ("gateways", "sync", "addresses", host)
                context.report(
                    path, f"{sync_address} is not an address of {sync.ipv4}", f"a last part inside {sync.ipv4}"
                )


def _external(context: Context) -> None:
    """A party outside stands in a prefix of its zone, or anywhere in the internet that is not ours."""
    declaration = context.declaration
    for party in declaration.external.values():
        zone = declaration.zones.get(party.zone)
        if zone is None or not zone.outside:
            continue
        if party.ipv4 is None and party.ipv6 is None:
            context.report(("external", party.name), "has no address", "ipv4, ipv6 or both")
        for written in (party.ipv4, party.ipv6):
            if written is None:
                continue
            path = ("external", party.name, f"ipv{written.version}")
            own = [p for s in zone.segments for p in (s.ipv4, s.ipv6) if p is not None]
            places = [*own, *zone.includes]
            inside = any(place.version == written.version and written.ip in place for place in places)
            if is_internet(zone):
                home = _declared_home(declaration.segments.values(), written.ip, zone.name)
                if home is not None:
                    context.report(path, f"{written.ip} belongs to {home}", "an address of the internet")
                elif not inside and not host_prefix(written.ip).is_global:
                    context.report(
                        path,
                        f"{written.ip} is no address of the internet",
                        f"a public one, or one of {zone.name}.includes",
                    )
            elif not inside:
                wanted = ", ".join(str(place) for place in places)
                context.report(path, f"{written.ip} is not in zone {zone.name}", f"an address of {wanted}")


def _declared_home(segments: Iterable[Segment], address: Address, zone: str) -> str | None:
    """The segment of another zone in which the address lies."""
    for segment in segments:
        for prefix in (segment.ipv4, segment.ipv6):
            if segment.zone != zone and prefix is not None and address in prefix:
                return segment.name
    return None
