"""What becomes of holds when two bibliographic records are merged."""

from django.utils import timezone

from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import ending


def merged(gone: int, kept: int) -> int:
    """Holds follow to the record that stays; runs in the transaction of the merger, before the record goes.

    Who holds both keeps the one with a copy, else the better place; the other ends. Returns how many moved.
    """
    for record in sorted((gone, kept)):
        queue.lock(record)
    today = timezone.localdate()
    for number in Hold.objects.filter(record=gone, patron__isnull=False).order_by("pk").values_list("pk", flat=True):
        hold = ending.locked(number)
        twin_id = Hold.objects.filter(record=kept, patron=hold.patron_id).values_list("pk", flat=True).first()
        if twin_id is not None:
            twin = ending.locked(twin_id)
            ending.end(max(hold, twin, key=_worth), State.CANCELLED, today)
    return Hold.objects.filter(record=gone).update(record=kept)


def _worth(hold: Hold) -> tuple[object, ...]:
    """Smaller is better."""
    return hold.item_id is None, hold.priority, hold.order_at, hold.pk
