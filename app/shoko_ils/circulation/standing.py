"""What stands against a patron: counts of open loans, days past due, blocks."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from shoko_ils.circulation.models import LendingBlock, Loan, LoanRule
from shoko_ils.core.models import CalendarException
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import Patron

DAY = dt.timedelta(days=1)


def overdue_loans(today: dt.date) -> QuerySet[Loan]:
    """Loans past due: due before today, and not kept open by a case."""
    return Loan.objects.filter(returned_on__isnull=True, pending=False, due_on__lt=today)


def days_past_due(loans: list[Loan], today: dt.date) -> int:
    """The longest of the loans, in days; days of an emergency closing of the lending library do not count."""
    late = [loan for loan in loans if loan.due_on < today]
    if not late:
        return 0
    shut = list(
        CalendarException.objects.filter(
            kind=CalendarException.Kind.EMERGENCY,
            library__in={loan.library_id for loan in late},
            last_on__gt=min(loan.due_on for loan in late),
            first_on__lte=today,
        )
    )
    return max(_late_by(loan, shut, today) for loan in late)


def _late_by(loan: Loan, shut: list[CalendarException], today: dt.date) -> int:
    closed = {
        day
        for one in shut
        if one.library_id == loan.library_id
        for day in _days(max(one.first_on, loan.due_on + DAY), min(one.last_on, today))
    }
    return (today - loan.due_on).days - len(closed)


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + DAY * n for n in range((last - first).days + 1)]


def blocked(patron: Patron, today: dt.date) -> bool:
    """Whether a person has set a lending block that is in force."""
    blocks = LendingBlock.objects.filter(patron=patron, lifted_on__isnull=True, began_on__lte=today)
    return blocks.filter(Q(until__isnull=True) | Q(until__gte=today)).exists()


@dataclass(frozen=True)
class OpenLoans:
    """Open loans of a patron, of all classes and of those counted with one."""

    total: int
    of_class: int

    @classmethod
    def of(cls, patron: Patron, rule: LoanRule, material_class: MaterialClass) -> "OpenLoans":
        loans = Loan.objects.filter(patron=patron)
        if not rule.counts_pending:
            loans = loans.filter(pending=False)
        counted = Q(item__material_class__counted_as=material_class.counted_as)
        return cls(**loans.aggregate(total=Count("pk"), of_class=Count("pk", filter=counted)))
