"""The slice's `accounts`: who has an account on a bastion, until when, and what opens it.

An account is one of a person with an SSH key whose flow leads to the bastion. It is good from that person's own VPN
addresses only. A vendor, and everybody where the site says so, comes in by certificate: then no key stands on the host.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from shoko.declaration.model import Declaration, Host, Person
from shoko.policy.rules import Json
from shoko.policy.view import View, addresses


def accounts(view: View, host: Host) -> Json | None:
    """Return the accounts of people on a bastion, and the keys that open none; None on any other host."""
    if "bastions" not in host.groups:
        return None
    declaration = view.declaration
    coming = {item.source.name for item, _leg in view.incoming(host.name) if item.source.kind == "person"}
    people = [declaration.people[name] for name in sorted(coming)]
    return {
        "people": [_account(declaration, person) for person in people if person.ssh_key is not None],
        "revoked_keys": list(declaration.revoked_keys),
    }


def _account(declaration: Declaration, person: Person) -> Json:
    end = declaration.end_of(person)
    by_key = person.kind == "staff" and declaration.policies.certificates == "also"
    return {
        "person": person.name,
        "title": person.title.en,
        # To the second, in UTC, as sshd(8) reads `expiry-time`; the account itself ends with a day of UTC (shadow(5)).
        "ends": "" if end is None else end.astimezone(UTC).strftime("%Y%m%d%H%M%SZ"),
        "last_day": "" if end is None else (end.astimezone(UTC) - timedelta(seconds=1)).date().isoformat(),
        "keys": [person.ssh_key] if by_key else [],
        "addresses": addresses(person.ipv4, person.ipv6),
    }
