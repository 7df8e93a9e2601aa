"""What every scan needs of the site and nobody changes for weeks: kept by each process while its edition stands.

The edition is a random value in the database that a trigger replaces with every change of the tables concerned
(migrations `edition`): one short statement tells whether what the process keeps still holds. No value comes twice, so
what was read in a transaction that ended without a commit is kept for nobody.
"""

import uuid
from collections.abc import Callable

from django.db import connection

# for statements that read it along with something else
SQL = "SELECT edition FROM site_edition"


def current() -> uuid.UUID:
    """The edition of this moment, as the caller's transaction sees it."""
    with connection.cursor() as cursor:
        cursor.execute(SQL)
        (found,) = cursor.fetchone()
    return found  # type: ignore[no-any-return]


def kept[T](read: Callable[[], T]) -> Callable[[uuid.UUID], T]:
    """Make of `read` a function of the edition that reads once for each; what it returns is shared and not changed."""
    last: tuple[uuid.UUID, T] | None = None

    def of(edition: uuid.UUID) -> T:
        nonlocal last
        found = last
        if found is None or found[0] != edition:
            # a change that is younger than the edition may be read here: it has a newer one, which reads again
            found = last = edition, read()
        return found[1]

    return of
