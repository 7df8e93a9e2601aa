"""Scans at the hold counter: one transaction each, repeatable by their key, as the scans of loans.

As every scan at a terminal, each ends the undo of the return before it there.
"""

import uuid
from collections.abc import Callable

from shoko_ils.audit import record as audit
from shoko_ils.circulation import undo
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services.once import Beside, find_item, once
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds.services import missing, routing


def scan_in(
    actor: audit.Actor,
    barcode: str,
    library: Library,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
    terminal: uuid.UUID | None = None,
    beside: Beside | None = None,
) -> Result:
    """An item from the pull list, a transit box or the hold shelf was scanned at `library`: where it goes now.

    An item that is on loan is refused: the return counter takes it back.
    """

    def act() -> Result:
        undo.forget(terminal)
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        if Loan.objects.filter(item=item, returned_on__isnull=True).exists():
            return Result(Outcome.ON_LOAN, item)
        if item.condition == Item.Condition.MISSING:
            Item.objects.filter(pk=item.pk).update(condition=Item.Condition.NORMAL)
            item.condition = Item.Condition.NORMAL
        if item.at_library_id != library.pk:
            Item.objects.filter(pk=item.pk).update(at_library=library)
            item.at_library = library
        route = routing.route(item, library, point)
        audit.write(actor, "route", "holds")
        slip = route.hold.slip_number if route.hold else route.transit.slip_number if route.transit else None
        return Result(destination(route), item, slip=slip)

    return once(key, act, beside=beside)


def destination(route: routing.Route) -> Outcome:
    """What the counter says of a route."""
    if route.hold is not None:
        return Outcome.HOLD_TRANSIT if route.transit else Outcome.HOLD_SHELF
    return Outcome.SEND_HOME if route.transit else Outcome.SHELVE


def not_on_shelf(
    actor: audit.Actor,
    barcode: str,
    key: uuid.UUID,
    *,
    terminal: uuid.UUID | None = None,
    beside: Beside | None = None,
) -> Result:
    """An item of the pull list was not found; see `missing.not_on_shelf`."""

    def judge(item: Item) -> Outcome:
        return Outcome.MISSING if missing.not_on_shelf(actor, item) else Outcome.NOT_FOUND_ONCE

    return _judged(barcode, key, judge, terminal, beside)


def lost_on_the_way(
    actor: audit.Actor,
    barcode: str,
    key: uuid.UUID,
    *,
    terminal: uuid.UUID | None = None,
    beside: Beside | None = None,
) -> Result:
    """An item in transit has not arrived; see `missing.lost_on_the_way`."""

    def judge(item: Item) -> Outcome:
        return Outcome.MISSING if missing.lost_on_the_way(actor, item) else Outcome.NOT_OUT

    return _judged(barcode, key, judge, terminal, beside)


def _judged(
    barcode: str,
    key: uuid.UUID,
    judge: Callable[[Item], Outcome],
    terminal: uuid.UUID | None,
    beside: Beside | None,
) -> Result:
    """What `judge` says of the scanned item, once for a key."""

    def act() -> Result:
        undo.forget(terminal)
        item = find_item(barcode, lock=True)
        return Result(Outcome.UNKNOWN_ITEM) if item is None else Result(judge(item), item)

    return once(key, act, beside=beside)
