"""Prefixes, addresses, VLANs, interfaces and network cards: each is there once, and where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from shoko.declaration.checks.context import Context, segment_path
from shoko.declaration.ends import FAMILIES, host_prefix, is_internet
from shoko.declaration.model import Address, Network, Segment
from shoko.declaration.reader import Path_
from shoko.declaration.switching import switch_ports

INTERFACE_BYTES = 15  # IFNAMSIZ - 1, linux/if.h


def check(context: Context) -> None:
    """Everything that would make two things answer to the same address, or one at a place not its own."""
    _segments(context)
    _prefixes(context)
    _vlans(context)
    _interfaces(context)
    _cards(context)
    _unique(context)
    _placed(context)
    _external(context)


def _prefix(segment: Segment, family: str) -> Network | None:
    return segment.ipv4 if family == "ipv4" else segment.ipv6


def _segments(context: Context) -> None:
    """A segment has addresses and exactly one way to be reached."""
    for segment in context.declaration.segments.values():
        path = segment_path(segment.name)
        zone = context.declaration.zones[segment.zone]
        ways = [segment.vlan is not None, segment.tunnel is not None, segment.own_uplink]
        if sum(ways) != 1:
            what = "has neither" if not any(ways) else "has more than one of"
            context.report(path, f"{what} vlan, tunnel, uplink", "exactly one of them")
        if segment.ipv4 is None and segment.ipv6 is None:
            context.report(path, "has no prefix", "ipv4, ipv6 or both")
        if segment.own_uplink and not zone.outside:
            context.report((*path, "uplink"), "a line of its own in a zone of ours", "only in zones with outside: true")
        if is_internet(zone) and segment.vlan is not None and not segment.router:
            context.report(path, "lacks router", "the provider's address on the line")
        for family, router in segment.router.items():
            prefix = _prefix(segment, family)
            if prefix is None or router not in prefix:
                context.report((*path, "router", family), f"{router} is not in {prefix or 'the segment'}", f"{prefix}")


def _networks(context: Context) -> Iterator[tuple[Path_, str, Network]]:
    """Every prefix that is declared: where, a name for people, the prefix."""
    for segment in context.declaration.segments.values():
        for family in FAMILIES:
            if (prefix := _prefix(segment, family)) is not None:
                yield (*segment_path(segment.name), family), segment.name, prefix
    if context.usable("gateways"):
        yield ("gateways", "sync", "ipv4"), "gateways.sync", context.declaration.gateways.sync.ipv4


def _prefixes(context: Context) -> None:
    networks = list(_networks(context))
    for index, (path, name, prefix) in enumerate(networks):
        for _, other_name, other in networks[:index]:
            if prefix.version == other.version and prefix.overlaps(other):
                context.report(path, f"{name} {prefix} overlaps {other_name} {other}", "prefixes of their own")
    for zone in context.declaration.zones.values():
        for number, included in enumerate(zone.includes):
            path = ("zones", zone.name, "includes", number)
            for _, name, prefix in networks:
                if prefix.version == included.version and prefix.overlaps(included):
                    context.report(path, f"{included} overlaps {name} {prefix}", "only prefixes that are not ours")


def _vlans(context: Context) -> None:
    first: dict[int, str] = {}
    for segment in context.declaration.segments.values():
        if segment.vlan is None:
            continue
        if (other := first.setdefault(segment.vlan, segment.name)) != segment.name:
            path = (*segment_path(segment.name), "vlan")
            context.report(path, f"VLAN {segment.vlan} is also that of {other}", "a VLAN of its own")


def _interfaces(context: Context) -> None:
    """The gateways' interfaces: one name each, and none too long for the kernel."""
    first: dict[str, str] = {}
    if context.usable("gateways"):
        first[context.declaration.gateways.sync.interface] = "gateways.sync"
    for segment in context.declaration.segments.values():
        if segment.own_uplink:
            continue
        path = (*segment_path(segment.name), "interface")
        if len(segment.interface.encode()) > INTERFACE_BYTES:
            context.report(
                path,
                f"interface {segment.interface} would be {len(segment.interface.encode())} bytes",
                f"at most {INTERFACE_BYTES}: write a shorter `interface`",
            )
        if (other := first.setdefault(segment.interface, segment.name)) != segment.name:
            context.report(path, f"interface {segment.interface} is also that of {other}", "a name of its own")
    for host in context.declaration.hosts.values():
        for leg in host.legs:
            if leg.interface == "lo":
                context.report(("hosts", host.name, "legs", "lo"), "lo is the loopback", "another name")
    ports: dict[str, str] = {}
    for port in switch_ports(context.declaration):
        owner = f"{port.host}.{port.interface}"
        if (other := ports.setdefault(port.name, owner)) != owner:
            context.report(
                ("hosts", port.host), f"its switch port {port.name} is also that of {other}", "another host name"
            )


