"""What the night removes from the outbox."""

import datetime as dt

from django.db import transaction

from shoko_ils.notices import kinds, services
from shoko_ils.notices.models import Notice

# for how long a notice that could not be delivered waits for a person, if its matter has no end of its own
FAILED_KEPT = dt.timedelta(days=14)
STUCK = (Notice.State.FAILED, Notice.State.SENDING)


@transaction.atomic
def forget_failed(today: dt.date) -> int:
    """Nightly: nothing joins patron and matter of a notice that could not be delivered; how many. Repeatable.

    Without it a code, an answer or a former address that was not reached would name the patron for good.
    """
    lapsed = kinds.without_end()
    stuck = Notice.objects.select_for_update(no_key=True).filter(
        kind__in=lapsed, state__in=STUCK, patron__isnull=False, made_on__lt=today - FAILED_KEPT
    )
    count = 0
    for notice in stuck.order_by("pk"):
        about = notice.about
        services.let_go(notice)
        lapsed[notice.kind](about)  # type: ignore[arg-type]  # about is there while the patron is
        count += 1
    return count
