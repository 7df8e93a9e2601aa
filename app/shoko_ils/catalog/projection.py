"""Rebuilds what follows from the MARC records while the services serve: slice by slice, each in its own transaction.

A record whose document was built by a lower `extract.VERSION` is old; an interrupted rebuild goes on with what is
still old. Readers see each record either as it was or as it is.
"""

from collections.abc import Callable, Sequence

from django.db import connection, transaction

from shoko_ils.catalog import store
from shoko_ils.catalog.extract import VERSION

SLICE = 1000


def old(limit: int | None = None) -> list[int]:
    """Records without a document of this version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.record_id FROM marc m LEFT JOIN search_document d USING (record_id)"
            " WHERE d.built_with IS DISTINCT FROM %s ORDER BY m.record_id LIMIT %s",
            [VERSION, limit],
        )
        return [number for (number,) in cursor.fetchall()]


def rebuild(ids: Sequence[int], progress: Callable[[int], None] = lambda done: None) -> int:
    """Make everything that follows from the MARC of these records anew; returns how many there were."""
    done = 0
    for start in range(0, len(ids), SLICE):
        with transaction.atomic():
            entries = store.load(ids[start : start + SLICE], lock=True)
            _with_documents(entries)
            store.project(entries)
        done += len(entries)
        progress(done)
    return done


def _with_documents(entries: Sequence[store.Entry]) -> None:
    """A record without a document gets an empty one, with its copies, to be filled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO search_document (record_id, material, language, libraries, copies, built_with, tokens, folded)"
            " SELECT w.id, 0, '', '{}', 0, 0, '', '' FROM unnest(%s::bigint[]) AS w(id) ON CONFLICT DO NOTHING"
            " RETURNING record_id",
            [[entry.id for entry in entries]],
        )
        fresh = [number for (number,) in cursor.fetchall()]
        if fresh:
            cursor.execute("SELECT item_search_refresh(%s)", [fresh])
