"""What the night removes of holds and transits."""

import datetime as dt

from django.db import connection, transaction

from shoko_ils.holds.models import ENDED, Hold, Transit

# for how long it can be asked what became of a hold or of a copy on its way
ENDED_KEPT = dt.timedelta(days=31)


@transaction.atomic
def forget_ended(today: dt.date) -> int:
    """Nightly, as owner: remove what ended more than ENDED_KEPT before `today`; how many.

    The rows that ended since are written once more, all in one transaction: the number of the former one (xmin) told
    with which loan, and so with whose exception in the audit, each had ended.
    """
    since = today - ENDED_KEPT
    holds, _ = Hold.objects.filter(state__in=ENDED, ended_on__lt=since).delete()
    transits, _ = Transit.objects.filter(ended_on__lt=since).delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hold SET ended_on = ended_on WHERE ended_on IS NOT NULL")
        cursor.execute("UPDATE transit SET ended_on = ended_on WHERE ended_on IS NOT NULL")
    return holds + transits
