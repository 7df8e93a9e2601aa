"""The undo of a return, by functions of the database (migration 0010): this role can read nothing of theirs."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection


def forget(terminal: uuid.UUID | None) -> None:
    """A scan at the terminal: what was returned there before can no longer be undone."""
    if terminal is not None:
        _call("undo_forget", terminal)


def seal(terminal: uuid.UUID | None, secret: uuid.UUID | None, loan_id: int, counted_on: dt.date) -> None:
    """Keep what the undo needs; call it before the borrower is erased. The return counts under `counted_on`."""
    if terminal is not None and secret is not None:
        _call("undo_seal", terminal, secret, loan_id, counted_on)


@dataclass(frozen=True)
class Undone:
    """The loan that is open again; `returned_on` and `counted_on` are those of the return that is undone."""

    item_id: int
    loan_id: int
    returned_on: dt.date
    counted_on: dt.date


def take(terminal: uuid.UUID, secret: uuid.UUID) -> Undone | None:
    """Undo the return; None: there is nothing to undo any more."""
    row = _call("undo_return", terminal, secret)
    return Undone(*row) if row else None


def _call(function: str, *values: object) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(values))
        cursor.execute(f"SELECT * FROM ils.{function}({places})", values)  # noqa: S608  # names of this module
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
