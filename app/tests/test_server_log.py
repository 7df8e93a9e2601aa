"""PostgreSQL's own log goes to the collectors: whatever fails or lasts, nobody's data and no statement is in it."""

import uuid
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from shoko_ils.circulation.models import Loan
from shoko_ils.mylibrary import orders
from shoko_ils.patrons.models import Card, Patron
from tests.cluster import SERVER

Logged = Callable[[], str]


@pytest.fixture
def logged() -> Logged:
    """What the server has written since the test began."""
    begin = SERVER.log.stat().st_size

    def read() -> str:
        with SERVER.log.open("rb") as file:
            file.seek(begin)
            return file.read().decode()

    return read


def refused(statement: str, *values: object) -> None:
    """Run a statement that the database refuses, as the services do: Django writes the values into its text."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def traces(text: str, patron: Patron, *more: str) -> list[str]:
    """What of a patron, of statements and of rows is in a text."""
    cards = patron.cards.values_list("number", flat=True)
    marks = (str(patron.pseudonym), *cards, patron.name, *more, "INSERT", "SELECT", "STATEMENT", "DETAIL", "contains")
    return [mark for mark in marks if mark in text]


def test_a_second_loan_of_an_item_is_logged_without_who_and_what(lent: Loan, patron: Patron, logged: Logged) -> None:
    columns = [field.column for field in Loan._meta.fields if not field.primary_key]
    refused(f"INSERT INTO loan ({', '.join(columns)}) SELECT {', '.join(columns)} FROM loan WHERE id = %s", lent.pk)
    said = logged()
    assert "duplicate key value violates unique constraint" in said, "the log is read"
    assert traces(said, patron, lent.item.barcode) == []


def test_an_order_sent_twice_is_logged_without_what_was_ordered(patron: Patron, card: Card, logged: Logged) -> None:
    number, asked = uuid.uuid4(), {"scans": ["3000012345"], "mail": "somebody@example.jp"}
    orders._put(number, patron.pk, "renew", asked)
    with pytest.raises(DatabaseError), transaction.atomic():
        orders._put(number, patron.pk, "renew", asked)
    said = logged()
    assert "member_order" in said
    assert traces(said, patron, "3000012345", "somebody@example.jp", str(number)) == []


def test_a_row_that_a_constraint_refuses_is_logged_without_values(lent: Loan, patron: Patron, logged: Logged) -> None:
    refused("UPDATE loan SET returned_on = %s WHERE id = %s", timezone.localdate(), lent.pk)
    said = logged()
    assert "violates check constraint" in said
    assert traces(said, patron, lent.item.barcode, "UPDATE") == []


def test_a_search_that_took_too_long_is_logged_without_what_was_searched_for(patron: Patron, logged: Logged) -> None:
    refused("SET LOCAL statement_timeout = 50; SELECT pg_sleep(9), %s", "家出 相談")
    said = logged()
    assert "canceling statement due to statement timeout" in said
    assert traces(said, patron, "家出", "pg_sleep") == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["log_min_duration_statement", "log_min_duration_sample"])
def test_no_statement_is_logged_for_being_slow(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        assert cursor.fetchone() == ("-1",)
