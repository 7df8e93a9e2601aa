"""Accounts of people: each with its own key, a vendor's with an end, and none that has ended or ends too far ahead."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from shoko.declaration.checks.context import NOTHING_EXPIRED, Context
from shoko.declaration.model import Person
from shoko.declaration.reader import Path_


def check(context: Context) -> None:
    """Each person, then keys that two have, then keys that nobody may have."""
    if not context.usable("site") or not context.usable("policies"):
        return
    declaration = context.declaration
    today = context.now.astimezone(ZoneInfo(declaration.timezone)).date()
    keys: dict[str, str] = {}
    for person in declaration.people.values():
        path: Path_ = ("people", person.name)
        _end(context, path, person, today)
        if person.ssh_key is None or person.ssh_key == "lab":
            continue
        if (other := keys.setdefault(person.ssh_key, person.name)) != person.name:
            context.report((*path, "ssh_key"), f"is also the key of {other}", "one key per person")
        if person.ssh_key in declaration.revoked_keys:
            context.report((*path, "ssh_key"), "is among revoked_keys", "another key, or nobody")


def _end(context: Context, path: Path_, person: Person, today: date) -> None:
    longest = context.declaration.policies.longest_account
    if person.until is None:
        if person.kind == "vendor" and person.ssh_key is not None:
            context.report(path, "a vendor's account without an end", "until: the last day of the contract")
    elif person.until < today:
        context.report((*path, "until"), f"has passed ({person.until})", "renew it, or remove the person")
    elif context.now != NOTHING_EXPIRED and person.until > today + longest:
        context.report(
            (*path, "until"), f"is too far ahead ({person.until})", f"policies.longest_account: {longest.days} days"
        )
