"""What lending and renewing ask of the holds; both run in the transaction of the loan."""

import datetime as dt
from enum import StrEnum
from itertools import takewhile

from django.db import connection

from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, State, WalkIn
from shoko_ils.holds.policy import policy
from shoko_ils.holds.services import ending, routing
from shoko_ils.holds.target import Target
from shoko_ils.patrons.models import Patron


class Consent(StrEnum):
    """What the counter answers to a question about waiting holds."""

    NONE = ""
    # 来館者優先: yes, lend it
    YES = "yes"
    # permitted by a person who may (F7)
    EXCEPTION = "exception"


class Claim(StrEnum):
    """Whether an item may be lent past the holds. Only FREE has changed anything."""

    FREE = "free"
    # on the hold shelf, or on its way there, for somebody else
    HELD = "held"
    # holds wait, the patron brought the copy from the shelf: ask
    ASK = "ask"
    # holds wait for every free copy: not without an exception
    NEEDED = "needed"


def claim(patron: Patron, item: Item, library: Library, today: dt.date, consent: Consent = Consent.NONE) -> Claim:
    """Settle the holds for a loan of a locked item to a locked patron; call it last before the loan is written.

    Expects the lock of the queue too.
    FREE: the patron's own hold on the title, if any, is fulfilled, and a loan before waiting holds is recorded with
    its reason. Anything else: nothing has changed, and the item is not lent.
    """
    if routing.taken_away_unheld(item, today):
        return Claim.FREE
    captured = routing.captured_for(item)
    if captured is not None and captured.patron_id != patron.pk:
        return Claim.HELD
    ahead = 0 if captured else _ahead_of(patron, item, today)
    if ahead:
        stop = _stop(item, ahead, consent)
        if stop is not None:
            return stop
        reason = WalkIn.Reason.EXCEPTION if consent is Consent.EXCEPTION else WalkIn.Reason.ON_SHELF
        _count_walk_in(library, reason, ahead, today)
    own = Hold.objects.filter(patron=patron, record=item.record_id, issue=item.issue)
    mine = own.values_list("pk", flat=True).first()
    if mine is not None:
        hold = ending.locked(mine)
        if hold is not None and hold.patron_id == patron.pk:
            ending.end(hold, State.FULFILLED, today, copy_goes_on=hold.item_id != item.pk)
    routing.taken_away(item, today)
    return Claim.FREE


def _count_walk_in(library: Library, reason: WalkIn.Reason, ahead: int, today: dt.date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO walk_in (month, library_id, reason, loans, waiting) VALUES (%s, %s, %s, 1, %s)"
            " ON CONFLICT (month, library_id, reason) DO UPDATE SET loans = walk_in.loans + 1,"
            " waiting = walk_in.waiting + excluded.waiting",
            [today.replace(day=1), library.pk, reason.value, ahead],
        )


def _ahead_of(patron: Patron, item: Item, today: dt.date) -> int:
    """Holds of others that this copy could go to and that come before the patron, who is last without a hold."""
    others = takewhile(lambda one: one.patron_id != patron.pk, queue.servable(item, today))
    return sum(1 for _ in others)


def _stop(item: Item, ahead: int, consent: Consent) -> Claim | None:
    if consent is Consent.EXCEPTION:
        return None
    if queue.on_shelf(Target.of(item)).count() > ahead:
        return None  # a copy is left for everybody who waits
    if policy().walk_in_first:
        return None if consent is Consent.YES else Claim.ASK
    return Claim.NEEDED


def refuses_renewal(item: Item, today: dt.date) -> bool:
    """Whether a hold waits that this copy could satisfy and that no copy on a shelf is free for."""
    free = queue.on_shelf(Target.of(item)).count()
    return any(number > free for number, _ in enumerate(queue.servable(item, today), start=1))
