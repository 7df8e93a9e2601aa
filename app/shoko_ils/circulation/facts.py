"""Writing the statistics of lending, in the transaction of the loan or return; and what the night removes."""

import datetime as dt
import re

from django.db import connection, transaction
from django.utils import timezone

from shoko_ils.circulation.counts import ONE_MORE
from shoko_ils.circulation.late import FURTHEST_BACK
from shoko_ils.circulation.models import Loan, LoanSpan
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron

# the last age of each band
BANDS = (6, 12, 15, 18, 29, 39, 49, 59, 69)
SPANS_KEPT = dt.timedelta(days=62)


def age_band(born: dt.date | None, day: dt.date) -> str:
    """The band of an age in years on a day; empty for an unknown birth date.

    >>> [age_band(dt.date(2014, 4, 2), dt.date(2026, 4, day)) for day in (1, 2)]
    ['7-12', '7-12']
    >>> age_band(dt.date(1950, 1, 1), dt.date(2026, 4, 1))
    '70-'
    """
    if born is None:
        return ""
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    first = 0
    for last in BANDS:
        if age <= last:
            return f"{first}-{last}"
        first = last + 1
    return f"{first}-"


def lent(loan: Loan, item: Item, patron: Patron) -> None:
    """Count a new loan: the item in its month, the loan in its day and in the day's work. Call it before the audit."""
    figure = re.search(r"\d", item.call_number)
    with connection.cursor() as cursor:
        # one statement, because every loan makes it
        cursor.execute(
            "WITH month AS (INSERT INTO item_month (item_id, month, loans) VALUES (%(item)s, %(month)s, 1)"  # noqa: S608
            " ON CONFLICT (item_id, month) DO UPDATE SET loans = item_month.loans + 1),"
            " fact AS (INSERT INTO lending_fact (day, library_id, service_point_id, material_class_id, ndc_figure,"
            " age_band, category_id, loans)"
            " VALUES (%(day)s, %(library)s, %(point)s, %(class)s, %(figure)s, %(band)s, %(category)s, 1)"
            " ON CONFLICT (day, library_id, service_point_id, material_class_id, ndc_figure, age_band, category_id)"
            f" DO UPDATE SET loans = lending_fact.loans + 1) {ONE_MORE}",
            {
                "item": item.pk,
                "month": loan.lent_on.replace(day=1),
                "day": loan.lent_on,
                "library": loan.library_id,
                "point": loan.service_point_id,
                "class": item.material_class_id,
                "figure": figure.group() if figure else "",
                "band": age_band(patron.birth_date, loan.lent_on),
                "category": patron.category_id,
                "act": "lend",
                "by": 1,
            },
        )


# how long a loan was kept, while its borrower is known
KEPT = (
    "INSERT INTO loan_span (category_id, material_class_id, library_id, service_point_id, lent_on, kept_days, loans)"
    " SELECT p.category_id, i.material_class_id, l.library_id, l.service_point_id, l.lent_on,"
    " %(day)s - l.lent_on, %(by)s FROM loan l JOIN patron p ON p.id = l.patron_id JOIN item i ON i.id = l.item_id"
    " WHERE l.id = %(loan)s"
    " ON CONFLICT (category_id, material_class_id, library_id, service_point_id, lent_on, kept_days)"
    " DO UPDATE SET loans = loan_span.loans + excluded.loans"
)


def not_kept(loan_id: int, returned_on: dt.date) -> None:
    """The return of a loan is undone: it is not counted as kept so long."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"loan": loan_id, "day": returned_on, "by": -1})


def ended(loan_id: int, day: dt.date) -> None:
    """Count how long an open loan was kept, and take the borrower and all that is near to him off its row.

    One statement: the count sees the row as it was before.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH kept AS ({KEPT}) UPDATE loan SET patron_id = NULL, lent_at = NULL, pending = false,"  # noqa: S608
            " no_notice_until = NULL, lending_set_id = NULL, returned_on = %(day)s"
            " WHERE id = %(loan)s AND returned_on IS NULL",
            {"loan": loan_id, "day": day, "by": 1},
        )


def forget_ended() -> int:
    """Nightly, as owner: remove the loans that ended before today and that nothing refers to; how many.

    What a case is about stays, without a borrower; so does what can still be undone. Spans go after two months. The
    statistics are written once more, those of items in a transaction of their own: by the numbers of the former ones
    (xmin) their rows could be paired with those that the same loan or return wrote elsewhere, in the audit too; for the
    same reason the patrons are locked once, which takes the number of a loan (xmax) off their rows.
    """
    today = timezone.localdate()
    LoanSpan.objects.filter(lent_on__lt=today - SPANS_KEPT).delete()
    first = today - FURTHEST_BACK
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE item_month SET loans = loans WHERE month >= %s", [first.replace(day=1)])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE lending_fact SET loans = loans WHERE day >= %s", [first])
        cursor.execute("UPDATE loan_span SET loans = loans")
        cursor.execute("SELECT count(*) FROM (SELECT FROM patron ORDER BY id FOR NO KEY UPDATE) AS locked")
        cursor.execute(
            "DELETE FROM loan l WHERE l.returned_on < %s"
            " AND NOT EXISTS (SELECT 1 FROM return_case c WHERE c.loan_id = l.id)"
            " AND NOT EXISTS (SELECT 1 FROM private.undo_token t WHERE t.loan_id = l.id)",
            [today],
        )
        return cursor.rowcount
