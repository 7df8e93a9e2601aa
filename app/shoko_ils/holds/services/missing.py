"""Copies that are not where they should be."""

from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import PullMiss, Transit
from shoko_ils.holds.services import routing, shelf


def not_on_shelf(actor: audit.Actor, item: Item) -> bool:
    """A locked item of the pull list was not found (見つからない); the second time it is missing (所在不明): True.

    The list then names another copy for the same hold, if there is one.
    """
    missed, first = PullMiss.objects.get_or_create(item=item, defaults={"missed_on": timezone.localdate()})
    if first:
        return False
    missed.delete()
    Item.objects.filter(pk=item.pk).update(condition=Item.Condition.MISSING)
    audit.write(actor, "item-missing", "holds")
    return True


def lost_on_the_way(actor: audit.Actor, item: Item) -> bool:
    """A locked item has not arrived: its transit ends, it is missing, and its hold waits again at its old place.

    False if it is not on its way.
    """
    transit = routing.open_transit(item)
    if transit is None:
        return False
    queue.lock(item.record_id)
    routing.end_transit(item, Transit.End.VOID, timezone.localdate())
    Item.objects.filter(pk=item.pk).update(condition=Item.Condition.MISSING)
    hold = routing.captured_for(item)
    if hold is not None:
        shelf.requeue(hold)
    audit.write(actor, "item-missing", "holds")
    return True
