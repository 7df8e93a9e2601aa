"""Lending counted without persons: tables that cannot be joined, and nothing of an ended loan after the night."""

import datetime as dt
import importlib
import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from psycopg import errors

from shoko_ils.audit.record import Actor
from shoko_ils.circulation import counts, facts
from shoko_ils.circulation.models import DayCount, ItemMonth, LendingFact, Loan, LoanRule, LoanSpan, ReturnCase
from shoko_ils.circulation.services import (
    Late,
    LateReason,
    book_drop,
    cases,
    hold_back,
    lend,
    take_back,
    undo_return,
)
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import StaffAccount
from tests.cluster import connect
from tests.holding import new

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_shelves")]


@pytest.fixture(autouse=True)
def nothing_counted_yet(db: None) -> None:
    """Without what tests that commit have left."""
    for model in (ItemMonth, LendingFact, LoanSpan, DayCount):
        model._default_manager.all().delete()


def yesterday() -> dt.date:
    return timezone.localdate() - dt.timedelta(days=1)


def late(day: dt.date | None = None) -> Late:
    return Late(day or yesterday(), LateReason.LINE_DOWN)


def reported(act: str, day: dt.date) -> int:
    return sum(one.count for one in counts.of_day(day) if one.act == act)


@pytest.mark.parametrize(
    ("born", "day", "band"),
    [
        (None, "2026-04-01", ""),
        ("2026-01-01", "2026-04-01", "0-6"),
        ("2019-04-02", "2026-04-01", "0-6"),
        ("2019-04-01", "2026-04-01", "7-12"),
        ("2008-02-29", "2027-02-28", "16-18"),
        ("1957-01-01", "2026-12-31", "60-69"),
        ("1920-01-01", "2026-12-31", "70-"),
    ],
)
def test_age_bands(born: str | None, day: str, band: str) -> None:
    birth = dt.date.fromisoformat(born) if born else None
    assert facts.age_band(birth, dt.date.fromisoformat(day)) == band


