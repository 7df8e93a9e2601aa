"""VLANs, interfaces and network cards: what is plugged where."""

from __future__ import annotations

from shoko.declaration.checks.context import Context, segment_path
from shoko.declaration.checks.uses import prefix_of
from shoko.declaration.ends import is_internet
from shoko.declaration.reader import Path_
from shoko.declaration.switching import switch_ports

INTERFACE_BYTES = 15  # IFNAMSIZ - 1, linux/if.h


def check(context: Context) -> None:
    """Each segment is reached in one way; names and cards are used once."""
    _segments(context)
    _vlans(context)
    _interfaces(context)
    _ports(context)
    _cards(context)


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
            prefix = prefix_of(segment, family)
            if prefix is None or router not in prefix:
                context.report((*path, "router", family), f"{router} is not in {prefix or 'the segment'}", f"{prefix}")


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


def _ports(context: Context) -> None:
    """Port names are shortened where they would be too long: two must not become one."""
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
