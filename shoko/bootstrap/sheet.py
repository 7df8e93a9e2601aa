"""The addressing sheet: what a person needs on paper beside the machines, in Japanese."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from jinja2 import Environment, StrictUndefined

from shoko.bootstrap.keys import Keys
from shoko.bootstrap.networkd import interfaces
from shoko.declaration.model import Declaration
from shoko.policy.switching import access_ports


def sheet(declaration: Declaration, keys: Keys) -> str:
    """Return a self-contained HTML page (A4): hosts with legs and host keys, segments, ports. It holds no secret."""
    template = resources.files("shoko.bootstrap").joinpath("templates/sheet.html.j2").read_text()
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    segments = declaration.segments
    return environment.from_string(template).render(
        title=declaration.title.ja,
        site=declaration.key,
        digest=declaration.digest,
        hosts=[
            {
                "name": host.name,
                "groups": "、".join(host.groups),
                "fingerprint": fingerprint(keys.hosts[host.name].public),
                "legs": [
                    {
                        "interface": leg.interface,
                        "zone": declaration.zones[segments[leg.segment].zone].title.ja,
                        "segment": leg.segment,
                        "vlan": segments[leg.segment].vlan,
                        "addresses": [str(one) for one in interfaces(declaration, leg)],
                        "card": leg.mac or leg.path or "",
                        "manage": leg.manage,
                    }
                    for leg in host.legs
                ],
            }
            for host in declaration.hosts.values()
        ],
        segments=[
            {
                "name": segment.name,
                "zone": declaration.zones[segment.zone].title.ja,
                "vlan": segment.vlan,
                "prefixes": [str(prefix) for prefix in (segment.ipv4, segment.ipv6) if prefix is not None],
                "shared": [
                    str(address)
                    for family in ("ipv4", "ipv6")
                    if segment.tunnel is None
                    and not segment.own_uplink
                    and (address := declaration.gateway_vip(segment.name, family)) is not None
                ],
            }
            for segment in segments.values()
        ],
        vips=[
            {"name": vip.name, "segment": vip.segment, "held_by": vip.held_by,
             "addresses": [str(one) for one in (vip.ipv4, vip.ipv6) if one is not None]}
            for vip in declaration.vips.values()
        ],
        ports=access_ports(declaration),
    )  # fmt: skip


def fingerprint(public: str) -> str:
    """Return the SHA256 fingerprint of an OpenSSH public key as `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
