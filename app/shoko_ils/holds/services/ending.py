"""The end of a hold: the patron leaves the row, and the copy goes to the next hold, in one transaction."""

import datetime as dt

from django.db import connection
from django.db.models import F
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core import db
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import SHELVED, Hold, State, TakeOff
from shoko_ils.holds.services import routing, shelf
from shoko_ils.notices import services as notices
from shoko_ils.vault.models import EndedHold

Why = EndedHold.Why
WITHOUT_PATRON = {
    "patron": None, "requested_at": None, "order_at": None, "suspended_from": None, "suspended_until": None,
    "not_needed_after": None, "group": None, "group_kind": "", "group_position": None, "skipped": "", "contact": "",
    "item": None, "slip_number": None, "shelf_number": None, "shelved_on": None, "pickup_by": None,
    "extended": False,
}  # fmt: skip


def locked(hold_id: int) -> Hold | None:
    """The hold with the locks of its copy, its queue and itself, in the order in which scans take them."""
    while True:
        seen = Hold.objects.filter(pk=hold_id).values_list("item_id", "record_id").first()
        if seen is None:
            return None
        item_id, record_id = seen
        if item_id is not None:
            Item.objects.select_for_update(no_key=True).get(pk=item_id)
        queue.lock(record_id)
        hold = (
            Hold.objects.select_for_update(of=("self",), no_key=True)
            .select_related("pickup_library", "pickup_point", "item")
            .get(pk=hold_id)
        )
        # a copy may have come or gone before the lock: then the locks are not yet the right ones
        if hold.item_id == item_id:
            return hold


def end(hold: Hold, state: State, today: dt.date, *, copy_goes_on: bool = True, why: Why | None = None) -> None:
    """End a locked hold. Its copy goes to the next hold, unless it was lent to the patron himself just now.

    `why` is what My Library tells the patron for a while; None where he did it himself, or has the title.
    """
    item, was, place, library = hold.item, State(hold.state), hold.shelf_number, hold.pickup_library
    group = hold.group if hold.group_kind == Hold.Group.EITHER else None
    notices.settle(shelf.READY, hold.pk)
    if why is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT hold_ended(%s, %s, %s, %s, %s)",
                [hold.patron_id, hold.record_id, hold.issue, why.value, today],
            )
    Hold.objects.filter(pk=hold.pk).update(state=state, ended_on=today, **WITHOUT_PATRON)
    if group and state != State.CANCELLED:
        for number in Hold.objects.filter(group=group).order_by("pk").values_list("pk", flat=True):
            sibling = locked(number)
            if sibling is not None and sibling.patron_id is not None:
                end(sibling, State.CANCELLED, today, why=why)
    if item is None or not copy_goes_on:
        return
    if was in SHELVED and place is not None:
        TakeOff.objects.create(item=item, library=library, shelf_number=place, since=today)
    # the next hold knows at once; the copy itself moves when it is scanned
    routing.capture_next(item, State.IN_TRANSIT if was is State.IN_TRANSIT else State.CAPTURED, today)


def cancel(actor: audit.Actor, hold_id: int, why: Why | None = None) -> bool:
    """Cancel a hold in any state before its end; False if it has ended already. Without `why` the patron wished it.

    The audit says neither whose nor what: with the day of the row it would tell what a person wished to read.
    """

    def operation() -> bool:
        hold = locked(hold_id)
        if hold is None or hold.patron_id is None:
            return False
        end(hold, State.CANCELLED, timezone.localdate(), why=why)
        audit.write(actor, "hold-cancel", "holds")
        return True

    return db.run(operation, confirm=lambda: Hold.objects.filter(pk=hold_id).update(captures=F("captures")))


def expire(today: dt.date) -> int:
    """End the holds whose pickup limit, or whose day until which they are needed, has passed. Repeatable.

    Each is a transaction of its own: one that is interrupted goes on with the next run. Returns how many ended.
    """
    late = Hold.objects.filter(pickup_by__lt=today).values_list("pk", flat=True)
    unneeded = Hold.objects.filter(state=State.QUEUED, not_needed_after__lt=today).values_list("pk", flat=True)
    return sum(_expire_one(number, today) for number in sorted({*late, *unneeded}))


def _expire_one(hold_id: int, today: dt.date) -> bool:
    def operation() -> bool:
        hold = locked(hold_id)
        if hold is None or hold.patron_id is None:
            return False
        late = hold.pickup_by is not None and hold.pickup_by < today
        unneeded = hold.state == State.QUEUED and hold.not_needed_after and hold.not_needed_after < today
        if late or unneeded:
            end(hold, State.EXPIRED, today, why=Why.NOT_PICKED_UP if late else Why.NOT_NEEDED)
        return bool(late or unneeded)

    return db.run(operation, confirm=lambda: Hold.objects.filter(pk=hold_id).update(captures=F("captures")))
