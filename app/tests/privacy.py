"""Searches the whole database for what joins a patron and an item: in columns, documents, sessions, transactions."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection

from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron


class Marks:
    """By what a patron and an item are recognised: numbers where a key says so, everything else anywhere."""

    def __init__(self, patron: Patron, item: Item) -> None:
        self.patron, self.item = patron, item
        self.of_patron = {str(patron.pseudonym), patron.pseudonym.hex, *patron.cards.values_list("number", flat=True)}

    def names_patron(self, row: Any) -> bool:
        return any(
            (key.endswith(("patron", "patron_id")) and value == self.patron.pk)
            or any(mark in str(value) for mark in self.of_patron)
            for key, value in leaves(row)
        )

    def names_item(self, row: Any) -> bool:
        return any(
            (key.endswith(("item", "item_id")) and value == self.item.pk) or self.item.barcode in str(value)
            for key, value in leaves(row)
        )

    def names_title(self, row: Any) -> bool:
        """The item, or its title."""
        return self.names_item(row) or any(
            key.endswith(("record", "record_id")) and value == self.item.record_id for key, value in leaves(row)
        )


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a row with the path of keys to it, through nested documents and those that are kept as text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict):
        for name, one in value.items():
            # a key may be a number itself
            yield f"{key}.{name}", name
            yield from leaves(one, f"{key}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, key)
    else:
        yield key, value


def tables_that_pair(patron: Patron, item: Item) -> list[str]:
    """Tables of any schema with a row, and sessions, that hold both the patron and the item."""
    marks = Marks(patron, item)
    found = [
        table
        for table in tables()
        for _, row in rows(table, "t::text LIKE ANY (%s)", [f"%{item.pk}%", f"%{item.barcode}%"])
        if marks.names_item(row) and marks.names_patron(row)
    ]
    sessions = (each.get_decoded() for each in Session.objects.all())
    return found + ["session" for each in sessions if marks.names_item(each) and marks.names_patron(each)]


def pairs_by_transaction(patron: Patron, item: Item, role: str, *, locks: bool = True) -> list[tuple[str, str]]:
    """Tables that name the patron and tables that name the title, with rows that one transaction wrote or locked last.

    As far as a role can see it: by xmin and xmax of both, which it can read of a table that it can read whole. Only
    what the services did in the test is looked at, each in a transaction within that of the test. `locks=False` leaves
    xmax out: a lock of one of these ends with the test alone, and every later version of the row takes it along.
    """
    marks = Marks(patron, item)
    patrons: dict[int, set[str]] = {}
    titles: dict[int, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (test,) = cursor.fetchone()
    for table in tables():
        if not sees_transactions(role, table):
            continue
        for transactions, row in rows(table, "greatest(xmin::text::bigint, xmax::text::bigint) > %s", test):
            for number in (each for each in transactions[: 2 if locks else 1] if each > test):
                if marks.names_patron(row):
                    patrons.setdefault(number, set()).add(table)
                if marks.names_title(row):
                    titles.setdefault(number, set()).add(table)
    return sorted({(one, other) for xid in patrons.keys() & titles for one in patrons[xid] for other in titles[xid]})


def sees_transactions(role: str, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_column_privilege(%s, %s, 'xmin', 'SELECT')", [role, table])
        return bool(cursor.fetchone()[0])


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('ils', 'private')"
        )
        return [table for (table,) in cursor.fetchall()]


def rows(table: str, where: str, value: object) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """xmin, xmax and content of the rows of a table that fulfil a condition on `t`."""
    with connection.cursor() as cursor:
        # Django's driver hands jsonb over as text
        cursor.execute(
            f"SELECT xmin::text::bigint, xmax::text::bigint, to_jsonb(t)::text FROM {table} t WHERE {where}", [value]
        )
        for xmin, xmax, text in cursor.fetchall():
            yield (xmin, xmax), json.loads(text)
