"""Where a copy that was scanned at a library goes: to a hold, on its way, or to the shelf."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import SHELVED, Hold, State, Transit
from shoko_ils.holds.services import shelf, slips


@dataclass(frozen=True)
class Place:
    """A counter: a library, or a service point (図書室) of it, which is another place."""

    library: Library
    point: ServicePoint | None = None

    @property
    def key(self) -> tuple[int, int | None]:
        return self.library.pk, self.point.pk if self.point else None


@dataclass(frozen=True)
class Route:
    """`hold`: captured for it. `transit`: it goes to another library. Neither: to the shelf, here."""

    hold: Hold | None = None
    transit: Transit | None = None


def route(item: Item, library: Library, point: ServicePoint | None = None) -> Route:
    """Where an item that was just scanned at `library` or its `point` goes now; writes capture, shelf, transit.

    Expects the locks of item and queue. The caller has ended its loan and set `at_library`. Scanning it again changes
    nothing.
    """
    today = timezone.localdate()
    seen = _in_hand(item)
    hold = captured_for(item) if seen.captured else None
    if hold is None and seen.waiting:
        hold = capture_next(item, State.CAPTURED, today)
    here = Place(library, point)
    if hold is not None:
        return _bring(hold, item, here, today, moving=seen.moving)
    # home is a library: which of its service points keeps a copy is not known
    home = here if item.library_id == library.pk else Place(item.library)
    return Route(transit=_towards(item, here, home, None, today, moving=seen.moving))


def current(item: Item) -> Route:
    """The route of an item as it stands, without a change."""
    return Route(captured_for(item), open_transit(item))


def captured_for(item: Item) -> Hold | None:
    return Hold.objects.select_related("pickup_library", "pickup_point", "record").filter(item=item).first()


def open_transit(item: Item) -> Transit | None:
    return (
        Transit.objects.select_related("to_library", "to_point", "from_library", "from_point")
        .filter(item=item, ended_on__isnull=True)
        .first()
    )


def capture_next(item: Item, state: State, today: dt.date) -> Hold | None:
    """Capture the item for the first hold in order that it may satisfy; expects the locks of item and queue."""
    found = queue.first_for(item, today)
    if found is None:
        return None
    hold = Hold.objects.select_related("pickup_library", "pickup_point", "record").get(pk=found.hold_id)
    hold.item, hold.state, hold.skipped = item, state, ""
    hold.slip_number = slips.next_slip()
    hold.captures += 1
    hold.save(update_fields=["item", "state", "skipped", "slip_number", "captures"])
    return hold


def offer(item: Item) -> None:
    """A locked item has become free where it is, without a scan: the first hold in order that it may satisfy gets it.

    The copy is brought when it is scanned.
    """
    queue.lock(item.record_id)
    if captured_for(item) is None:
        capture_next(item, State.CAPTURED, timezone.localdate())


def _bring(hold: Hold, item: Item, here: Place, today: dt.date, *, moving: bool) -> Route:
    """To the hold shelf of its pickup library or service point: here, or by a transit."""
    transit = _towards(item, here, Place(hold.pickup_library, hold.pickup_point), hold, today, moving=moving)
    if transit is None:
        if hold.state not in SHELVED:
            shelf.put(hold, today)
    elif hold.state != State.IN_TRANSIT:
        if hold.state in SHELVED:
            # it was put on a shelf where it does not belong, or left its own: what was said of it does not hold
            shelf.take_down(hold)
        hold.state = State.IN_TRANSIT
        hold.save(update_fields=["state", "shelf_number", "shelved_on", "pickup_by", "extended"])
    return Route(hold, transit)


def _towards(
    item: Item, here: Place, destination: Place, hold: Hold | None, today: dt.date, *, moving: bool
) -> Transit | None:
    """End or change the transit of an item scanned `here` so that it leads to `destination`; None: it is there."""
    under_way = open_transit(item) if moving else None
    if under_way:
        to = under_way.to_library_id, under_way.to_point_id
        if to == destination.key and (under_way.from_library_id, under_way.from_point_id) == here.key:
            return under_way
        arrived = to == here.key
        end_transit(item, Transit.End.ARRIVED if arrived else Transit.End.REROUTED, today)
    if destination.key == here.key:
        return None
    return Transit.objects.create(
        item=item,
        from_library=here.library,
        from_point=here.point,
        to_library=destination.library,
        to_point=destination.point,
        slip_number=hold.slip_number if hold else slips.next_slip(),
        sent_on=today,
    )


@dataclass(frozen=True)
class Seen:
    """Of an item in hand: whether a hold has it captured, whether holds wait that it could be for, whether it moves."""

    captured: bool
    waiting: bool
    moving: bool


def _in_hand(item: Item) -> Seen:
    """The item is on no list any more, and what is known of it; one statement, because every scan does it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH listed AS (DELETE FROM take_off WHERE item_id = %(item)s),"
            " missed AS (DELETE FROM pull_miss WHERE item_id = %(item)s)"
            " SELECT EXISTS (SELECT FROM hold WHERE item_id = %(item)s),"
            " EXISTS (SELECT FROM hold WHERE record_id = %(record)s AND issue = %(issue)s AND state = 'queued'),"
            " EXISTS (SELECT FROM transit WHERE item_id = %(item)s AND ended_on IS NULL)",
            {"item": item.pk, "record": item.record_id, "issue": item.issue},
        )
        return Seen(*cursor.fetchone())


def taken_away(item: Item, today: dt.date) -> None:
    """The item is lent: on no list, on no way."""
    if _in_hand(item).moving:
        end_transit(item, Transit.End.ARRIVED, today)


def taken_away_unheld(item: Item, today: dt.date) -> bool:
    """`taken_away` if nobody has a hold on the title; False: somebody has, and nothing has changed. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH held AS (SELECT FROM hold WHERE record_id = %(record)s AND issue = %(issue)s"
            " AND patron_id IS NOT NULL LIMIT 1),"
            " listed AS (DELETE FROM take_off WHERE item_id = %(item)s AND NOT EXISTS (SELECT FROM held)),"
            " missed AS (DELETE FROM pull_miss WHERE item_id = %(item)s AND NOT EXISTS (SELECT FROM held)),"
            " moved AS (UPDATE transit SET ended_on = %(today)s, ended = %(end)s"
            " WHERE item_id = %(item)s AND ended_on IS NULL AND NOT EXISTS (SELECT FROM held))"
            " SELECT NOT EXISTS (SELECT FROM held)",
            {"item": item.pk, "record": item.record_id, "issue": item.issue, "today": today,
             "end": Transit.End.ARRIVED.value},
        )  # fmt: skip
        (free,) = cursor.fetchone()
    return bool(free)


def end_transit(item: Item, end: Transit.End, today: dt.date) -> None:
    Transit.objects.filter(item=item, ended_on__isnull=True).update(ended_on=today, ended=end)


def undo_return(item: Item) -> int | None:
    """Take back what the return of a locked item did here: the capture, its slip, its transit, its notice.

    The hold is again where it was in the queue, and nobody was told: a notice waits longer than a return can be
    undone. Returns the number of the slip to be destroyed, if there is one.
    """
    today = timezone.localdate()
    queue.lock(item.record_id)
    transit = open_transit(item)
    slip = transit.slip_number if transit else None
    end_transit(item, Transit.End.VOID, today)
    hold = captured_for(item)
    if hold is not None:
        slip = hold.slip_number
        shelf.requeue(hold)
    return slip
