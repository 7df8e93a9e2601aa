"""The slice's parts for one role each: entry, ILS, database, switch, bastion. Present only where the group is."""

from __future__ import annotations

from shoko.declaration.model import Address, Host
from shoko.policy.rules import Json, answering_legs, sending_legs, text
from shoko.policy.supplies import in_url
from shoko.policy.switching import access_ports
from shoko.policy.view import View, addresses

CLUSTER = "shoko"
DATABASE_ROLES = ["ils_owner", "ils_public", "ils_staff"]


def entry(view: View, host: Host) -> Json | None:
    """The reverse proxy: its public names and shared address, and the ILS servers behind it."""
    vip = next((v for v in view.vips_held(host) if v.held_by == "reverse_proxies"), None)
    if "reverse_proxies" not in host.groups or vip is None:
        return None
    return {
        "names": list(view.public_names(vip.name)),
        "vip": _families(vip.ipv4, vip.ipv6),
        "upstreams": _members(view, host, "ils-public", "ils_servers"),
    }


def ils(view: View, host: Host) -> Json | None:
    """An ILS server: where each of its two faces listens, who may come in, where the database is."""
    if "ils_servers" not in host.groups:
        return None
    declaration = view.declaration
    leg = view.service_leg(host, "ils-public")
    staff = next((v for v in view.vips_held(host) if v.held_by == "ils_servers"), None)
    public = {v.name for v in declaration.vips.values() if v.held_by == "reverse_proxies"}
    return {
        "public": {
            "interface": leg.interface,
            "address": _families(leg.ipv4, leg.ipv6),
            "port": view.port("ils-public"),
            "names": [name for vip in declaration.vips if vip in public for name in view.public_names(vip)],
            "entry_clients": _senders(view, host, "ils-public"),
        },
        "staff": None
        if staff is None
        else {
            "vip": staff.name,
            "address": _families(staff.ipv4, staff.ipv6),
            "port": view.port("https"),
            "names": list(view.public_names(staff.name)),
        },
        "databases": _members(view, host, "postgresql", "databases"),
        "copy_cataloguing": _copy_cataloguing(view, host),
        "mail_relay": _mail_relay(view, host),
        "libraries": [
            {"key": key, "ja": one.title.ja, "en": one.title.en} for key, one in declaration.libraries.items()
        ],
        "site": {"ja": declaration.title.ja, "en": declaration.title.en},
    }


def _copy_cataloguing(view: View, host: Host) -> Json | None:
    """Where the staff service fetches records of others: the proxy and the site behind it; None without such a flow.

    It is the first flow of the host to a proxy that names another site than that of packages.
    """
    packages = view.declaration.updates.site
    for item, _leg in view.outgoing(host.name):
        names = [name for name in view.declaration.flows[item.flow].via_sites if name != packages]
        if names and view.carries(item, "proxy"):
            site = view.declaration.sites[names[0]]
            return {"proxy": f"http://{in_url(text(item.destinations[0]))}:{item.port}", "site": site.domains[0]}
    return None


def _mail_relay(view: View, host: Host) -> Json | None:
    """Who takes the mail of the ILS: the first declared host or shared address that a flow for `smtp` leads to."""
    for item, _leg in view.outgoing(host.name):
        if not view.carries(item, "smtp"):
            continue
        legs = answering_legs(view.declaration, item.destination)
        name = item.destination.name if item.destination.kind == "vip" else legs[0].host if legs else ""
        if name:
            return {"host": view.full_name(name), "port": item.port}
    return None


def database(view: View, host: Host) -> Json | None:
    """A member of the database cluster or of its quorum: all members, and who may log in."""
    if not {"databases", "etcd"} & set(host.groups):
        return None
    members = view.declaration.group("databases")
    # Other members' connections are replication, unless an ILS server stands there too.
    silent = {member.name for member in members if "ils_servers" not in member.groups}
    clients: dict[str, list[str]] = {}
    for item, _leg in view.answers(host.name, "postgresql"):
        for leg in sending_legs(view.declaration, item.source):
            if leg.host not in silent:
                clients.setdefault(leg.host, []).extend(
                    one for one in addresses(leg.ipv4, leg.ipv6) if one not in clients.get(leg.host, [])
                )
    if {"databases", "ils_servers"} <= set(host.groups):  # no flow governs what stays on the machine
        own = view.service_leg(host, "postgresql")
        clients[host.name] = addresses(own.ipv4, own.ipv6)
    return {
        "cluster": CLUSTER,
        "port": view.port("postgresql"),
        "members": [_member(view, member, "postgresql") for member in members],
        "etcd": [_member(view, member, "etcd") for member in view.declaration.group("etcd")],
        "clients": [{"host": name, "address": at[0], "addresses": at} for name, at in clients.items()],
        "roles": DATABASE_ROLES,
    }


