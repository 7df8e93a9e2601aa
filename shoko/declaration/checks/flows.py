"""Flows: what the policy forbids, what would fall away, what has run out."""

from __future__ import annotations

from ipaddress import ip_network

from shoko.declaration.checks.context import Context, flow_path
from shoko.declaration.ends import FAMILIES, End, is_internet, ports_of
from shoko.declaration.model import Declaration, Flow
from shoko.declaration.reader import Path_

# RFC 1918, RFC 4193: addresses that the internet does not route, whatever stands for the internet in a lab.
_INNER = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))

_SSH = ("tcp", 22)
_PARTS_OF_MANAGEMENT = {"hosts", "flows", "platform", "services", "gateways"}


def check(context: Context) -> None:
    """Each flow by itself, then beside the others."""
    for flow in context.declaration.flows.values():
        _time(context, flow)
        _ports(context, flow)
        if flow.name in context.unclear:
            continue  # nothing certain can be said about ends that are wrong
        sources, destinations = context.ends[flow.name]
        _itself(context, flow, sources, destinations)
        _to_gateway(context, flow, sources, destinations)
        _via(context, flow, destinations)
        _families(context, flow, sources, destinations)
        _internet(context, flow, sources, destinations)
        _apart(context, flow, sources, destinations)
        _foreign_line(context, flow, sources, destinations)
        _people(context, flow, sources, destinations)
    _backup(context)
    _managed(context)


def _time(context: Context, flow: Flow) -> None:
    path = flow_path(flow)
    if flow.expires is not None and flow.expires <= context.now:
        context.report(
            (*path, "expires"), f"expired at {flow.expires.isoformat()}", "a later instant, or remove the flow"
        )
    window = flow.window
    if window is None:
        return
    here: Path_ = (*path, "window")
    if flow.platform:
        context.report(here, "a window on a platform flow", "none: hosts need it always")
    if window.by_command:
        if window.start is not None or window.end is not None:
            context.report(
                here, "by command and with fixed instants", "either by: command with longest, or from and to"
            )
        if window.longest is None:
            context.report(here, "lacks longest", "the longest time that one command may open it, e.g. 4h")
        return
    if window.longest is not None:
        context.report((*here, "longest"), "longest without by: command", "only together with by: command")
    if window.start is None or window.end is None:
        context.report(
            here, "lacks " + ("from" if window.start is None else "to"), "from and to, or by: command with longest"
        )
        return
    if window.end <= window.start:
        context.report((*here, "to"), f"{window.end.isoformat()} is not after the start", "a later instant")
    elif window.end <= context.now:
        context.report(
            (*here, "to"), f"the window ended at {window.end.isoformat()}", "a later window, or remove the flow"
        )


def _ports(context: Context, flow: Flow) -> None:
    if len(set(ports_of(context.declaration, flow.services))) < sum(
        len(context.declaration.services[name].ports) for name in flow.services if name in context.declaration.services
    ):
        context.report((*flow_path(flow), "services"), "two of the services share a port", "each port once")


