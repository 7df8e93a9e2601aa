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
    return dict(Counter(account for account, _ in _all()))


def end(actor: audit.Actor, account: StaffAccount) -> int:
    """End every session of an account; how many. Whoever works in one is asked for the log-in at the next step."""
    with transaction.atomic():
        keys = [key for owner, key in _all() if owner == account.pk]
        ended, _ = Session.objects.filter(pk__in=keys).delete()
        if ended:
            audit.write(actor, "end-sessions", "sessions")
            audit.write(audit.Actor(account.login_id, actor.library), "sessions-ended", "sessions")
    return ended


def _all() -> list[tuple[int, str]]:
    """(account, key) of every session that somebody is logged in with."""
    found = []
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        owner = session.get_decoded().get(SESSION_KEY)
        if owner is not None:
            found.append((int(owner), session.pk))
    return found
