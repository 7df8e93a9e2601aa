"""Lending, of books and of AV material, to persons and to groups (S1:L30)."""

import datetime as dt
import uuid
from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import facts, rules, standing, undo
from shoko_ils.circulation.models import LendingSet, Loan, LoanRule
from shoko_ils.circulation.permit import Permit
from shoko_ils.circulation.services import lending_set, returning
from shoko_ils.circulation.services.backdate import Late
from shoko_ils.circulation.services.once import Beside, find_item, lock_patron, once, undone_if_stopped
from shoko_ils.circulation.services.results import PERMITTABLE, Outcome, Result
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.barcode import is_set
from shoko_ils.holdings.models import Item
from shoko_ils.holds.services import lending as holds
from shoko_ils.patrons.models import Patron

CLAIMS = {
    holds.Claim.FREE: None,
    holds.Claim.HELD: Outcome.HELD,
    holds.Claim.ASK: Outcome.HOLDS_WAIT,
    holds.Claim.NEEDED: Outcome.HOLDS_NEED_IT,
}
KEPT_IN = (Item.Condition.WITHDRAWN, Item.Condition.PROCESSING, Item.Condition.LOST, Item.Condition.DAMAGED)


def lend(
    actor: audit.Actor,
    patron_id: int,
    barcode: str,
    library: Library,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
    terminal: uuid.UUID | None = None,
    late: Late | None = None,
    permit: Permit | None = None,
    walk_in: bool = False,
    return_first: bool = False,
    beside: Beside | None = None,
) -> Result:
    """Lend the item with `barcode` to a patron at `library` (and `point`), or say why not; of a set, all its items.

    `late` enters a loan of a former day, `permit` passes the stops that it names, `walk_in` answers HOLDS_WAIT with
    yes: the patron brought the copy from the shelf. `return_first` ends the open loan of an item that stood on the
    shelf all the same (貸出中のまま戻った資料), together with the new loan or not at all; one that somebody waits for
    is not lent so, because its return says where it goes.

    Locks the patron (the limit is counted under it), then the item. The audit says who lent and when, and neither what
    nor to whom: together with a later row of the item that would tell what a person read. A permit is in the audit with
    the patron.
    """

    def act() -> Result:
        undo.forget(terminal)
        patron = lock_patron(patron_id)

        def one(item: Item, of_set: LendingSet | None = None) -> Result:
            asked = {"point": point, "late": late, "permit": permit, "walk_in": walk_in, "of_set": of_set}
            return attempt(actor, patron, item, library, **asked)

        def returned_first(item: Item) -> Result:
            came = returning.accept(actor, item, library, point=point)
            result = came if came.outcome.kind == "stop" else one(item)
            return Result(Outcome.ON_LOAN, item) if result.outcome is Outcome.HELD else result

        if is_set(barcode):
            return lending_set.lend_all(patron, barcode, one)
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        return undone_if_stopped(lambda: returned_first(item)) if return_first else one(item)

    return once(key, act, beside=beside)


def attempt(
    actor: audit.Actor,
    patron: Patron,
    item: Item,
    library: Library,
    *,
    point: ServicePoint | None = None,
    late: Late | None = None,
    permit: Permit | None = None,
    walk_in: bool = False,
    of_set: LendingSet | None = None,
) -> Result:
    """`lend` within the caller's transaction, which has locked the patron and then the item.

    A loan of a former day is judged as of that day; the holds are those of today. Anything but LENT: nothing changed.
    """
    today = timezone.localdate()
    day = late.on if late else today
    known = standing.BeforeLending.read(patron.pk, item, day)
    if known.out_to is not None:
        yours = known.out_to == patron.pk and not known.out_pending
        return Result(Outcome.ALREADY_YOURS, item, known.out_due_on) if yours else Result(Outcome.ON_LOAN, item)
    place = library.pk, point.pk if point else None
    rule = rules.choose(patron.category_id, item.material_class_id, *place, edition=known.edition)
    if rule is None:
        return Result(Outcome.NO_RULE, item)
    stops = list(_stops(patron, item, rule, day, known))
    passed = [stop for stop in stops if permit and stop in permit.stops & PERMITTABLE]
    if len(passed) < len(stops):
        return Result(next(stop for stop in stops if stop not in passed), item)
    wait = _past_holds(patron, item, library, today, walk_in=walk_in)
    if wait is Outcome.HOLDS_NEED_IT and permit and wait in permit.stops:
        passed.append(wait)
        wait = CLAIMS[holds.claim(patron, item, library, today, holds.Consent.EXCEPTION)]
    if wait is not None:
        return Result(wait, item)
    due_on = library.days(day, known.edition).next_open_day(day + dt.timedelta(days=rule.days))
    loan = _begin(patron, item, library, point=point, rule=rule, day=day, due_on=due_on, of_set=of_set)
    facts.lent(loan, item, patron)
    if passed and permit:
        allowed = audit.Actor(permit.approver.login_id, actor.library)
        audit.write(allowed, f"permit-{permit.reason}", "lend", [patron.pseudonym])
    if late:
        audit.write(actor, f"late-{late.reason}", "lend")
    audit.write(actor, "lend", "lend")
    return Result(Outcome.LENT, item, loan.due_on)


def _past_holds(patron: Patron, item: Item, library: Library, today: dt.date, *, walk_in: bool) -> Outcome | None:
    """Settle the holds on the item for this loan; None: it may be lent."""
    return CLAIMS[holds.claim(patron, item, library, today, holds.Consent.YES if walk_in else holds.Consent.NONE)]


def _stops(
    patron: Patron, item: Item, rule: LoanRule, day: dt.date, known: standing.BeforeLending
) -> Iterator[Outcome]:
    """The reasons against lending on `day` an item that is in, the gravest first."""
    if item.condition in KEPT_IN:
        yield Outcome.NOT_LENDABLE
    if known.blocked:
        yield Outcome.BLOCKED
    if patron.expires_on < day:
        yield Outcome.PATRON_EXPIRED
    if rule.overdue_stop_days is not None and known.late:
        late = list(standing.overdue_loans(day).filter(patron=patron))
        if standing.days_past_due(late, day) > rule.overdue_stop_days:
            yield Outcome.OVERDUE
    if item.library_use_only:
        yield Outcome.LIBRARY_USE_ONLY
    total, of_class = known.counted(rule)
    if rule.max_loans is not None and total >= rule.max_loans:
        yield Outcome.LIMIT_REACHED
    if rule.max_class_loans is not None and of_class >= rule.max_class_loans:
        yield Outcome.CLASS_LIMIT_REACHED


def _begin(
    patron: Patron,
    item: Item,
    library: Library,
    *,
    point: ServicePoint | None,
    rule: LoanRule,
    day: dt.date,
    due_on: dt.date,
    of_set: LendingSet | None,
) -> Loan:
    """The loan, and all that changes with it in the same transaction."""
    if item.condition == Item.Condition.MISSING:  # here it is
        Item.objects.filter(pk=item.pk).update(condition=Item.Condition.NORMAL)
    loan = Loan(
        item=item,
        patron=patron,
        library=library,
        service_point=point,
        rule=rule,
        lending_set=of_set,
        lent_on=day,
        lent_at=timezone.now(),
        due_on=due_on,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loan (item_id, patron_id, library_id, service_point_id, rule_id, lending_set_id,"
            " lent_on, lent_at, due_on) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                item.pk, patron.pk, library.pk, loan.service_point_id, rule.pk, loan.lending_set_id,
                loan.lent_on, loan.lent_at, loan.due_on,
            ],
        )  # fmt: skip
    return loan
