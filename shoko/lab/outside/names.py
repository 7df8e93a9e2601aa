"""What the internet's names resolve to in the lab."""

from urllib.parse import urlsplit

from shoko.declaration.model import Declaration
from shoko.lab.outside.wire import is_public

# An ordinary site that no allowlist names, to be refused.
ELSEWHERE = "www.elsewhere.example"


def site_names(declaration: Declaration) -> list[str]:
    """Return every host name that the world itself answers for, in declared order."""
    names = [domain for site in declaration.sites.values() for domain in site.domains if not domain.startswith(".")]
    for uri in (declaration.updates.archive, declaration.updates.security):
        host = urlsplit(uri).hostname
        if host:
            names.append(host)
    return list(dict.fromkeys([*names, ELSEWHERE]))


def zone_records(declaration: Declaration) -> list[tuple[str, str, str]]:
    """Return (name, type, value) rows: the world's sites, and the site's names on public addresses."""
    world = declaration.external["world"]
    rows = []
    for name in site_names(declaration):
        rows += [
            (name, kind, str(address.ip))
            for kind, address in (("A", world.ipv4), ("AAAA", world.ipv6))
            if address is not None
        ]
    for public in declaration.names.values():
        vip = declaration.vips[public.vip]
        segment = declaration.segments[vip.segment]
        for name in public.names:
            if name.endswith(".localhost"):  # never asked of a server (RFC 6761 section 6.3)
                continue
            if segment.ipv4 is not None and vip.ipv4 is not None and is_public(segment.ipv4):
                rows.append((name, "A", str(vip.ipv4)))
            if segment.ipv6 is not None and vip.ipv6 is not None and is_public(segment.ipv6):
                rows.append((name, "AAAA", str(vip.ipv6)))
    return rows
