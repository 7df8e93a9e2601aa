"""Whether a service can do its work. Says only yes or no: the answer is open to the network."""

import functools
import logging

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader

log = logging.getLogger(__name__)


@functools.cache
def wanted_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each application of this release."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def ready() -> bool:
    """The database answers, and is migrated as far as this release needs."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            applied = set(cursor.fetchall())
    except Error as error:
        log.warning("not ready: %s", type(error).__name__)
        connection.close()
        return False
    missing = wanted_migrations() - applied
    if missing:
        log.warning("not ready: not migrated: %s", ", ".join(sorted("/".join(pair) for pair in missing)))
    return not missing
