"""The undo of a return, by the functions of migration 0004: this role can call them and read nothing of theirs."""

import uuid

from django.db import connection


def forget(terminal: uuid.UUID | None) -> None:
    """A scan at the terminal: what was returned there before can no longer be undone."""
    if terminal is not None:
        _call("undo_forget", terminal)


def seal(terminal: uuid.UUID | None, secret: uuid.UUID | None, loan_id: int) -> None:
    """Keep what the undo needs; call it before the borrower is erased."""
    if terminal is not None and secret is not None:
        _call("undo_seal", terminal, secret, loan_id)


def take(terminal: uuid.UUID, secret: uuid.UUID) -> int | None:
    """Number of the item whose return is undone; None: there is nothing to undo any more."""
    found = _call("undo_return", terminal, secret)
    return int(found) if found is not None else None


def _call(function: str, *values: object) -> object:
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(values))
        cursor.execute(f"SELECT ils.{function}({places})", values)
        row = cursor.fetchone()
    return row[0] if row else None
