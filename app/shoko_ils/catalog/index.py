"""Questions to the text index of the search documents."""

from typing import Any

from django.db import connection


def edition() -> str:
    """The edition of the catalogue: a value that changes with every change of a search document (migration 0007).

    No value comes twice. What is read after it, and kept under it, is what it names or younger; what is younger has an
    edition of its own, under which it is read again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(value::text, ' ' ORDER BY part) FROM catalogue_edition")
        return str(cursor.fetchone()[0])


def rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Rows of a question to the text index, which a scan of the narrow rows must not replace.

    The planner takes the scan for cheap: it does not see that each row's lexemes would have to be fetched from aside.
    Both statements go in one message and are one transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL enable_seqscan = off; {sql}", parameters)
        cursor.nextset()
        return list(cursor.fetchall())
