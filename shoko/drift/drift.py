"""A whole site: every host's observation against the declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shoko.declaration.model import Declaration
from shoko.drift.allowlist import allowlist_changes
from shoko.drift.changes import Change, HostDrift
from shoko.drift.listeners import listener_changes
from shoko.drift.needed import needed
from shoko.drift.places import Places
from shoko.drift.rules import rule_changes
from shoko.observe.visit import Observation
from shoko.proof.composed.seen import judged
from shoko.proof.expected.permissions import Permission, permissions
from shoko.proof.prove import prove_host
from shoko.proof.running import listings

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
    listing = listings({host: seen})[host]
    proof = judged(declaration, every, prove_host(declaration, every, host, listing), seen).proof
    changes: list[Change] = []
    if isinstance(listing, str):
        unread = unread or (listing,)
    else:
        changes += rule_changes(declaration, places, proof, listing, _not_understood(proof.unproved, seen))
    if "listeners" not in seen.errors:
        changes += listener_changes(places, proof, needed(declaration, every, host), seen.listeners)
    if "proxy" not in seen.errors and PROXIES in declaration.hosts[host].groups:
        changes += allowlist_changes(declaration, places, every, host, seen.proxy)
    return HostDrift(host, tuple(sorted(changes, key=lambda one: one.ident)), unread)


def _not_understood(reasons: Iterable[str], seen: Observation) -> list[str]:
    """What stands on a host and is not understood, without what could not be read: that is no change."""
    unread = tuple(f"{part} could not be read:" for part in seen.errors)
    return [reason for reason in reasons if not reason.startswith(unread)]
