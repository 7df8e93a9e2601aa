"""Telling patrons that an emergency closing moved their days: one mail each, whatever was moved."""

import datetime as dt
import uuid
from dataclasses import dataclass

from shoko_ils.circulation.models import ClosingNotice, Loan
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holds.models import Hold
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron

CLOSING = "closing"


@dataclass
class _Moved:
    library: Library
    loans: int = 0
    due_on: dt.date | None = None
    holds: int = 0
    pickup_by: dt.date | None = None


class Concerned:
    """The patrons whose days a closing has moved, gathered library by library, then told once each."""

    def __init__(self) -> None:
        self._patrons: dict[int, _Moved] = {}

    def loans(self, library: Library, moved: list[int]) -> None:
        """Note loans of a library that have moved, by number."""
        for patron_id, due_on in Loan.objects.filter(pk__in=moved).values_list("patron", "due_on"):
            one = self._patrons.setdefault(patron_id, _Moved(library))
            one.loans += 1
            one.due_on = min(one.due_on or due_on, due_on)

    def holds(self, library: Library, moved: list[int]) -> None:
        """Note holds on the shelf of a library whose limit has moved, by number."""
        for patron_id, pickup_by in Hold.objects.filter(pk__in=moved).values_list("patron", "pickup_by"):
            one = self._patrons.setdefault(patron_id, _Moved(library))
            one.holds += 1
            one.pickup_by = min(one.pickup_by or pickup_by, pickup_by)

    def tell(self, act: uuid.UUID) -> int:
        """Put one mail for each who wishes mail into the outbox; how many. The others read it on the WebOPAC."""
        wish = Patron.objects.filter(pk__in=self._patrons, contact=Patron.Contact.EMAIL).order_by("pk")
        count = 0
        for patron in wish:
            one = self._patrons[patron.pk]
            row = ClosingNotice.objects.create(
                act=act, patron=patron, loans=one.loans, due_on=one.due_on, holds=one.holds, pickup_by=one.pickup_by
            )
            notices.put(CLOSING, row.pk, patron, one.library, once=str(row.pk), way=Notice.Way.MAIL)
            count += 1
        return count


def told(number: int, day: dt.date) -> None:
    """The mail has gone: nothing joins the patron to the closing any more. Called by the outbox."""
    notices.settle(CLOSING, number)
    ClosingNotice.objects.filter(pk=number).delete()


def forget(today: dt.date) -> int:
    """Nightly: what was not sent until the closing was over is withdrawn; how many."""
    going_on = CalendarException.objects.filter(act__isnull=False, last_on__gte=today).values("act")
    rows = list(ClosingNotice.objects.exclude(act__in=going_on).values_list("pk", flat=True))
    for number in rows:
        told(number, today)
    return len(rows)
