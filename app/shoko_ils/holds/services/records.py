"""What becomes of holds when two bibliographic records are merged."""

from django.db import connection
from django.utils import timezone

from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import ending


def merged(gone: int, kept: int) -> int:
    """Holds follow to the record that stays; runs in the transaction of the merger, when the copies have moved.

    Who holds both keeps the one with a copy, else the better place; the other ends. Returns how many moved.
    """
    for record in sorted((gone, kept)):
        queue.lock(record)
    today = timezone.localdate()
    for number in Hold.objects.filter(record=gone, patron__isnull=False).order_by("pk").values_list("pk", flat=True):
        hold = ending.locked(number)
        twins = Hold.objects.filter(record=kept, issue=hold.issue, patron=hold.patron_id)
        twin_id = twins.values_list("pk", flat=True).first()
        if twin_id is not None:
            twin = ending.locked(twin_id)
            ending.end(max(hold, twin, key=_worth), State.CANCELLED, today)
    moved = Hold.objects.filter(record=gone).update(record=kept)
    _copies_agree()
    return moved


def parted() -> None:
    """A merger is taken back, the copies have moved: a hold that has one of them follows it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE hold SET record_id = i.record_id FROM item i"
            " WHERE i.id = hold.item_id AND hold.record_id <> i.record_id"
        )
    _copies_agree()


def copies_move() -> None:
    """In this transaction, until `merged` or `parted`, copies of holds may be of another record than these."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS hold_copy_is_of_its_issue DEFERRED")


def _copies_agree() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS hold_copy_is_of_its_issue IMMEDIATE")


def _worth(hold: Hold) -> tuple[object, ...]:
    """Smaller is better."""
    return hold.item_id is None, hold.priority, hold.order_at, hold.pk
