"""Observations as a converged site gives them: rendered rulesets, and what the slices ask of network and switch."""

from copy import deepcopy

from shoko.observe.visit import observation
from shoko.policy import slices
from shoko.policy.switching import access_ports


def pages(declaration, listings):
    """What the observer prints on each host; tests change what they want to slip."""
    content = slices(declaration)
    return {host: _page(declaration, content[host], listings[host]) for host in declaration.hosts}


def seen(made):
    """The observations of such pages."""
    return {host: page if isinstance(page, str) else observation(page) for host, page in made.items()}


def route(page, family, dst, **more):
    """Add a route to a page's main table."""
    page["routing"][family]["routes"].append({"dst": dst, "protocol": "static", "flags": [], **more})


def link(page, name, *addresses, kind=None, flags=("UP", "LOWER_UP"), **more):
    """Add a link to a page."""
    about = {"linkinfo": {"info_kind": kind}} if kind else {}
    found = [{"local": one.split("/")[0], "prefixlen": int(one.split("/")[1]), "scope": "global"} for one in addresses]
    page["addresses"].append({"ifname": name, "flags": list(flags), "addr_info": found, **about, **more})


def dropped(page, family, dst):
    """Take a route out of all tables of a page."""
    routes = page["routing"][family]["routes"]
    routes[:] = [one for one in routes if one["dst"] != dst or "type" in one]


def row(name, tag, mode="access"):
    """A port as ovs-vsctl prints it."""
    return [["uuid", name], name, tag, ["set", []], mode, ["uuid", name]]


def port(page, name, **columns):
    """Change a port of the switch."""
    table = page["switch"]["ports"]
    changed = next(one for one in table["data"] if one[1] == name)
    for column, value in columns.items():
        changed[table["headings"].index(column)] = value


def _page(declaration, part, listing):
    gateway = part["firewall"]["gateway"]
    page = {
        "format": 2, "kernel": "6.12.0", "ruleset": deepcopy(listing), "addresses": [], "listeners": [],
        "routing": {"4": _routing(part, "ipv4"), "6": _routing(part, "ipv6")},
        "sysctls": {"forwarding4": int(gateway), "forwarding6": int(gateway), "helper": None},
        "modules": [], "legacy": [], "classifiers": [], "proxying": [], "switch": None, "proxy": None, "errors": {},
    }  # fmt: skip
    link(page, "lo", "127.0.0.1/8", "::1/128")
    for leg in part["legs"]:
        ends = [leg[family] for family in ("ipv4", "ipv6") if leg[family]]
        link(page, leg["interface"], *(f"{end['address']}/{end['length']}" for end in ends), kind="veth")
    if gateway:
        for segment in declaration.segments.values():
            if segment.tunnel:
                own = [declaration.gateway_vip(segment.name, family) for family in ("ipv4", "ipv6")]
                link(page, segment.interface, *(f"{one}/24" for one in own if one), kind="wireguard")
                _connected(page, segment.interface, segment)
    if part["host"] in declaration.switches:
        page["switch"] = _switch(declaration, part)
        link(page, "br0", kind="tun", flags=())
    return page


def _connected(page, interface, segment):
    for family, network in (("4", segment.ipv4), ("6", segment.ipv6)):
        if network is not None:
            route(page, family, str(network), dev=interface)


def _routing(part, family):
    """The routes and rules that the role `network` asks for: a table for each leg, and the main one."""
    default = {"priority": 32766, "src": "all", "table": "main"}
    rules = [{"priority": 0, "src": "all", "table": "local"}, default]
    routes = []
    for leg in part["legs"]:
        if not leg[family]:
            continue
        routes.append({"dst": leg[family]["prefix"], "dev": leg["interface"], "flags": []})
        own = {"dst": leg[family]["address"], "dev": leg["interface"], "flags": []}
        routes.append({**own, "type": "local", "table": "local"})
        mine = [one for one in leg["routes"] if one["family"] == family]
        metric = {} if part["firewall"]["gateway"] else {"metric": leg["table"]}
        routes += [_to(one, leg, **metric) for one in mine]
        if not part["firewall"]["gateway"]:
            table = str(leg["table"])
            routes.append({"dst": leg[family]["prefix"], "dev": leg["interface"], "table": table, "flags": []})
            routes += [_to(one, leg, table=table) for one in mine]
            routes.append({"type": "unreachable", "dst": "default", "table": table, "metric": 4294967295, "flags": []})
            rules.append({"priority": leg["table"], "src": leg[family]["address"], "table": table})
    return {"routes": routes, "rules": rules}


def _to(one, leg, **more):
    dst = "default" if one["to"].endswith("/0") else one["to"].removesuffix("/32").removesuffix("/128")
    return {"dst": dst, "gateway": one["via"], "dev": leg["interface"], "flags": [], **more}


def _switch(declaration, part):
    empty = ["set", []]
    rows = [row(one.name, one.vlan) for one in access_ports(declaration)]
    rows += [row(leg["interface"], leg["vlan"], empty) for leg in part["legs"]]
    rows.append(row("br0", empty, empty))
    return {
        "bridges": {
            "headings": ["name", "ports", "controller", "mirrors"],
            "data": [["br0", ["set", [one[0] for one in rows]], empty, empty]],
        },
        "ports": {"headings": ["_uuid", "name", "tag", "trunks", "vlan_mode", "interfaces"], "data": rows},
        "flows": {"br0": ["priority=0 actions=NORMAL"]},
    }
