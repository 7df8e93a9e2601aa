"""Every name that is used is declared, and every control id is in the catalogue."""

from __future__ import annotations

from shoko.declaration.catalogue import controls
from shoko.declaration.checks.context import Context, flow_path, segment_path
from shoko.declaration.reader import Path_


def check(context: Context) -> None:
    """Names of zones, segments, hosts, groups, shared addresses, sites, owners, libraries, controls."""
    _network(context)
    _hosts(context)
    _site(context)
    _flows(context)


def known_control(context: Context, path: Path_, control: str) -> None:
    """The control is in the catalogue."""
    if control not in controls():
        letter = control[:1]
        same = [known for known in controls() if known.startswith(letter)]
        allowed = f"{same[0]} to {same[-1]}" if same else "an id of controls.yml"
        context.report(path, f"unknown control {control}", allowed)


def _network(context: Context) -> None:
    declaration = context.declaration
    for zone in declaration.zones.values():
        known_control(context, ("zones", zone.name, "control"), zone.control)
    for segment in declaration.segments.values():
        if segment.library is not None:
            path = (*segment_path(segment.name), "library")
            context.known(path, "library", segment.library, context.written("libraries"))
    for index, nat in enumerate(declaration.nat):
        known_control(context, ("nat", index, "control"), nat.control)
        known_group(context, ("nat", index, "source", "group"), nat.group)
        if context.known(("nat", index, "out"), "segment", nat.out, context.segments_written()):
            zone_name = nat.out.partition(".")[0]
            zone_of = declaration.zones.get(zone_name)
            if zone_of is not None and not zone_of.outside:
                context.report(("nat", index, "out"), f"{nat.out} is not outside", "a line of an outside zone")
    if context.usable("gateways"):
        context.known(("gateways", "manage"), "segment", declaration.gateways.manage, context.segments_written())


def known_group(context: Context, path: Path_, group: str) -> None:
    """A group that is used has hosts."""
    groups = _groups_written(context)
    if group not in groups:
        context.report(path, f"group {group} is empty", "a group of some host: " + ", ".join(sorted(groups)))


def _groups_written(context: Context) -> set[str]:
    groups: set[str] = set()
    for name in context.written("hosts"):
        raw = context.source.tree["hosts"][name]
        listed = raw.get("groups") if isinstance(raw, dict) else None
        groups |= {group for group in listed if isinstance(group, str)} if isinstance(listed, list) else set()
    return groups


def _hosts(context: Context) -> None:
    declaration = context.declaration
    segments = context.segments_written()
    for host in declaration.hosts.values():
        if host.name in declaration.gateways.hosts:
            continue
        for leg in host.legs:
            path: Path_ = ("hosts", host.name, "legs", leg.interface, "segment")
            context.known(path, "segment", leg.segment, segments)
    for vip in declaration.vips.values():
        context.known(("vips", vip.name, "segment"), "segment", vip.segment, segments)
        known_group(context, ("vips", vip.name, "held_by"), vip.held_by)
    for party in declaration.external.values():
        path = ("external", party.name, "zone")
        if context.known(path, "zone", party.zone, context.written("zones")):
            zone = declaration.zones.get(party.zone)
            if zone is not None and not zone.outside:
                context.report(path, f"zone {party.zone} is not outside", "an outside zone")


def _site(context: Context) -> None:
    declaration = context.declaration
    for name in declaration.names.values():
        context.known(("names", name.key, "vip"), "vip", name.vip, context.written("vips"))
    for site in declaration.sites.values():
        known_control(context, ("sites", site.name, "control"), site.control)
    if context.usable("updates"):
        context.known(("updates", "site"), "site", declaration.updates.site, context.written("sites"))
    if context.usable("policies"):
        for index, apart in enumerate(declaration.policies.apart):
            known_control(context, ("policies", "apart", index, "control"), apart.control)
            for side, zone in enumerate(apart.zones):
                path: Path_ = ("policies", "apart", index, "zones", side)
                context.known(path, "zone", zone, context.written("zones"))


def _flows(context: Context) -> None:
    for flow in context.declaration.flows.values():
        path = flow_path(flow)
        for index, service in enumerate(flow.services):
            context.known((*path, "services", index), "service", service, context.written("services"))
        for index, site in enumerate(flow.via_sites):
            context.known((*path, "via", "sites", index), "site", site, context.written("sites"))
        if flow.why.control is not None:
            known_control(context, (*path, "why"), flow.why.control)
        context.known((*path, "owner"), "owner", flow.owner, context.written("owners"))
