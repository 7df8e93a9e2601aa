"""What a list shows of its records, in as few and as plain statements as can be: a page of results is asked for most.

Each record has `names`, its headings that are no subjects, `copies`, its items that were not withdrawn, and `waiting`,
the number of its holds without a copy. An item has `due_on` while it is out, and `bound_as`: `held` for somebody or
`moving`, else None.
"""

from collections.abc import Sequence

from django.db import connection

from shoko_ils.catalog.models import Heading, Record
from shoko_ils.core import places
from shoko_ils.core.edition import current
from shoko_ils.core.rows import Columns
from shoko_ils.holdings.models import Item

RECORD = Columns(Record, "id", "title", "volume", "subtitle", "publisher", "published", "ndc", "material")
NAME = Columns(Heading, "id", "record_id", "kind", "role", "role_text", "position", "name")
# all of these are public
COPY = Columns(Item, "id", "barcode", "record_id", "library_id", "at_library_id", "condition", "library_use_only")


def in_order(ids: Sequence[int]) -> list[Record]:
    """The records of a page in the order of the result; what is not named above is fetched when it is asked for."""
    if not ids:
        return []
    given = {"ids": list(ids)}
    libraries = places.libraries(current())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {RECORD.sql('r')}, coalesce(w.waiting, 0) FROM record r LEFT JOIN"  # noqa: S608
            " (SELECT record_id, sum(waiting)::integer AS waiting FROM hold_count WHERE record_id = ANY (%(ids)s)"
            " GROUP BY record_id) AS w ON w.record_id = r.id WHERE r.id = ANY (%(ids)s)",
            given,
        )
        found = {}
        for *row, waiting in cursor.fetchall():
            record = RECORD.read(row)
            record.names, record.copies, record.waiting = [], [], waiting  # type: ignore[attr-defined]
            found[record.pk] = record
        cursor.execute(
            f"SELECT {NAME.sql('h')} FROM heading h WHERE h.record_id = ANY (%(ids)s) AND h.kind <> 'subject'"  # noqa: S608
            " ORDER BY h.position",
            given,
        )
        for name in map(NAME.read, cursor.fetchall()):
            found[name.record_id].names.append(name)  # type: ignore[attr-defined]
        cursor.execute(
            f"SELECT {COPY.sql('i')}, a.due_on, b.why FROM item i JOIN library l ON l.id = i.library_id"  # noqa: S608
            " LEFT JOIN item_availability a ON a.item_id = i.id LEFT JOIN item_bound b ON b.item_id = i.id"
            " WHERE i.record_id = ANY (%(ids)s) AND i.condition <> 'withdrawn' ORDER BY l.position, i.barcode",
            given,
        )
        for *row, due_on, bound in cursor.fetchall():
            copy = COPY.read(row)
            copy.due_on, copy.bound_as = due_on, bound  # type: ignore[attr-defined]
            copy.library = libraries[copy.library_id]
            found[copy.record_id].copies.append(copy)  # type: ignore[attr-defined]
    return [found[number] for number in ids if number in found]
