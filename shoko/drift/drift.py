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
from shoko.drift.together import together
from shoko.observe.visit import Observation
from shoko.proof.composed.compose import compose
from shoko.proof.expected.permissions import Permission, permissions
from shoko.proof.prove import HostProof, prove_host
from shoko.proof.running import listings

PROXIES = "forward_proxies"


def site_drift(
    declaration: Declaration, seen: Mapping[str, Observation | str], hosts: Iterable[str]
) -> list[HostDrift]:
    """Return what differs on each of the hosts; a text in place of an observation is why nothing is known.

    Where all hosts were asked for, the last one of the list is `together`: what gets through from end to end.
    """
    asked = [host for host in declaration.hosts if host in hosts]
    every, places = permissions(declaration), Places(declaration)
    read = {host: page for host in asked if isinstance(page := seen.get(host, "was not read"), Observation)}
    found = listings({host: seen.get(host, "was not read") for host in asked})
    proofs, composed = compose(declaration, [prove_host(declaration, every, host, found[host]) for host in asked], seen)
    drifts = [
        _host(declaration, places, every, proof, read[proof.host])
        if proof.host in read
        else HostDrift(proof.host, unread=(str(found[proof.host]),))
        for proof in proofs
    ]
    return drifts if composed is None else [*drifts, together(composed)]


def _host(
    declaration: Declaration, places: Places, every: list[Permission], proof: HostProof, seen: Observation
) -> HostDrift:
    host = proof.host
    unread = tuple(f"{part}: {reason}" for part, reason in sorted(seen.errors.items()))
    listing = listings({host: seen})[host]
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