def _cards(context: Context) -> None:
    first: dict[str, str] = {}
    for host in context.declaration.hosts.values():
        for leg in host.legs:
            card = leg.mac or (f"{host.name} {leg.path}" if leg.path else None)
            if card is None:
                continue
            owner = f"{host.name}.{leg.interface}"
            if (other := first.setdefault(card, owner)) != owner:
                if host.name in context.declaration.gateways.hosts:
                    path: Path_ = ("gateways", "nics", host.name, leg.interface)
                else:
                    path = ("hosts", host.name, "legs", leg.interface, "nic")
                context.report(path, f"network card {leg.mac or leg.path} is also that of {other}", "one card, one leg")


def _uses(context: Context) -> Iterator[tuple[Path_, str, Address, str | None]]:
    """Every single address: where it is written, whose it is, the address, the segment where it must be."""
    declaration = context.declaration
    gateways = declaration.gateways
    if context.usable("gateways"):
        for segment in declaration.segments.values():
            if segment.own_uplink:
                continue
            for family in FAMILIES:
                if (prefix := _prefix(segment, family)) is None:
                    continue
                base = prefix.network_address
                yield ("gateways", "vip"), f"the gateways in {segment.name}", base + gateways.vip, segment.name
                if segment.vlan is not None:
                    for host, last in gateways.last.items():
                        yield ("gateways", "addresses", host), f"{host} in {segment.name}", base + last, segment.name
        for host, address in gateways.sync.addresses.items():
            yield ("gateways", "sync", "addresses", host), f"{host} on the sync cable", address, None
    for segment in declaration.segments.values():
        for family, router in segment.router.items():
            yield (*segment_path(segment.name), "router", family), f"the router of {segment.name}", router, None
    for machine in declaration.hosts.values():
        if machine.name in gateways.hosts:
            continue
        for leg in machine.legs:
            for address_of in (leg.ipv4, leg.ipv6):
                if address_of is not None:
                    path = ("hosts", machine.name, "legs", leg.interface, f"ipv{address_of.version}")
                    yield path, machine.name, address_of, leg.segment
    for vip in declaration.vips.values():
        for address_of in (vip.ipv4, vip.ipv6):
            if address_of is not None:
                yield ("vips", vip.name, f"ipv{address_of.version}"), f"vip {vip.name}", address_of, vip.segment
    tunnel = next((s.name for s in declaration.segments.values() if s.tunnel), None)
    for person in declaration.people.values():
        for address_of in (person.ipv4, person.ipv6):
            if address_of is not None:
                yield ("people", person.name, f"ipv{address_of.version}"), person.name, address_of, tunnel
    for party in declaration.external.values():
        for written in (party.ipv4, party.ipv6):
            if written is not None:
                yield ("external", party.name, f"ipv{written.version}"), party.name, written.ip, None


def _unique(context: Context) -> None:
    first: dict[Address, str] = {}
    for path, name, address, _ in _uses(context):
        if (other := first.get(address)) is not None:
            context.report(path, f"{name}: {address} is also the address of {other}", "an address of its own")
        else:
            first[address] = name


def _placed(context: Context) -> None:
    """Every address lies in its segment, and is one that a host can have."""
    for path, name, address, segment_name in _uses(context):
        segment = context.declaration.segments.get(segment_name or "")
        if segment is None:
            continue
        prefix = _prefix(segment, f"ipv{address.version}")
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
