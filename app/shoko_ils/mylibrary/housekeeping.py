"""What has served its time: sessions, codes, counts of failures, applications, who asked, notes of titles."""

import datetime as dt

from django.conf import settings
from django.db import connection
from django.utils import timezone

from shoko_ils.mylibrary import desk
from shoko_ils.mylibrary.models import ProvisionalRegistration
from shoko_ils.mylibrary.shown import ENDED_SHOWN
from shoko_ils.reference.models import Question
from shoko_ils.vault.models import EndedHold, HistoryWish, ReadingNote

QUESTIONER_KEPT = dt.timedelta(days=90)
MONTH = dt.timedelta(days=31)
DEAD = (
    "DELETE FROM private.patron_session WHERE ends_at < now()",
    "DELETE FROM private.password_code WHERE expires_at < now()",
    "DELETE FROM private.code_sending WHERE sent_at < now() - interval '14 days'",
    "DELETE FROM private.attempt WHERE since < now() - interval '1 day' AND coalesce(paused_until, since) < now()",
)


def tidy() -> int:
    """Remove all of it; how many rows. Runs as the owner, who alone sees these tables whole."""
    today = timezone.localdate()
    removed = 0
    with connection.cursor() as cursor:
        for statement in DEAD:
            cursor.execute(statement)
            removed += cursor.rowcount
    removed += ProvisionalRegistration.objects.filter(erase_after__lt=today).delete()[0]
    removed += desk.clear()
    removed += EndedHold.objects.filter(ended_on__lt=today - ENDED_SHOWN).delete()[0]
    removed += Question.objects.filter(answered_on__lt=today - QUESTIONER_KEPT, patron__isnull=False).update(
        patron=None
    )
    notes = ReadingNote.objects.all()
    if settings.SITE.get("reading_history", False):
        notes = notes.filter(lent_on__lt=today - MONTH * settings.SITE.get("reading_history_months", 24))
    else:
        # the site has taken the service back: what it kept goes
        removed += HistoryWish.objects.all().delete()[0]
    return removed + notes.delete()[0]
