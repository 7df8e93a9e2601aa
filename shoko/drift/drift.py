"""A whole site: every host's observation against the declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shoko.declaration.model import Declaration
from shoko.drift.allowlist import allowlist_changes
from shoko.drift.changes import Change, HostDrift
from shoko.drift.listeners import Rules, listener_changes
from shoko.drift.needed import needed
from shoko.drift.places import Places
from shoko.drift.rules import rule_changes
from shoko.observe.visit import Observation
from shoko.proof.expected.permissions import Permission, permissions
from shoko.proof.interfaces import Interfaces
from shoko.proof.prove import prove_host

PROXIES = "forward_proxies"


def site_drift(
    declaration: Declaration, seen: Mapping[str, Observation | str], hosts: Iterable[str]
) -> list[HostDrift]:
    """Return what differs on each of the hosts; a text in place of an observation is why nothing is known."""
    every = permissions(declaration)
    places = Places(declaration)
    return [
        _host(declaration, places, every, host, seen.get(host, "was not read"))
        for host in declaration.hosts
        if host in hosts
    ]


def _host(
    declaration: Declaration, places: Places, every: list[Permission], host: str, seen: Observation | str
) -> HostDrift:
    if isinstance(seen, str):
        return HostDrift(host, unread=(seen,))
    unread = tuple(f"{part}: {reason}" for part, reason in sorted(seen.errors.items()))
    changes: list[Change] = []
    listing = {**seen.ruleset, "forwarding": seen.forwarding}
    rules = Rules(None, Interfaces({"lo"}))
    if not {"ruleset", "sysctls"} & set(seen.errors):
        proof = prove_host(declaration, every, host, listing)
        rules = Rules.of(listing, proof.names)
        changes += rule_changes(declaration, places, proof, listing)
    if "listeners" not in seen.errors:
        changes += listener_changes(places, host, needed(declaration, every, host), rules, seen.listeners)
    if "proxy" not in seen.errors and PROXIES in declaration.hosts[host].groups:
        changes += allowlist_changes(declaration, places, every, host, seen.proxy)
    return HostDrift(host, tuple(sorted(changes, key=lambda one: one.ident)), unread)