def backup(view: View, host: Host) -> Json | None:
    """The database's backup: a database knows where it is kept (`stores`), a store whose data it keeps (`members`).

    `clients` may open a connection here: both ends do, the databases to send each piece of the log, the store to fetch
    the rest. None where no flow for `backup` is declared; that flows lead both ways is a check of the declaration.
    """
    if not {"databases", "backups"} & set(host.groups):
        return None
    clients = _senders(view, host, "backup")
    if not clients:
        return None
    leg = view.service_leg(host, "backup")
    content: Json = {
        "stanza": CLUSTER,
        "address": addresses(leg.ipv4, leg.ipv6)[0],
        "port": view.port("backup"),
        "clients": clients,
    }
    if "databases" in host.groups:
        content["stores"] = _members(view, host, "backup", "backups")
    if "backups" in host.groups:
        content["members"] = _members(view, host, "backup", "databases")
    return content


def switch(view: View, host: Host) -> Json | None:
    """A switch: its access ports (`host` is "provider" where a line is plugged in) and its own leg."""
    declaration = view.declaration
    if host.name not in declaration.switches:
        return None
    ports = [
        {"name": port.name, "host": port.host, "interface": port.interface, "segment": port.segment, "vlan": port.vlan}
        for port in access_ports(declaration)
    ]
    own = host.manage_leg
    return {
        "driver": declaration.switches[host.name],
        "ports": ports,
        "management": {"interface": own.interface, "vlan": declaration.segments[own.segment].vlan},
    }


def people(view: View, host: Host) -> list[Json]:
    """Persons who may come in to this host over the VPN, by the flow that lets them."""
    known: dict[tuple[str, str], None] = {}
    for item, _leg in view.incoming(host.name):
        if item.source.kind == "person":
            known[(item.source.name, item.flow)] = None
    return [
        {"person": name, "title": _text(view, name), "kind": view.declaration.people[name].kind, "flow": flow}
        for name, flow in sorted(known)
    ]


def _text(view: View, person: str) -> Json:
    title = view.declaration.people[person].title
    return {"ja": title.ja, "en": title.en}


def _members(view: View, host: Host, service: str, group: str) -> list[Json]:
    """Hosts of a group whose service a host opens, and itself if it is one of them (no flow governs that)."""
    legs = {leg.host: leg for _item, leg in view.opens(host.name, service, group)}
    if group in host.groups:
        legs[host.name] = view.service_leg(host, service)
    return [
        {
            "host": name,
            "name": view.full_name(name),
            "address": addresses(legs[name].ipv4, legs[name].ipv6)[0],
            "addresses": addresses(legs[name].ipv4, legs[name].ipv6),
            "port": view.port(service),
        }
        for name in view.declaration.hosts
        if name in legs
    ]


def _member(view: View, member: Host, service: str) -> Json:
    leg = view.service_leg(member, service)
    at = addresses(leg.ipv4, leg.ipv6)
    return {"name": member.name, "host_name": view.full_name(member.name), "address": at[0], "addresses": at}


def _senders(view: View, host: Host, service: str) -> list[str]:
    """Internal names of the hosts that may open a service here, in declared order."""
    senders = {
        leg.host
        for item, _leg in view.answers(host.name, service)
        for leg in sending_legs(view.declaration, item.source)
    }
    if "reverse_proxies" in host.groups and service == "ils-public":
        senders.add(host.name)
    return [view.full_name(name) for name in view.declaration.hosts if name in senders]


def _families(ipv4: Address | None, ipv6: Address | None) -> Json:
    return {"ipv4": None if ipv4 is None else str(ipv4), "ipv6": None if ipv6 is None else str(ipv6)}
