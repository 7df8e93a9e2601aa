"""The hold shelf (取置棚): a place, the notice, the pickup limit."""

import datetime as dt

from shoko_ils.core.models import Library
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.policy import policy
from shoko_ils.holds.services import slips
from shoko_ils.notices import services as notices
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.services.contact import ways

READY = "hold-ready"


def put(hold: Hold, today: dt.date) -> None:
    """Put the captured copy on the shelf of its pickup library, and the notice into the outbox.

    It goes by the way that was chosen with the hold, unless that is no longer on file. The pickup limit begins with
    it; for a patron who wishes none, the day after today.
    """
    patron = hold.patron
    contact = Patron.Contact(hold.contact if hold.contact in ways(patron) else patron.contact)
    hold.state, hold.shelved_on = State.ON_SHELF, today
    hold.shelf_number = slips.free_place(hold.pickup_library)
    if contact in notices.WAYS:
        notices.put(
            READY,
            hold.pk,
            patron,
            hold.pickup_library,
            once=f"{hold.pk}:{hold.captures}",
            delay=dt.timedelta(minutes=policy().notice_delay_minutes),
            way=notices.WAYS[contact],
        )
    else:
        hold.pickup_by = limit(hold.pickup_library, today, policy().pickup_days)
    hold.save(update_fields=["state", "shelved_on", "shelf_number", "pickup_by"])


def limit(library: Library, day: dt.date, days: int) -> dt.date:
    """The last of `days` open days of the library that follow `day`."""
    return library.open_day_after(day, days)


def told(hold_id: int, day: dt.date) -> None:
    """The patron was told on `day`: the limit begins on the day after. Called by the outbox."""
    hold = Hold.objects.select_related("pickup_library").select_for_update(of=("self",), no_key=True).get(pk=hold_id)
    if hold.state == State.ON_SHELF:
        hold.state, hold.pickup_by = State.NOTIFIED, limit(hold.pickup_library, day, policy().pickup_days)
        hold.save(update_fields=["state", "pickup_by"])


def requeue(hold: Hold) -> None:
    """Back into the queue at its old place, as if no copy had come."""
    notices.settle(READY, hold.pk)
    hold.state, hold.item, hold.slip_number = State.QUEUED, None, None
    hold.shelf_number, hold.shelved_on, hold.pickup_by, hold.extended = None, None, None, False
    hold.save(update_fields=["state", "item", "slip_number", "shelf_number", "shelved_on", "pickup_by", "extended"])


def take_down(hold: Hold) -> None:
    """The copy is not on the shelf: nobody is told any more that it waits there. The caller saves."""
    notices.settle(READY, hold.pk)
    hold.shelf_number, hold.shelved_on, hold.pickup_by, hold.extended = None, None, None, False


def move_limits(library: Library, first: dt.date, last: dt.date) -> int:
    """The library is closed from `first` to `last` without warning: pickup limits from `first` on move back.

    Each moves by the length of the closing and then to an open day, so that nobody loses a day. Call it in the
    transaction of the closing, when this stands in the calendar; returns how many limits moved.
    """
    days = library.days(first)
    length = last - first + dt.timedelta(days=1)
    concerned = Hold.objects.filter(pickup_library=library, pickup_by__gte=first).select_for_update(no_key=True)
    moved = 0
    for hold in concerned:
        hold.pickup_by = days.next_open_day(hold.pickup_by + length)
        hold.save(update_fields=["pickup_by"])
        moved += 1
    return moved
