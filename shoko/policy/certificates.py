"""The slice's `certificates`: what the internal authority issues to a host.

`purpose` is the intermediate that signs: `entry` (the reverse proxies), `ils`, `data`, `logs`. A verifier trusts the
one intermediate of the peers it expects, so that a terminal's log certificate never opens a database. `common_name`
is the subject's CN: the host, the canonical public name, or for a client of the database the role it logs in as.
"""

from __future__ import annotations

from shoko.declaration.model import Host, Vip
from shoko.policy.rules import Json
from shoko.policy.services import DATABASE_ROLES, backup
from shoko.policy.view import View, addresses

# Where a site has names below .localhost, people reach it through a relay on their own machine, also by address.
LOOPBACK = ["127.0.0.1", "::1"]


def certificates(view: View, host: Host) -> list[Json]:
    """Return the certificates wanted on a host, sorted by name; every managed host has at least `host`."""
    own = [view.full_name(host.name)]
    at = [address for leg in host.legs for address in addresses(leg.ipv4, leg.ipv6)]
    wanted = [_one("host", "logs", own, at)]
    if "reverse_proxies" in host.groups:
        wanted += [_for_vip(view, vip, "entry") for vip in view.vips_held(host) if view.public_names(vip.name)]
        wanted.append(_one("entry-client", "entry", own, at))
    if "ils_servers" in host.groups:
        leg = view.service_leg(host, "ils-public")
        wanted.append(_one("ils", "ils", own, addresses(leg.ipv4, leg.ipv6)))
        wanted += [
            _for_vip(view, vip, "ils")
            for vip in view.vips_held(host)
            if vip.held_by == "ils_servers" and view.public_names(vip.name)
        ]
        wanted += [_database_client(role) for role in DATABASE_ROLES]
    if {"databases", "etcd"} & set(host.groups) or backup(view, host):
        wanted.append(_one("data", "data", own, at))
    return sorted(wanted, key=lambda one: str(one["name"]))


def _one(name: str, purpose: str, names: list[str], at: list[str]) -> Json:
    return {"name": name, "purpose": purpose, "common_name": names[0], "names": names, "addresses": at}


def _database_client(role: str) -> Json:
    """One per database role, named like the system user that holds it: only that service can read its key."""
    return {"name": role.replace("_", "-"), "purpose": "data", "common_name": role, "names": [], "addresses": []}


def _for_vip(view: View, vip: Vip, purpose: str) -> Json:
    """The certificate that people see under a shared address; named by the key of its names."""
    key = next(known.key for known in view.declaration.names.values() if known.vip == vip.name)
    names = list(view.public_names(vip.name))
    at = addresses(vip.ipv4, vip.ipv6)
    if any(name.endswith(".localhost") for name in names):
        at += LOOPBACK
    return _one(key, purpose, names, at)
