"""Open sessions of staff, and their end by a supervisor."""

from collections import Counter

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.staff.models import StaffAccount


def open_sessions() -> dict[int, int]:
    """Account → number of its sessions. The table has no column for it: a session says it itself."""
    return dict(Counter(account for account, _, _ in _all()))


def is_open(account: StaffAccount, library_id: int, beside: str | None = None) -> bool:
    """Whether somebody works under this account at a counter of the library, in a session other than `beside`."""
    return any(owner == account.pk and place == library_id and key != beside for owner, key, place in _all())


def end(actor: audit.Actor, account: StaffAccount) -> int:
    """End every session of an account; how many. Whoever works in one is asked for the log-in at the next step."""
    with transaction.atomic():
        keys = [key for owner, key, _ in _all() if owner == account.pk]
        ended, _ = Session.objects.filter(pk__in=keys).delete()
        if ended:
            audit.write(actor, "end-sessions", "sessions")
            audit.write(audit.Actor(account.login_id, actor.library), "sessions-ended", "sessions")
    return ended


def _all() -> list[tuple[int, str, int | None]]:
    """(account, key, library) of every session that somebody is logged in with."""
    found = []
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        said = session.get_decoded()
        if SESSION_KEY in said:
            found.append((int(said[SESSION_KEY]), session.pk, said.get("library")))
    return found
