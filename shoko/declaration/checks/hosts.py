"""Hosts, their legs and groups, and what groups as a whole must be."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.declaration.checks.context import Context
from shoko.declaration.ends import is_internet, tunnel_segment
from shoko.declaration.model import Host
from shoko.declaration.reader import Path_


def check(context: Context) -> None:
    """Legs, gateways, switches, quorum, holders of shared addresses, names."""
    for host in context.declaration.hosts.values():
        if host.name not in context.declaration.gateways.hosts:
            _legs(context, host)
    _gateways(context)
    _switches(context)
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


def _gateways(context: Context) -> None:
    if not context.usable("gateways"):
        return
    declaration = context.declaration
    gateways = declaration.gateways
    for index, name in enumerate(gateways.hosts):
        if not context.known(("gateways", "hosts", index), "host", name, context.written("hosts")):
            continue
        host = declaration.hosts.get(name)
        if host is None:
            continue
        if "gateways" not in host.groups:
            context.report(("hosts", name, "groups"), "lacks the group gateways", "every host of gateways.hosts has it")
        if "legs" in context.source.tree["hosts"][name]:
            context.report(("hosts", name, "legs"), "a gateway's legs follow from `gateways`", "no legs here")
    for host in declaration.group("gateways"):
        if host.name not in gateways.hosts:
            context.report(
                ("hosts", host.name, "groups"), "is in group gateways but not in gateways.hosts", "both or neither"
            )
    for key, given in (("addresses", gateways.last), ("sync", gateways.sync.addresses)):
        path: Path_ = ("gateways", key) if key == "addresses" else ("gateways", "sync", "addresses")
        for name in gateways.hosts:
            if name not in given:
                context.report(path, f"lacks {name}", "one entry for each of gateways.hosts")
        for name in given:
            if name not in gateways.hosts:
                context.report((*path, name), f"{name} is no gateway", "one of " + ", ".join(gateways.hosts))
    _cards(context)
    segment = declaration.segments.get(gateways.manage)
    if segment is not None and segment.vlan is None:
        context.report(("gateways", "manage"), f"{gateways.manage} is on no switch", "a segment with a vlan")


def _cards(context: Context) -> None:
    """Network cards are named for interfaces that the gateways have."""
    nics = context.source.tree["gateways"].get("nics", {})
    interfaces = [s.interface for s in context.declaration.segments.values() if s.vlan is not None]
    interfaces.append(context.declaration.gateways.sync.interface)
    for name, cards in nics.items():
        path: Path_ = ("gateways", "nics", name)
        if context.known(path, "gateway", name, context.declaration.gateways.hosts):
            for interface in cards:
                context.known((*path, interface), "interface", interface, interfaces)


def _switches(context: Context) -> None:
    declaration = context.declaration
    for name in declaration.switches:
        path: Path_ = ("switches", name)
        if context.known(path, "host", name, context.written("hosts")):
            host = declaration.hosts.get(name)
            if host is not None and "switches" not in host.groups:
                context.report(("hosts", name, "groups"), "lacks the group switches", "every host of `switches` has it")
    for host in declaration.group("switches"):
        if host.name not in context.written("switches"):
            context.report(
                ("hosts", host.name, "groups"), "is in group switches but not in `switches`", "both or neither"
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
            path: Path_ = ("names", entry.key, "names", index)
            if (other := public.setdefault(name, entry.key)) != entry.key:
                context.report(path, f"{name} is also a name of {other}", "a name of its own")
            if name.endswith(internal) and context.usable("site"):
                context.report(path, f"{name} is in the internal domain", "a public name")
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
