"""Hosts, their legs and groups, and what groups as a whole must be."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.declaration.checks.context import Context
from shoko.declaration.ends import MANAGE, is_internet, tunnel_segment
from shoko.declaration.model import Host
from shoko.declaration.reader import Path_


def check(context: Context) -> None:
    """Legs, quorum, holders of shared addresses, names, people."""
    for host in context.declaration.hosts.values():
        if host.name not in context.declaration.gateways.hosts:
            _legs(context, host)
    _groups(context)
    _vips(context)
    _names(context)
    _internet(context)
    _people(context)


def _legs(context: Context, host: Host) -> None:
    path: Path_ = ("hosts", host.name)
    if not host.legs:
        if "gateways" not in host.groups or context.usable("gateways"):
            context.report(path, "has no leg", "at least one, with manage: true on one of them")
        return
    managed = [leg.interface for leg in host.legs if leg.manage]
    if len(managed) != 1:
        what = "no leg with manage: true" if not managed else f"manage: true on {' and '.join(managed)}"
        context.report(
            (*path, "legs"), f"has {what}", "exactly one of " + ", ".join(leg.interface for leg in host.legs)
        )
    seen: dict[str, str] = {}
    for leg in host.legs:
        here = (*path, "legs", leg.interface)
        if leg.interface == MANAGE:
            context.report(here, f"an interface called {MANAGE}", f"another name: leg: {MANAGE} means the managed leg")
        if leg.ipv4 is None and leg.ipv6 is None:
            context.report(here, "has no address", "ipv4, ipv6 or both")
        if (other := seen.setdefault(leg.segment, leg.interface)) != leg.interface:
            context.report(
                (*here, "segment"), f"{leg.segment} is also the segment of leg {other}", "one leg per segment"
            )
        segment = context.declaration.segments.get(leg.segment)
        if segment is not None and segment.vlan is None:
            context.report((*here, "segment"), f"{leg.segment} is on no switch", "a segment with a vlan")
        elif segment is not None and context.declaration.zones[segment.zone].outside:
            context.report(
                (*here, "segment"), f"{leg.segment} is outside", "a zone of ours; outside parties stand in `external`"
            )


def _groups(context: Context) -> None:
    """What a group as a whole must be: a quorum is odd, there is one control node."""
    declaration = context.declaration
    etcd = declaration.group("etcd")
    if etcd and len(etcd) % 2 == 0:
        names = ", ".join(host.name for host in etcd)
        path: Path_ = ("hosts", etcd[-1].name, "groups")
        context.report(path, f"etcd has {len(etcd)} members ({names})", "an odd number: a quorum needs a majority")
    if declaration.group("databases") and not etcd:
        first = declaration.group("databases")[0]
        context.report(
            ("hosts", first.name, "groups"), "databases without etcd", "an odd number of hosts in group etcd"
        )
    control = declaration.group("control")
    if len(control) != 1 and not any(path[0] == "hosts" for path in context.broken):
        where: Path_ = ("hosts", control[-1].name, "groups") if control else ("hosts",)
        context.report(where, f"{len(control)} hosts in group control", "exactly one: the control node")
    if declaration.policies.maintenance_access == "onsite":
        for host in declaration.group("bastions"):
            if host.groups == ("bastions",):
                context.report(
                    ("hosts", host.name, "groups"),
                    "a bastion under maintenance_access: onsite",
                    "no bastion: nobody comes in from outside",
                )


def _vips(context: Context) -> None:
    """Every holder of a shared address stands in its segment, with the same families."""
    declaration = context.declaration
    for vip in declaration.vips.values():
        path: Path_ = ("vips", vip.name)
        if vip.ipv4 is None and vip.ipv6 is None:
            context.report(path, "has no address", "ipv4, ipv6 or both")
        if vip.ipv4 is None and vip.ipv6 is not None:
            context.report(path, "has no ipv4", "VRRP runs over IPv4 here; the IPv6 address goes along with it")
        if vip.segment not in declaration.segments:
            continue
        for host in declaration.group(vip.held_by):
            if host.name in declaration.gateways.hosts:
                context.report(
                    (*path, "held_by"), "the gateways' shared addresses follow from gateways.vip", "another group"
                )
                break
            legs = [leg for leg in host.legs if leg.segment == vip.segment]
            if not legs:
                context.report(
                    (*path, "held_by"), f"{host.name} has no leg in {vip.segment}", "every holder stands in the segment"
                )
            for leg in legs:
                for family, address, own in (("ipv4", vip.ipv4, leg.ipv4), ("ipv6", vip.ipv6, leg.ipv6)):
                    if address is not None and own is None:
                        context.report(
                            (*path, family),
                            f"{host.name} has no {family} on {leg.interface}",
                            "every holder has the family",
                        )


def _hosts_names(context: Context) -> Iterator[tuple[Path_, str, str]]:
    for key, kind in (("hosts", "host"), ("external", "external party"), ("vips", "vip"), ("people", "person")):
        for name in context.written(key):
            yield (key, name), name, f"a {kind}" if kind[0] != "e" else f"an {kind}"


def _names(context: Context) -> None:
    """Names that would stand for two machines: in the hosts file, in selectors, in certificates."""
    first: dict[str, str] = {}
    for path, name, kind in _hosts_names(context):
        if name in first:
            context.report(path, f"{name} is also the name of {first[name]}", "a name of its own")
        first.setdefault(name, kind)
    public: dict[str, str] = {}
    internal = "." + context.declaration.internal_domain
    for entry in context.declaration.names.values():
        for index, name in enumerate(entry.names):
            where: Path_ = ("names", entry.key, "names", index)
            if (other := public.setdefault(name, entry.key)) != entry.key:
                context.report(where, f"{name} is also a name of {other}", "a name of its own")
            if name.endswith(internal) and context.usable("site"):
                context.report(where, f"{name} is in the internal domain", "a public name")
    flows = context.written("flows")
    for name in context.written("platform"):
        if name in flows:
            context.report(("platform", name), f"{name} is also a flow", "a name of its own")


def _internet(context: Context) -> None:
    zones = [zone.name for zone in context.declaration.zones.values() if is_internet(zone)]
    if len(zones) > 1:
        context.report(
            ("zones", zones[1]),
            f"{' and '.join(zones)} both lead to the internet",
            "one zone with a line at the gateways",
        )


def _people(context: Context) -> None:
    """Peers of the VPN: only where there is one."""
    declaration = context.declaration
    onsite = declaration.policies.maintenance_access == "onsite" and context.usable("policies")
    tunnel = tunnel_segment(declaration)
    for person in declaration.people.values():
        path: Path_ = ("people", person.name)
        if onsite:
            context.report(
                path, "a VPN peer under maintenance_access: onsite", "no people: nobody comes in from outside"
            )
        elif tunnel is None:
            context.report(
                path, "there is no segment with a tunnel", "zones.<zone>.segments.<segment>.tunnel: wireguard"
            )
        if person.ipv4 is None and person.ipv6 is None:
            context.report(path, "has no address", "ipv4, ipv6 or both")
    keys: dict[str, str] = {}
    for person in declaration.people.values():
        if person.public_key != "lab" and (other := keys.setdefault(person.public_key, person.name)) != person.name:
            context.report(("people", person.name, "public_key"), f"is also the key of {other}", "one key per person")
    tunnels = [segment for segment in declaration.segments.values() if segment.tunnel]
    for segment in tunnels[1:]:
        context.report(
            ("zones", segment.zone, "segments", segment.key, "tunnel"), f"a second VPN beside {tunnels[0].name}", "one"
        )
    if onsite:
        for segment in tunnels:
            context.report(
                ("zones", segment.zone, "segments", segment.key, "tunnel"),
                "a VPN under maintenance_access: onsite",
                "no tunnel",
            )
