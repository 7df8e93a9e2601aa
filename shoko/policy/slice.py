"""What one host gets of the declaration: the host variable `shoko`, and nothing of other hosts' business.

Plain JSON, stable order, the same bytes whatever `--limit` says. docs/policy.md is the reference of its keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from shoko.declaration.model import Declaration, Host
from shoko.policy import devices, people, services, supplies, ways_out
from shoko.policy.accounts import RESERVED_UIDS
from shoko.policy.certificates import certificates
from shoko.policy.names import names
from shoko.policy.redundancy import instances
from shoko.policy.rules import Json
from shoko.policy.view import View
from shoko.policy.walls import firewall
from shoko.policy.wiring import legs


def slices(declaration: Declaration) -> dict[str, Json]:
    """Return every managed host's slice by host name, in declared order. Raises PolicyError."""
    view = View.of(declaration)
    return {host.name: _slice(view, host) for host in declaration.hosts.values()}


def digest(content: Mapping[str, object]) -> str:
    """Return the SHA-256 (hex) of a slice's canonical JSON, without its own `digest` key."""
    plain = {key: value for key, value in content.items() if key != "digest"}
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _slice(view: View, host: Host) -> Json:
    vrrp = instances(view, host)
    content: Json = {
        "declaration_digest": view.declaration.digest,
        "host": host.name,
        "host_name": view.full_name(host.name),
        "groups": list(host.groups),
        "site": _site(view.declaration),
        "legs": legs(view, host),
        "names": names(view, host),
        "firewall": firewall(view, host, vrrp),
        "vrrp": vrrp,
        "updates": supplies.updates(view, host),
        "resolver": supplies.resolver(view, host),
        "time": supplies.time(view, host),
        "logs": supplies.logs(view, host),
        "control": supplies.control(view),
        "certificates": certificates(view, host),
    }
    optional: dict[str, Json | list[Json] | None] = {
        "entry": services.entry(view, host),
        "proxy": ways_out.proxy(view, host),
        "vpn": ways_out.vpn(view, host),
        "database": services.database(view, host),
        "backup": services.backup(view, host),
        "ils": services.ils(view, host),
        "switch": services.switch(view, host),
        "usb": devices.usb(view, host),
        "accounts": people.accounts(view, host),
        "people": services.people(view, host) if "bastions" in host.groups else None,
        "uids": dict(RESERVED_UIDS) if "ils_servers" in host.groups else None,
    }
    content.update({key: value for key, value in optional.items() if value is not None})
    return {"digest": digest(content), **content}


def _site(declaration: Declaration) -> Json:
    return {
        "key": declaration.key,
        "name": {"ja": declaration.title.ja, "en": declaration.title.en},
        "timezone": declaration.timezone,
        "domain": declaration.domain,
        "internal_domain": declaration.internal_domain,
        "tls_minimum": declaration.policies.tls_minimum,
        "maintenance_access": declaration.policies.maintenance_access,
    }
