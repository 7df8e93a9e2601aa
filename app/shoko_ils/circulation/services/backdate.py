"""Work that is entered later than it was done: the book drop, a line that was down."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from shoko_ils.circulation.late import FURTHEST_BACK, LateReason
from shoko_ils.core.models import Library


class OutOfRange(ValueError):
    """The day lies in the future or too far back."""


@dataclass(frozen=True)
class Late:
    """The day on which it was really done, and why it is entered only now; raises OutOfRange."""

    on: dt.date
    reason: LateReason

    @property
    def counted_on(self) -> dt.date:
        """The day whose report (日報) it belongs to: a book drop is emptied today."""
        return timezone.localdate() if self.reason is LateReason.BOOK_DROP else self.on

    def __post_init__(self) -> None:
        today = timezone.localdate()
        if not today - FURTHEST_BACK <= self.on <= today and self.reason is not LateReason.BOOK_DROP:
            raise OutOfRange(f"{self.on} is not within {FURTHEST_BACK.days} days before {today}")


def book_drop(library: Library) -> Late:
    """返却ポスト: what lies in it came in by the last open day before today, so nobody is late by our closing."""
    return Late(library.open_day_before(timezone.localdate()), LateReason.BOOK_DROP)
