"""What a scan came to, and the key that makes its repetition harmless."""

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

from shoko_ils.holdings.models import Item


class Outcome(StrEnum):
    """What a scan came to. The part before the dash is the kind: done, note or stop."""

    LENT = "done-lent"
    SET_LENT = "done-set-lent"
    RENEWED = "done-renewed"
    SET_RENEWED = "done-set-renewed"
    SHELVE = "done-shelve"
    SEND_HOME = "note-send-home"
    NOT_OUT = "note-not-out"
    NOT_OUT_SEND_HOME = "note-not-out-send-home"
    ALREADY_YOURS = "note-already-yours"
    SET_YOURS = "note-set-yours"
    SET_PARTLY_RENEWED = "note-set-partly-renewed"
    HELD_BACK = "note-held-back"
    DECLARED_LOST = "note-declared-lost"
    UNDONE = "note-undone"
    FOUND_MISSING = "note-found-missing"
    FOUND_LOST = "note-found-lost"
    COMPENSATED = "note-compensated"
    WITHDRAWN = "note-withdrawn"
    TO_OFFICE = "note-to-office"
    ON_LOAN = "stop-on-loan"
    UNKNOWN_ITEM = "stop-unknown-item"
    LIBRARY_USE_ONLY = "stop-library-use-only"
    NOT_LENDABLE = "stop-not-lendable"
    PATRON_EXPIRED = "stop-patron-expired"
    BLOCKED = "stop-blocked"
    OVERDUE = "stop-overdue"
    LIMIT_REACHED = "stop-limit-reached"
    CLASS_LIMIT_REACHED = "stop-class-limit-reached"
    # lending sets of groups
    UNKNOWN_SET = "stop-unknown-set"
    SET_FOR_GROUPS = "stop-set-for-groups"
    SET_OUT = "stop-set-out"
    SET_NOT_RENEWED = "stop-set-not-renewed"
    NO_RULE = "stop-no-rule"
    NOT_THEIRS = "stop-not-theirs"
    ITEM_OVERDUE = "stop-item-overdue"
    OTHER_OVERDUE = "stop-other-overdue"
    RENEWALS_USED = "stop-renewals-used"
    RENEWAL_HOLDS = "stop-renewal-holds"
    # the due date would stay as it is
    RENEWAL_NO_GAIN = "stop-renewal-no-gain"
    PENDING = "stop-pending"
    NOT_ON_LOAN = "stop-not-on-loan"
    DATE_BEFORE_LOAN = "stop-date-before-loan"
    NOTHING_TO_UNDO = "stop-nothing-to-undo"
    # on a paper slip; the scan field of a counter says so by itself
    UNKNOWN_CARD = "stop-unknown-card"
    OLD_CARD = "stop-old-card"
    # holds: captured, and the copy goes to the hold shelf here or to another library
    HOLD_SHELF = "note-hold-shelf"
    HOLD_TRANSIT = "note-hold-transit"
    HELD = "stop-held"
    HOLDS_WAIT = "stop-holds-wait"
    HOLDS_NEED_IT = "stop-holds-need-it"
    NOT_FOUND_ONCE = "note-not-found-once"
    MISSING = "note-missing"

    @property
    def kind(self) -> str:
        return self.value.partition("-")[0]


# stops that an officer may pass, with a reason (permit.Permit)
PERMITTABLE = frozenset(
    {
        Outcome.LIBRARY_USE_ONLY,
        Outcome.PATRON_EXPIRED,
        Outcome.BLOCKED,
        Outcome.OVERDUE,
        Outcome.LIMIT_REACHED,
        Outcome.CLASS_LIMIT_REACHED,
        Outcome.ITEM_OVERDUE,
        Outcome.OTHER_OVERDUE,
        Outcome.RENEWALS_USED,
        Outcome.HOLDS_NEED_IT,
    }
)


@dataclass(frozen=True)
class Result:
    """Answer to one scan; `item` is None for an unknown number.

    `due_on` is the due date of a loan or renewal, and the day by which a case is to be decided. `slip` is the number
    of the hold or transit slip to be printed, or to be destroyed after an undo.
    """

    outcome: Outcome
    item: Item | None = None
    due_on: dt.date | None = None
    slip: int | None = None


def scan_key(form_key: uuid.UUID, action: str, *parts: str) -> uuid.UUID:
    """Key of one scan: of the form it was typed into, the act and the numbers. A changed scan is another key."""
    return uuid.uuid5(form_key, "\x1f".join((action, *parts)))
