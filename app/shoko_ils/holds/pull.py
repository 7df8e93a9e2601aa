"""The pull list (抜き取りリスト): copies on the shelves that holds wait for, in the order of the shelves."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, OuterRef
from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.holdings import issues
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, PullMiss, State, TakeOff
from shoko_ils.holds.target import Target


@dataclass(frozen=True)
class Line:
    """One copy to fetch. `missed`: it was not found once already. `take_off`: it still stands on the hold shelf."""

    item: Item
    missed: bool
    take_off: TakeOff | None


def lines(library: Library) -> list[Line]:
    """The list of a library: shelving location, call number, volume.

    Holds choose in the order of their queue, each a copy of its pickup library if one is free, and one that was
    found missing once only if there is no other. Nothing is captured: a scan does that.
    """
    wanted = Hold.objects.filter(record=OuterRef("record"), issue=OuterRef("issue"), state=State.QUEUED)
    here = Item.objects.filter(
        Exists(wanted), at_library=library, condition=Item.Condition.NORMAL, library_use_only=False
    )
    found = [
        line
        for record, issue in here.order_by("record", "issue").values_list("record", "issue").distinct()
        for line in _of(Target(record, issue))
        if line.item.at_library_id == library.pk
    ]
    return sorted(found, key=_shelf_order)


def _of(target: Target) -> Iterator[Line]:
    """The copies of a title or issue that are to be fetched, in whichever library."""
    free = list(queue.on_shelf(target).select_related("record", "location", "library", "at_library").order_by("pk"))
    if not free:
        return
    missed = set(PullMiss.objects.filter(item__in=free).values_list("item", flat=True))
    off = {one.item_id: one for one in TakeOff.objects.filter(item__in=free)}
    for one in islice(queue.servable(free[0], timezone.localdate()), len(free)):
        item = min(free, key=lambda each: (each.pk in missed, each.at_library_id != one.pickup_library_id, each.pk))
        free.remove(item)
        yield Line(item, item.pk in missed, off.get(item.pk))


def _shelf_order(line: Line) -> tuple[object, ...]:
    item = line.item
    volume = item.record.volume_order or 0, issues.order(item.issue)
    return item.location_id, item.call_number, *volume, item.record.title, item.barcode
