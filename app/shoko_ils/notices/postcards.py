"""Postcards that were printed and are not sent yet."""

from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.notices.models import Notice
from shoko_ils.notices.services import GONE


def withdraw(library: Library) -> int:
    """Withdraw the waiting postcards of a library, because what is printed on them is no longer true; how many.

    Each waits again as another notice under the same key, to be printed anew: a list that was printed before can no
    longer be noted as sent.
    """
    waiting = Notice.objects.select_for_update(no_key=True).filter(
        library=library, way=Notice.Way.POSTCARD, state=Notice.State.WAITING
    )
    old = list(waiting.order_by("pk"))
    Notice.objects.filter(pk__in=[one.pk for one in old]).update(state=Notice.State.WITHDRAWN, **GONE)
    Notice.objects.bulk_create(
        Notice(
            kind=one.kind, way=one.way, key=one.key, patron_id=one.patron_id, about=one.about, library=library,
            address=one.address, not_before=one.not_before, made_on=timezone.localdate(),
        )
        for one in old
    )  # fmt: skip
    return len(old)
