"""What stands against a patron: counts of open loans, days past due, blocks."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import connection
from django.db.models import Q, QuerySet

from shoko_ils.circulation.models import LendingBlock, Loan, LoanRule
from shoko_ils.core import edition
from shoko_ils.core.models import CalendarException
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron

DAY = dt.timedelta(days=1)


def overdue_loans(today: dt.date) -> QuerySet[Loan]:
    """Loans past due: due before today, and not kept open by a case."""
    return Loan.objects.filter(returned_on__isnull=True, pending=False, due_on__lt=today)


class Dated(Protocol):
    """What is asked of a loan: when it is due, and at which library it was lent."""

    @property
    def due_on(self) -> dt.date: ...
    @property
    def library_id(self) -> int: ...


def days_past_due(loans: Sequence[Dated], today: dt.date) -> int:
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


def _late_by(loan: Dated, shut: list[CalendarException], today: dt.date) -> int:
    closed = {
        day
        for one in shut
        if one.library_id == loan.library_id
        for day in _days(max(one.first_on, loan.due_on + DAY), min(one.last_on, today))
    }
    return (today - loan.due_on).days - len(closed)


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + DAY * n for n in range((last - first).days + 1)]


# `blocked` of a patron `p` in a statement, on `day`
BLOCKED = (
    "EXISTS (SELECT FROM lending_block b WHERE b.patron_id = p.id AND b.lifted_on IS NULL"
    " AND b.began_on <= %(day)s AND (b.until IS NULL OR b.until >= %(day)s))"
)


def blocked(patron: Patron, today: dt.date) -> bool:
    """Whether a person has set a lending block that is in force."""
    blocks = LendingBlock.objects.filter(patron=patron, lifted_on__isnull=True, began_on__lte=today)
    return blocks.filter(Q(until__isnull=True) | Q(until__gte=today)).exists()


@dataclass(frozen=True)
class BeforeLending:
    """What decides about a loan, read at once under the locks of patron and item.

    `edition` is that of the site, `out_to` the patron who has the item now. Counts are of the patron's open loans: all,
    those that a case keeps open, and both of the classes that count with the item's.
    """

    edition: uuid.UUID
    blocked: bool
    late: bool
    total: int
    total_pending: int
    of_class: int
    of_class_pending: int
    out_to: int | None
    out_pending: bool | None
    out_due_on: dt.date | None

    @classmethod
    def read(cls, patron_id: int, item: Item, day: dt.date) -> "BeforeLending":
        """As of `day`; one statement, because every loan makes it."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT ({edition.SQL}), {BLOCKED},"  # noqa: S608
                " theirs.*, out.patron_id, out.pending, out.due_on"
                " FROM (SELECT coalesce(bool_or(l.due_on < %(day)s AND NOT l.pending), false), count(*),"
                " count(*) FILTER (WHERE l.pending), count(*) FILTER (WHERE m.counted_as = own.counted_as),"
                " count(*) FILTER (WHERE m.counted_as = own.counted_as AND l.pending)"
                " FROM loan l JOIN item i ON i.id = l.item_id JOIN material_class m ON m.id = i.material_class_id,"
                " material_class own WHERE l.patron_id = %(patron)s AND own.id = %(class)s) AS theirs"
                " CROSS JOIN (SELECT %(patron)s AS id) AS p"
                " LEFT JOIN loan AS out ON out.item_id = %(item)s AND out.returned_on IS NULL",
                {"patron": patron_id, "day": day, "item": item.pk, "class": item.material_class_id},
            )
            return cls(*cursor.fetchone())

    def counted(self, rule: LoanRule) -> tuple[int, int]:
        """How many open loans count against the limits of a rule: all, and of the item's class."""
        if rule.counts_pending:
            return self.total, self.of_class
        return self.total - self.total_pending, self.of_class - self.of_class_pending
