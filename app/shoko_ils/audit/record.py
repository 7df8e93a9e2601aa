"""The only way into the audit."""

import uuid
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Actor:
    """Who acts, and at which library's counter."""

    login_id: str
    library: str


def write(actor: Actor, action: str, screen: str, subjects: list[uuid.UUID] | None = None) -> None:
    """Append one event, or one for each subject. Call it last in a transaction: it holds the chain's lock.

    Plain SQL: the service may insert just these five columns, the trigger fills the rest.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO audit_event (actor, action, screen, library, subject) VALUES (%s, %s, %s, %s, %s)",
            [(actor.login_id, action, screen, actor.library, subject) for subject in subjects or [None]],
        )