def test_a_loan_is_counted_in_its_month_and_in_its_day(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    today = timezone.localdate()
    before = dict.fromkeys(("item", "fact"), 0)
    for row in ItemMonth.objects.filter(item=item):
        before["item"] += row.loans
    for _ in range(2):
        lend(actor, patron.pk, item.barcode, central, new())
        take_back(actor, item.barcode, central, new())
    assert sum(ItemMonth.objects.filter(item=item).values_list("loans", flat=True)) == before["item"] + 2
    fact = LendingFact.objects.get(day=today, library=central, age_band=facts.age_band(patron.birth_date, today))
    assert (fact.loans, fact.ndc_figure, fact.category, fact.material_class) == (
        2, item.call_number[0], patron.category, item.material_class,
    )  # fmt: skip


def test_a_refused_or_repeated_loan_is_not_counted(
    actor: Actor, patron: Patron, other_patron: Patron, item: Item, central: Library
) -> None:
    key = new()
    for _ in range(2):
        lend(actor, patron.pk, item.barcode, central, key)
    lend(actor, other_patron.pk, item.barcode, central, new())
    assert LendingFact.objects.get(day=timezone.localdate()).loans == 1


def test_no_column_joins_the_tables() -> None:
    """Apart from codes with few values nothing stands in both: no item in the day, no day in the item's month."""
    columns = {
        model: {field.column for field in model._meta.get_fields() if getattr(field, "column", None)}
        for model in (ItemMonth, LendingFact, LoanSpan)
    }
    for model in (LendingFact, LoanSpan):
        assert columns[ItemMonth] & columns[model] == {"loans"}
        assert not {"patron_id", "item_id"} & columns[model]


@pytest.mark.parametrize("table", ["item_month", "lending_fact", "loan_span"])
def test_the_service_cannot_pair_rows_by_their_transaction(django_db_setup: None, table: str) -> None:
    with connect(connection.settings_dict["NAME"], "ils_staff", options="-c search_path=ils") as staff:
        staff.execute(f"SELECT loans FROM {table} LIMIT 1")
        for column in ("xmin", "ctid"):
            with pytest.raises(errors.InsufficientPrivilege):
                staff.execute(f"SELECT {column} FROM {table} LIMIT 1")
            staff.rollback()


def test_after_the_night_no_row_says_when_and_where_an_item_was_out(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    lend(actor, patron.pk, item.barcode, central, new(), late=late())
    take_back(actor, item.barcode, central, new(), late=late())
    assert "ils.loan" in tables_with_item_and_day(item, yesterday())
    call_command("tidy")
    assert tables_with_item_and_day(item, yesterday()) == []
    assert not Loan.objects.filter(item=item).exists()


def tables_with_item_and_day(item: Item, day: dt.date) -> list[str]:
    """Tables of any schema with a row that names both, in whatever column."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('ils', 'private')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE t::text LIKE %s", [f"%{day}%"])
            for (text,) in cursor.fetchall():
                row = json.loads(text)
                if row.get("item_id") == item.pk or item.barcode in map(str, row.values()):
                    found.append(table)
    return found


def test_a_loan_of_today_stays_until_the_night_after(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    take_back(actor, item.barcode, central, new())
    call_command("tidy")
    assert Loan.objects.filter(item=item).exists()


def test_a_case_keeps_its_loan(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    lend(actor, patron.pk, item.barcode, central, new(), late=late(yesterday() - dt.timedelta(days=5)))
    hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    case = ReturnCase.objects.get(loan__item=item)
    call_command("tidy")
    cases.decide(actor, StaffAccount.objects.get(login_id="demo"), case.pk, ReturnCase.Decision.NOT_NEEDED)
    Loan.objects.filter(item=item).update(returned_on=yesterday())
    call_command("tidy")
    case.refresh_from_db()
    assert (case.loan.item, case.loan.patron) == (item, None)


def test_a_return_that_can_be_undone_outlives_the_night(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    terminal, secret = new(), new()
    lend(actor, patron.pk, item.barcode, central, new(), late=late())
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret, late=late())
    facts.forget_ended()
    undo_return(actor, central, new(), terminal=terminal, secret=secret)
    assert Loan.objects.get(item=item, returned_on=None).patron == patron


def test_the_undo_takes_the_length_of_the_loan_back(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    terminal, secret = new(), new()
    lend(actor, patron.pk, item.barcode, central, new(), late=late())
    LoanSpan.objects.all().delete()
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
    assert LoanSpan.objects.values_list("kept_days", "loans", "category").get() == (1, 1, patron.category_id)
    undo_return(actor, central, new(), terminal=terminal, secret=secret)
    assert LoanSpan.objects.get().loans == 0


def test_the_daily_report_has_late_entries_under_their_day(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    day = yesterday()
    before = reported("lend", day), reported("return", day)
    lend(actor, patron.pk, item.barcode, central, new(), late=late())
    terminal, secret = new(), new()
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret, late=late())
    assert (reported("lend", day), reported("return", day)) == (before[0] + 1, before[1] + 1)
    undo_return(actor, central, new(), terminal=terminal, secret=secret)
    assert reported("return", day) == before[1]
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret, late=book_drop(central))
    assert reported("return", timezone.localdate()) == 1  # emptied today
    undo_return(actor, central, new(), terminal=terminal, secret=secret)
    assert reported("return", timezone.localdate()) == 0


def test_lengths_of_loans_go_after_two_months(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    take_back(actor, item.barcode, central, new())
    LoanSpan.objects.update(lent_on=timezone.localdate() - dt.timedelta(days=63))
    call_command("tidy")
    assert not LoanSpan.objects.exists()


def test_the_statistics_begin_with_the_loans_that_there_were(patron: Patron, item: Item, central: Library) -> None:
    """As the migration counts them: the open ones of the demonstration, and one that has ended."""
    ended = Loan.objects.create(
        item=item, library=central, rule=LoanRule.objects.filter(category=None)[0], lent_on=yesterday(),
        due_on=yesterday(), returned_on=timezone.localdate(),
    )  # fmt: skip
    migration = importlib.import_module("shoko_ils.circulation.migrations.0009_statistics")
    with connection.cursor() as cursor:
        cursor.execute(migration.FROM_LOANS)
    for model in (ItemMonth, LendingFact):
        assert sum(model._default_manager.values_list("loans", flat=True)) == Loan.objects.count()
    span = LoanSpan.objects.get()
    assert (span.kept_days, span.category, span.material_class) == (1, None, item.material_class)
    assert ItemMonth.objects.filter(item=item, month=ended.lent_on.replace(day=1)).exists()


def test_after_the_night_the_transaction_of_a_loan_pairs_nothing(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    take_back(actor, item.barcode, Library.objects.get(key="south"), new())
    assert paired() == {"lending_fact": 1, "loan_span": 1}
    facts.forget_ended()
    assert paired() == {"lending_fact": 0, "loan_span": 0}


def paired() -> dict[str, int]:
    """Rows of statistics with the transaction number of a row that names an item, as the owner could look for them."""
    found = {}
    with connection.cursor() as cursor:
        for table, other in (("lending_fact", "item_month"), ("loan_span", "item")):
            cursor.execute(f"SELECT count(*) FROM {table} a JOIN {other} b ON a.xmin::text = b.xmin::text")
            (found[table],) = cursor.fetchone()
    return found
