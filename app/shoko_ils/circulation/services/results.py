"""What a scan came to, and the key that makes its repetition harmless."""

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

from shoko_ils.holdings.models import Item


class Outcome(StrEnum):
    """What a scan came to. The part before the dash is the kind: done, note or stop."""

    LENT = "done-lent"
    SHELVE = "done-shelve"
    SEND_HOME = "note-send-home"
    NOT_OUT = "note-not-out"
    NOT_OUT_SEND_HOME = "note-not-out-send-home"
    ALREADY_YOURS = "note-already-yours"
    ON_LOAN = "stop-on-loan"
    UNKNOWN_ITEM = "stop-unknown-item"
    LIBRARY_USE_ONLY = "stop-library-use-only"
    NOT_LENDABLE = "stop-not-lendable"
    PATRON_EXPIRED = "stop-patron-expired"
    LIMIT_REACHED = "stop-limit-reached"
    NO_RULE = "stop-no-rule"
    # holds: captured, to the shelf here or to another library
    HOLD_SHELF = "note-hold-shelf"
    HOLD_TRANSIT = "note-hold-transit"
    HELD = "stop-held"
    HOLDS_WAIT = "note-holds-wait"
    HOLDS_NEED_IT = "stop-holds-need-it"
    NOT_FOUND_ONCE = "note-not-found-once"
    MISSING = "note-missing"

    @property
    def kind(self) -> str:
        return self.value.partition("-")[0]


@dataclass(frozen=True)
class Result:
    """Answer to one scan; `item` is None for an unknown number, `due_on` is set on a loan."""

    outcome: Outcome
    item: Item | None = None
    due_on: dt.date | None = None


def scan_key(form_key: uuid.UUID, action: str, *parts: str) -> uuid.UUID:
    """Key of one scan: of the form it was typed into, the act and the numbers. A changed scan is another key."""
    return uuid.uuid5(form_key, "\x1f".join((action, *parts)))
