"""The only writers of circulation state. Screens, and later SIP2 and offline replay, call these.

Each function is one transaction, repeatable by its key: the same key gives the same answer.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db import IntegrityError
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule, ScanReceipt
from shoko_ils.core import db
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron


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


def _item(barcode: str, *, lock: bool = False) -> Item | None:
    items = Item.objects.filter(barcode=barcode)
    if lock:
        items = items.select_for_update(no_key=True)
    return items.first()


def _shown(item_id: int | None) -> Item | None:
    """The item with all that a screen shows of it."""
    return Item.objects.select_related("record", "library", "location").filter(pk=item_id).first()


def _once(key: uuid.UUID, act: Callable[[], Result]) -> Result:
    """Run `act` unless the key has a receipt; write the receipt in the same transaction."""

    def operation() -> Result:
        receipt = ScanReceipt.objects.filter(key=key).first()
        if receipt:
            return Result(Outcome(receipt.outcome), _shown(receipt.item_id), receipt.due_on)
        result = act()
        ScanReceipt.objects.create(
            key=key,
            outcome=result.outcome.value,
            item=result.item,
            due_on=result.due_on,
            made_on=timezone.localdate(),
        )
        return Result(result.outcome, _shown(result.item.pk if result.item else None), result.due_on)

    def confirm() -> None:
        ScanReceipt.objects.filter(key=key).update(confirmed=True)

    try:
        return db.run(operation, confirm=confirm)
    except IntegrityError:
        # lost a race against the same key, or against another loan of this item: now its row can be read
        return db.run(operation, confirm=confirm)


def lend(actor: audit.Actor, patron_id: int, barcode: str, library: Library, key: uuid.UUID) -> Result:
    """Lend the item with `barcode` to a patron at `library`, or say why not.

    Locks the patron (the limit is counted under it), then the item. The audit says who lent and when, and
    neither what nor to whom: together with a later row of the item that would tell what a person read.
    """

    def act() -> Result:
        patron = Patron.objects.select_for_update(no_key=True).get(pk=patron_id)
        item = _item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        loan = Loan.objects.filter(item=item, returned_on__isnull=True).first()
        if loan:
            yours = loan.patron_id == patron.pk
            return Result(Outcome.ALREADY_YOURS, item, loan.due_on) if yours else Result(Outcome.ON_LOAN, item)
        today = timezone.localdate()
        rule = rules.choose(patron.category_id, library.pk)
        stop = _stop(patron, item, rule, today)
        if stop or rule is None:
            return Result(stop or Outcome.NO_RULE, item)
        due_on = library.next_open_day(today + dt.timedelta(days=rule.days))
        Loan.objects.create(
            item=item,
            patron=patron,
            library=library,
            rule=rule,
            lent_on=today,
            lent_at=timezone.now(),
            due_on=due_on,
        )
        audit.write(actor, "lend", "lend")
        return Result(Outcome.LENT, item, due_on)

    return _once(key, act)


def _stop(patron: Patron, item: Item, rule: LoanRule | None, today: dt.date) -> Outcome | None:
    """The first reason against lending an item that is in, or None."""
    if patron.expires_on < today:
        return Outcome.PATRON_EXPIRED
    if item.library_use_only:
        return Outcome.LIBRARY_USE_ONLY
    if item.condition in (Item.Condition.WITHDRAWN, Item.Condition.PROCESSING):
        return Outcome.NOT_LENDABLE
    limit = rule.max_loans if rule else None
    if limit is not None and Loan.objects.filter(patron=patron).count() >= limit:
        return Outcome.LIMIT_REACHED
    return None


def take_back(actor: audit.Actor, barcode: str, library: Library, key: uuid.UUID) -> Result:
    """Take an item back at `library`, from anyone, in any state, and erase the borrower with it.

    Tells where the item goes now, never who had it.
    """

    def act() -> Result:
        item = _item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        ended = Loan.objects.filter(item=item, returned_on__isnull=True).update(
            patron=None, lent_at=None, returned_on=timezone.localdate()
        )
        if item.at_library_id != library.pk:
            Item.objects.filter(pk=item.pk).update(at_library=library)
        home = item.library_id == library.pk
        if ended:
            audit.write(actor, "take-back", "return")
            return Result(Outcome.SHELVE if home else Outcome.SEND_HOME, item)
        return Result(Outcome.NOT_OUT if home else Outcome.NOT_OUT_SEND_HOME, item)

    return _once(key, act)
