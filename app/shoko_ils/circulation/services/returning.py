"""Taking back at any library (S4:L33-41), and the undo of the last return."""

import uuid

from django.db import connection
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import facts, undo
from shoko_ils.circulation.counts import count
from shoko_ils.circulation.late import LateReason
from shoko_ils.circulation.models import Loan, ReturnCase
from shoko_ils.circulation.services.backdate import Late
from shoko_ils.circulation.services.ending import end
from shoko_ils.circulation.services.once import Beside, find_item, once
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.core.rows import Columns
from shoko_ils.holdings.models import Item
from shoko_ils.holds.services import routing

LOAN = Columns(Loan)
# items that do not go to a shelf when they turn up, whether they were on loan or not
ASIDE = {
    Item.Condition.WITHDRAWN: Outcome.WITHDRAWN,
    Item.Condition.PROCESSING: Outcome.TO_OFFICE,
    Item.Condition.DAMAGED: Outcome.TO_OFFICE,
    Item.Condition.LOST: Outcome.COMPENSATED,
}


def take_back(
    actor: audit.Actor,
    barcode: str,
    library: Library,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
    terminal: uuid.UUID | None = None,
    secret: uuid.UUID | None = None,
    late: Late | None = None,
    beside: Beside | None = None,
) -> Result:
    """Take an item back at `library`, from anyone, in any state, and erase the borrower with it.

    Tells where the item goes now, never who had it. With `terminal` and `secret` the return can be undone until the
    next scan there; `late` makes it a return of a former day (the book drop). A loan that is kept open by a check
    stays so; one that was declared lost is found.
    """

    def act() -> Result:
        undo.forget(terminal)
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        return accept(actor, item, library, point=point, terminal=terminal, secret=secret, late=late)

    return once(key, act, beside=beside)


def accept(
    actor: audit.Actor,
    item: Item,
    library: Library,
    *,
    point: ServicePoint | None = None,
    terminal: uuid.UUID | None = None,
    secret: uuid.UUID | None = None,
    late: Late | None = None,
) -> Result:
    """`take_back` of a locked item within the caller's transaction. A stop has changed nothing."""
    loan = _open_loan(item)
    found = False
    if loan and loan.pending:
        case = loan.cases.get(settled_on__isnull=True)
        found = case.reason == ReturnCase.Reason.LOST
        if not found:
            return Result(Outcome.PENDING, item, case.decide_by)
    day = late.on if late else timezone.localdate()
    counted_on = late.counted_on if late else day
    if loan and day < loan.lent_on:
        if late and late.reason is not LateReason.BOOK_DROP:
            return Result(Outcome.DATE_BEFORE_LOAN, item)
        day = loan.lent_on  # lent and dropped since the last open day
    if loan and found:
        _settle_found(actor, case)
    elif loan:
        undo.seal(terminal, secret, loan.pk, counted_on)
    if loan:
        end(loan, day)
    if item.at_library_id != library.pk:
        Item.objects.filter(pk=item.pk).update(at_library=library)
        item.at_library = library
    where, slip = _destination(item, library, point, was_out=loan is not None, found=found)
    if loan:
        count("return", item, library, point, day=counted_on)
        if late:
            audit.write(actor, f"late-{late.reason}", "return")
        audit.write(actor, "take-back", "return")
    return Result(where, item, slip=slip)


def _open_loan(item: Item) -> Loan | None:
    """The open loan of an item, locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LOAN.sql('l')} FROM loan l WHERE item_id = %s AND returned_on IS NULL FOR NO KEY UPDATE",  # noqa: S608
            [item.pk],
        )
        row = cursor.fetchone()
    return LOAN.read(row) if row else None


def _settle_found(actor: audit.Actor, case: ReturnCase) -> None:
    """A lost item that is here ends its case; nobody owes anything for it."""
    today = timezone.localdate()
    case.decision, case.decided_on, case.decided_by = ReturnCase.Decision.FOUND, today, actor.login_id
    case.settle(today, actor.login_id)


def _destination(
    item: Item, library: Library, point: ServicePoint | None, *, was_out: bool, found: bool
) -> tuple[Outcome, int | None]:
    """Where an item that has just come in at `library` goes now, and the number of its slip."""
    turned_up = found or item.condition == Item.Condition.MISSING
    if turned_up:
        Item.objects.filter(pk=item.pk).update(condition=Item.Condition.NORMAL)
        item.condition = Item.Condition.NORMAL
    elif item.condition in ASIDE:
        return ASIDE[Item.Condition(item.condition)], None
    route = routing.route(item, library, point)
    if route.hold is not None:
        return Outcome.HOLD_TRANSIT if route.transit else Outcome.HOLD_SHELF, route.hold.slip_number
    slip = route.transit.slip_number if route.transit else None
    if turned_up:
        return Outcome.FOUND_LOST if found else Outcome.FOUND_MISSING, slip
    if route.transit is None:
        return Outcome.SHELVE if was_out else Outcome.NOT_OUT, None
    return Outcome.SEND_HOME if was_out else Outcome.NOT_OUT_SEND_HOME, slip


def undo_return(
    actor: audit.Actor,
    library: Library,
    key: uuid.UUID,
    *,
    terminal: uuid.UUID,
    secret: uuid.UUID,
    point: ServicePoint | None = None,
    beside: Beside | None = None,
) -> Result:
    """Undo the last return at this terminal (直前取消): the loan is open again, of whoever had the item.

    What a hold had gained by the return is undone with it; `slip` is then to be destroyed.
    NOTHING_TO_UNDO after three minutes, after another scan there, or when the item was lent again.
    """

    def act() -> Result:
        undone = undo.take(terminal, secret)
        if undone is None:
            return Result(Outcome.NOTHING_TO_UNDO)
        item = Item.objects.select_related("material_class").get(pk=undone.item_id)
        facts.not_kept(undone.loan_id, undone.returned_on)
        slip = routing.undo_return(item)
        count("return", item, library, point, by=-1, day=undone.counted_on)
        audit.write(actor, "undo-return", "return")
        return Result(Outcome.UNDONE, item, slip=slip)

    return once(key, act, beside=beside)
