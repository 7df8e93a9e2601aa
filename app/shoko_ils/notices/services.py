"""The only writers of the outbox. Each is called within the transaction of what the notice is about."""

import datetime as dt

from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.notices import kinds
from shoko_ils.notices.models import Call, Notice
from shoko_ils.patrons.models import Patron

# what leaves a notice together when its matter ends
GONE: dict[str, object] = {"patron": None, "about": None, "key": None, "address": "", "not_before": None}
REACHED = frozenset({Call.Result.SELF, Call.Result.FAMILY})
OPEN = (Notice.State.WAITING, Notice.State.SENDING)
WAYS = {Patron.Contact.EMAIL: Notice.Way.MAIL, Patron.Contact.PHONE: Notice.Way.PHONE}


def put(
    kind: str,
    about: int,
    patron: Patron,
    library: Library,
    *,
    once: str,
    delay: dt.timedelta = dt.timedelta(0),
    way: str | None = None,
    address: str = "",
) -> Notice | None:
    """Put a notice into the outbox by the patron's wish, or by `way`; None if the patron wishes none.

    `once` names the transition (the second putting of the same one is the first), `delay` keeps it back; a mail goes
    to `address` instead of the address on file, if there is one.
    """
    chosen = way or WAYS.get(Patron.Contact(patron.contact))
    if chosen is None:
        return None
    now = timezone.now()
    notice, _ = Notice.objects.get_or_create(
        key=f"{kind}:{once}",
        defaults={
            "kind": kind,
            "way": chosen,
            "patron": patron,
            "about": about,
            "library": library,
            "address": address,
            "not_before": now + delay,
            "made_on": timezone.localdate(now),
        },
    )
    return notice


def settle(kind: str, about: int) -> None:
    """The matter has ended: what was not sent is withdrawn, and nothing joins patron and matter any more."""
    concerned = Notice.objects.filter(kind=kind, about=about)
    concerned.filter(state__in=OPEN).update(state=Notice.State.WITHDRAWN, **GONE)
    concerned.update(**GONE)


def let_go(notice: Notice) -> None:
    """Settle this notice alone: there is nothing more to tell. It is withdrawn if it was not sent and did not fail."""
    one = Notice.objects.filter(pk=notice.pk)
    one.filter(state__in=OPEN).update(state=Notice.State.WITHDRAWN, **GONE)
    one.update(**GONE)


def delivered(notice: Notice, day: dt.date) -> None:
    """Note the delivery of a locked notice and tell its module."""
    about = notice.about
    Notice.objects.filter(pk=notice.pk).update(state=Notice.State.SENT, sent_on=day, error="")
    if about is not None:
        kinds.of(notice).delivered(about, day)


def change_way(notice: Notice, way: str) -> None:
    """Another way for a notice that failed or did not reach anybody, at once."""
    open_or_failed = [Notice.State.WAITING, Notice.State.FAILED, Notice.State.SENDING]
    Notice.objects.filter(pk=notice.pk, state__in=open_or_failed, patron__isnull=False).update(
        way=way, state=Notice.State.WAITING, attempts=0, error="", not_before=timezone.now()
    )


def note_call(notice: Notice, result: Call.Result, by: str) -> None:
    """Result of one call; a person reached has been told."""
    today = timezone.localdate()
    Call.objects.create(notice=notice, result=result, called_on=today, called_by=by)
    if result in REACHED:
        delivered(notice, today)
