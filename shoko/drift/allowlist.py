"""The forward proxies' allowlist as it stands on a proxy, against the sites that the flows name (`via`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

from shoko.declaration.model import Declaration
from shoko.drift import squid
from shoko.drift.changes import Change, Effect
from shoko.drift.places import Places, listed
from shoko.drift.squid import ANY_NAME, ANY_PORT, Request, Squid
from shoko.proof.expected.networks import FAMILIES, of_network, ours
from shoko.proof.expected.permissions import Permission
from shoko.proof.fields import ADDRESSES
from shoko.proof.spans import Spans, meet, minus, union

# RFC 1918, RFC 4193.
_PRIVATE = {
    4: union(of_network(ip_network(one)) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    6: of_network(ip_network("fc00::/7")),
}
_FILE = "/etc/squid/squid.conf"
Reached = dict[tuple[str, int, int], Spans]  # site, port, family: who may reach it
_ELSEWHERE = "addresses of the site itself, under the name "
_OTHERWISE = " with another name in the hello"


def allowlist_changes(
    declaration: Declaration, places: Places, every: list[Permission], host: str, text: str | None
) -> list[Change]:
    """Return who can reach which site through a proxy and should not, and the other way round."""
    if text is None:
        return [
            Change(host, "allowlist", "lost", (f"nobody can reach any site through {host}",), f"{_FILE} is not there")
        ]
    found = squid.read(text)
    if found.unknown:
        said = f"nobody can say who can reach which site through {host}"
        return [Change(host, "allowlist", "differs", (said,), f"{_FILE}: {line}") for line in found.unknown]
    declared = _declared(declaration, every, host)
    actual = _actual(declaration, found, {name for name, _port, _family in declared}, host)
    return [
        *_told(places, host, "gained", _less(actual, declared)),
        *_told(places, host, "lost", _less(declared, actual)),
    ]


def _declared(declaration: Declaration, every: list[Permission], host: str) -> Reached:
    found: dict[tuple[str, int, int], list[Spans]] = {}
    for one in every:
        if any(leg.host == host for leg in one.destination.legs):
            for site in declaration.flows[one.flow].via_sites:
                for name in declaration.sites[site].domains:
                    for port in declaration.sites[site].ports:
                        found.setdefault((name, port, one.family), []).append(one.source.addresses[one.family])
    return {key: union(sources) for key, sources in found.items()}


def _actual(declaration: Declaration, found: Squid, known: set[str], host: str) -> Reached:
    reached: dict[tuple[str, int, int], list[Spans]] = {}
    for family in FAMILIES:
        for held, at in squid.classes(found, family, ADDRESSES[family]):
            for name in sorted({*known, *found.names(), ANY_NAME}):
                for port in sorted({*found.ports(), 80, 443, ANY_PORT}):
                    for where in _reached(declaration, found, held, name, port):
                        reached.setdefault((where, port, family), []).append(at)
    return {key: union(sources) for key, sources in reached.items()}


def _reached(declaration: Declaration, found: Squid, held: frozenset[str], name: str, port: int) -> Iterator[str]:
    """What a source reaches by a name on a port: the site, inner addresses if the name leads there, and the site under
    a name that the proxy was not told.
    """
    inside = _guarded(declaration, found)
    for connect in (False, True):
        asked = Request(held, name, port, connect, inside=False)
        if found.lets(asked):
            yield name
            if connect and name != ANY_NAME and found.lets(replace(asked, same_hello=False)):
                yield name + _OTHERWISE
        if not inside and found.lets(asked):
            yield _ELSEWHERE + name


def _guarded(declaration: Declaration, found: Squid) -> bool:
    """Whether what keeps names from leading inside holds every inner prefix that is private. Public ones (a DMZ) are
    kept from the proxies by packet filters, as everything else is.
    """
    guards = [name for name, (kind, _values) in found.acls.items() if kind == "dst"]
    return bool(guards) and all(
        found.guards(name, meet(ours(declaration, family), _PRIVATE[family]), family)
        for name in guards
        for family in FAMILIES
    )


def _less(some: Reached, others: Reached) -> Reached:
    return {key: rest for key, members in some.items() if (rest := minus(members, others.get(key, ())))}


def _told(places: Places, host: str, effect: Effect, reached: Reached) -> Iterator[Change]:
    """One change for each site and who reaches it, with all of its ports."""
    sites: dict[tuple[str, frozenset[str]], set[int]] = {}
    who: dict[tuple[str, int], set[str]] = {}
    for (name, port, family), members in reached.items():
        who.setdefault((name, port), set()).update(places.words(family, members))
    for (name, port), words in who.items():
        sites.setdefault((name, frozenset(words)), set()).add(port)
    verb = "can now reach" if effect == "gained" else "can no longer reach"
    for (name, everybody), ports in sites.items():
        by = listed("tcp on any other port" if port == ANY_PORT else f"tcp/{port}" for port in ports)
        said = f"{listed(everybody)} {verb} {name} by {by} through {host}"
        yield Change(host, "allowlist", effect, (said,), f"what {_FILE} lets through")
