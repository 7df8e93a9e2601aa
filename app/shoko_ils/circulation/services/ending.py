"""The end of a loan: the one place where the borrower is erased."""

import datetime as dt

from django.utils import timezone

from shoko_ils.circulation import facts, standing
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import overdue_mail


def end(loan: Loan, day: dt.date) -> None:
    """End an open loan with the return date `day`; the item's row is locked by the caller.

    The borrower and the time of day leave the row, and with the patron's last loan past due the record of the
    contacts about it goes too.
    """
    patron_id = loan.patron_id
    facts.ended(loan.pk, day)
    today = timezone.localdate()
    if loan.due_on < today and not standing.overdue_loans(today).filter(patron=patron_id).exists():
        overdue_mail.forget(patron_id)
