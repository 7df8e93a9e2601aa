"""Numbers of slips and places on the hold shelf."""

from django.db import connection

from shoko_ils.core.models import Library

# any constant, other than the queue's
LOCKS = 0x5348_454C


def next_slip() -> int:
    """The next slip number: 1 to 99,999 and again from 1, those still in use left out."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval('slip_number')")
            (number,) = cursor.fetchone()
            cursor.execute(
                "SELECT EXISTS (SELECT FROM hold WHERE slip_number = %(n)s)"
                " OR EXISTS (SELECT FROM transit WHERE slip_number = %(n)s AND ended_on IS NULL)",
                {"n": number},
            )
            if cursor.fetchone() == (False,):
                return int(number)


def free_place(library: Library) -> int:
    """The lowest free place on the hold shelf of a library, kept from others until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, library.pk])
        cursor.execute(
            """
            WITH used AS (
                SELECT shelf_number FROM hold WHERE pickup_library_id = %(library)s AND shelf_number IS NOT NULL
                UNION ALL SELECT shelf_number FROM take_off WHERE library_id = %(library)s
            )
            SELECT min(number) FROM (SELECT 1 AS number UNION ALL SELECT shelf_number + 1 FROM used) AS next
            WHERE number NOT IN (SELECT shelf_number FROM used)
            """,
            {"library": library.pk},
        )
        (number,) = cursor.fetchone()
    return int(number)