def _itself(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """What stays inside one host needs no flow, and would be none."""
    names = {end.name for end in (*sources, *destinations)}
    if len(names) == 1 and all(end.kind == "leg" for end in (*sources, *destinations)):
        context.report(
            flow_path(flow), f"permits nothing: both ends are {names.pop()}", "remove it: a host reaches itself"
        )


def _to_gateway(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """A gateway answers at its managed leg, to whoever stands beside it: the way back has to be the way there."""
    for end in destinations:
        if end.kind != "leg" or end.name not in context.declaration.gateways.hosts:
            continue
        afar = sorted({one.name for one in sources if one.segment != end.segment and one.name != end.name})
        if afar:
            context.report(
                (*flow_path(flow), "to"),
                f"gateway {end.name} answers only in {end.segment}, where {', '.join(afar)} does not stand",
                f"from: hosts in {end.segment}",
            )


def _via(context: Context, flow: Flow, destinations: tuple[End, ...]) -> None:
    """What goes through a proxy ends, as packets, at a proxy."""
    if not flow.via_sites:
        return
    declaration = context.declaration
    proxies = {host.name for host in declaration.group("forward_proxies")}
    vips = {vip.name for vip in declaration.vips.values() if vip.held_by == "forward_proxies"}
    for end in destinations:
        if end.name not in proxies | vips:
            context.report(
                (*flow_path(flow), "via"),
                f"{end.name} is no forward proxy",
                "to: the vip or the group of the forward proxies",
            )


def _families(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """Both ends have the same families, or the flow says which it means."""
    if not sources or not destinations:
        return
    path = flow_path(flow)
    ends = (*sources, *destinations)
    if flow.families is not None:
        for family in flow.families:
            lacking = sorted({end.name for end in ends if family not in end.families})
            if lacking:
                context.report(
                    (*path, "families"), f"{', '.join(lacking)} has no {family}", "families that both ends have"
                )
        return
    common = frozenset.intersection(*(end.families for end in ends))
    if not common:
        context.report(path, "the two ends have no address family in common", "an address of the same family on both")
        return
    for family in FAMILIES:
        having = [end for end in ends if family in end.families]
        if having and family not in common:
            lacking = sorted({end.name for end in ends if family not in end.families})
            context.report(
                path,
                f"{family} would fall away: {', '.join(lacking)} lacks it",
                f"give the address, or write families: [{', '.join(sorted(common))}]",
            )


def _internet(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """Addresses that the internet does not route are translated, or not used towards it."""
    path = flow_path(flow)
    families = flow.families or FAMILIES
    for side, ends, others in (("from", destinations, sources), ("to", sources, destinations)):
        if not any(other.kind == "internet" for other in others):
            continue
        for end in ends:
            for family in families:
                network = end.network(family)
                if end.kind == "internet" or network is None:
                    continue
                inner = any(network.version == p.version and network.subnet_of(p) for p in _INNER)  # type: ignore[arg-type]
                if not inner:
                    continue
                if side == "from":
                    context.report(
                        (*path, "to"),
                        f"{network.network_address} of {end.name} cannot be reached from the internet",
                        "a public address",
                    )
                elif not _translated(context.declaration, end, family):
                    context.report(
                        (*path, "from"),
                        f"{network.network_address} of {end.name} cannot leave to the internet over {family}",
                        "a nat entry for its group, or families without it",
                    )


def _translated(declaration: Declaration, end: End, family: str) -> bool:
    host = declaration.hosts.get(end.name)
    return host is not None and any(nat.group in host.groups and nat.family == family for nat in declaration.nat)


def _apart(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """No packets between zones that the policy keeps apart; `via` counts by its packets, to and from the proxy."""
    if not context.usable("policies"):
        return
    declaration = context.declaration
    for apart in declaration.policies.apart:
        one, two = apart.zones
        for start, end in ((one, two), (two, one)):
            if any(e.zone == start for e in sources) and any(e.zone == end for e in destinations):
                context.report(
                    flow_path(flow),
                    f"joins {start} and {end}, which the policy keeps apart ({apart.control})",
                    "no packet between them; via a proxy, if at all",
                )


def _foreign_line(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """A line that is not ours (the patrons') is to us what the internet is: what comes from it may no more."""
    declaration = context.declaration
    foreign = {zone.name for zone in declaration.zones.values() if zone.outside and not is_internet(zone)}
    for zone in sorted({end.zone for end in destinations if end.zone in foreign}):
        context.report(
            (*flow_path(flow), "to"), f"{zone} has a line of its own", "no flow to it: nothing of ours reaches it"
        )
    wanted = sorted({end.zone for end in sources if end.zone in foreign})
    if not wanted:
        return
    ports = ports_of(declaration, flow.services)
    for other in declaration.flows.values():
        others_sources, others_destinations = context.ends[other.name]
        if (
            any(end.kind == "internet" for end in others_sources)
            and set(destinations) <= set(others_destinations)
            and ports <= ports_of(declaration, other.services)
            and other.window is None
        ):
            return
    context.report(
        (*flow_path(flow), "from"),
        f"{wanted[0]} would reach what the internet does not",
        "what a flow from the internet permits, and nothing else",
    )


def _people(context: Context, flow: Flow, sources: tuple[End, ...], destinations: tuple[End, ...]) -> None:
    """Who comes in over the VPN: not under onsite; a vendor to the bastions only, and only in a window."""
    declaration = context.declaration
    path = flow_path(flow)
    onsite = declaration.policies.maintenance_access == "onsite" and context.usable("policies")
    if onsite and (flow.source.person is not None or any(end.kind == "gateway" for end in destinations)):
        context.report(path, "a VPN flow under maintenance_access: onsite", "no flow of a person, none to a gateway")
        return
    vendors = [end.name for end in sources if end.kind == "person" and declaration.people[end.name].kind == "vendor"]
    if not vendors:
        return
    if flow.window is None:
        context.report(path, f"vendor {vendors[0]} could come in at any time", "a window")
    bastions = {host.name for host in declaration.group("bastions")}
    beyond = sorted({end.name for end in destinations} - bastions)
    if beyond:
        context.report(
            (*path, "to"), f"vendor {vendors[0]} would reach {', '.join(beyond)}", "group: bastions, and nothing else"
        )


def _backup(context: Context) -> None:
    """Both ends of the database's backup open connections: it sends the log, the store fetches the rest."""
    declaration = context.declaration
    ways: dict[tuple[str, str], Flow] = {}
    for flow in declaration.flows.values():
        if "backup" in flow.services and flow.name not in context.unclear:
            sources, destinations = context.ends[flow.name]
            ways |= {
                (one.name, two.name): flow for one in sources for two in destinations if one.kind == two.kind == "leg"
            }
    for (sender, receiver), flow in ways.items():
        if (receiver, sender) not in ways and sender != receiver:
            context.report(
                flow_path(flow),
                f"{sender} opens the backup's service on {receiver}, but {receiver} opens none on {sender}",
                "a flow for backup each way: from group databases to group backups, and back",
            )
            return


def _managed(context: Context) -> None:
    """The control node reaches every host at any time: without that, a run would lock itself out."""
    declaration = context.declaration
    control = [host.name for host in declaration.group("control")]
    if len(control) != 1 or context.unclear or any(path[0] in _PARTS_OF_MANAGEMENT for path in context.broken):
        return
    reached: set[str] = set(control)
    for flow in declaration.flows.values():
        sources, destinations = context.ends[flow.name]
        opens = any(end.kind == "leg" and end.name == control[0] for end in sources)
        if opens and flow.window is None and _SSH in ports_of(declaration, flow.services):
            for host in declaration.hosts.values():
                managed = {leg.interface for leg in host.legs if leg.manage}
                if any(
                    end.kind == "leg" and end.name == host.name and end.interface in managed for end in destinations
                ):
                    reached.add(host.name)
    missing = [
        name for name, host in declaration.hosts.items() if name not in reached and any(leg.manage for leg in host.legs)
    ]
    if missing:
        context.report(
            ("hosts", control[0]),
            f"the control node does not reach {', '.join(missing)} over SSH",
            "platform: manage: {from: {host: " + control[0] + "}, to: {managed: true}, services: [ssh], …}",
        )
