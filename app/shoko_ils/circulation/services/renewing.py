"""Renewing (延長), of one item or of all that a group has out with a set."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import standing
from shoko_ils.circulation.counts import count
from shoko_ils.circulation.models import LendingSet, Loan, LoanRule
from shoko_ils.circulation.permit import Permit
from shoko_ils.circulation.services import lending_set
from shoko_ils.circulation.services.once import Beside, find_item, once, read_receipts, write_receipt
from shoko_ils.circulation.services.results import PERMITTABLE, Outcome, Result, scan_key
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds.services import lending as holds
from shoko_ils.patrons.models import Patron


def renew(
    actor: audit.Actor,
    patron_id: int,
    barcode: str,
    library: Library,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
    permit: Permit | None = None,
    beside: Beside | None = None,
) -> Result:
    """Renew the patron's loan of an item, or say why not.

    The rule under which the item was lent decides: how often, and whether the days count from today or from the due
    date. The due date avoids closed days of the library that lent. A renewal that would not move it is refused: it
    would be spent for nothing.
    """

    def act() -> Result:
        patron = Patron.objects.select_for_update(no_key=True).get(pk=patron_id)
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        return _attempt(actor, patron, item, library, point=point, permit=permit)

    return once(key, act, beside=beside)


@dataclass(frozen=True)
class SetRenewal:
    """What came of renewing a set: the answer for the whole, and each item that could not be renewed with its own."""

    whole: Result
    left: list[Result]


def renew_set(
    actor: audit.Actor,
    patron_id: int,
    number: str,
    library: Library,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
    beside: Beside | None = None,
) -> SetRenewal:
    """Renew all that a group has out with a set, in one transaction. Each item is judged as if it were renewed alone.

    One that cannot be renewed stays as it is and keeps no other from it; what it came to has a receipt of its own, so
    that the same key names the same items again. `due_on` of the whole is the earliest of the new due dates.
    """
    of = LendingSet.objects.filter(pk=LendingSet.pk_of(number)).first()
    if of is None:
        return SetRenewal(Result(Outcome.UNKNOWN_SET), [])

    def own_key(item: Item) -> uuid.UUID:
        return scan_key(key, "of-set", item.barcode)

    def act() -> Result:
        patron = Patron.objects.select_for_update(no_key=True).get(pk=patron_id)
        results = lending_set.renew_all(patron, of, lambda item: _attempt(actor, patron, item, library, point=point))
        for result in results:
            if result.outcome is not Outcome.RENEWED and result.item:
                write_receipt(own_key(result.item), result)
        renewed = [result.due_on for result in results if result.outcome is Outcome.RENEWED and result.due_on]
        if not renewed:
            return Result(Outcome.SET_NOT_RENEWED if results else Outcome.NOT_THEIRS)
        whole = Outcome.SET_RENEWED if len(renewed) == len(results) else Outcome.SET_PARTLY_RENEWED
        return Result(whole, due_on=min(renewed))

    whole = once(key, act, beside=beside)
    return SetRenewal(whole, read_receipts(own_key(item) for item in lending_set.out_with(of.pk, patron_id)))


def _attempt(
    actor: audit.Actor,
    patron: Patron,
    item: Item,
    library: Library,
    *,
    point: ServicePoint | None = None,
    permit: Permit | None = None,
) -> Result:
    """Renew a locked patron's loan of a locked item, or say why not, within the caller's transaction."""
    loan = (
        Loan.objects.select_related("rule", "library", "item")
        .filter(item=item, patron=patron, returned_on__isnull=True)
        .first()
    )
    if loan is None:
        return Result(Outcome.NOT_THEIRS, item)
    today = timezone.localdate()
    stops = list(_stops(patron, loan, today))
    passed = [stop for stop in stops if permit and stop in permit.stops & PERMITTABLE]
    if len(passed) < len(stops):
        return Result(next(stop for stop in stops if stop not in passed), item, loan.due_on)
    due_on = _prolonged(loan, today)
    Loan.objects.filter(pk=loan.pk).update(due_on=due_on, renewals=loan.renewals + 1)
    count("renew", item, library, point)
    if passed and permit:
        allowed = audit.Actor(permit.approver.login_id, actor.library)
        audit.write(allowed, f"permit-{permit.reason}", "renew", [patron.pseudonym])
    audit.write(actor, "renew", "renew")
    return Result(Outcome.RENEWED, item, due_on)


def why_not(patron: Patron, loan: Loan, today: dt.date) -> Outcome | None:
    """The gravest reason against renewing this loan now; None: it can be renewed. Changes nothing."""
    return next(_stops(patron, loan, today), None)


def _stops(patron: Patron, loan: Loan, today: dt.date) -> Iterator[Outcome]:
    """The reasons against renewing this loan, the gravest first. The day it is due is not past due."""
    if loan.pending:
        yield Outcome.PENDING
    if standing.blocked(patron, today):
        yield Outcome.BLOCKED
    if patron.expires_on < today:
        yield Outcome.PATRON_EXPIRED
    if loan.due_on < today:
        yield Outcome.ITEM_OVERDUE
    stop_days = loan.rule.overdue_stop_days
    if stop_days is not None:
        late = list(standing.overdue_loans(today).filter(patron=patron))
        others = [one for one in late if one.pk != loan.pk]
        if standing.days_past_due(late, today) > stop_days:
            yield Outcome.OVERDUE
        elif settings.SITE.get("overdue_stops_renewal", True) and standing.days_past_due(others, today):
            yield Outcome.OTHER_OVERDUE
    if holds.refuses_renewal(loan.item, today):
        yield Outcome.RENEWAL_HOLDS
    if loan.rule.max_renewals is not None and loan.renewals >= loan.rule.max_renewals:
        yield Outcome.RENEWALS_USED
    if _prolonged(loan, today) == loan.due_on:
        yield Outcome.RENEWAL_NO_GAIN


def _prolonged(loan: Loan, today: dt.date) -> dt.date:
    start = loan.due_on if loan.rule.renewal_basis == LoanRule.Basis.DUE else today
    return max(loan.due_on, loan.library.next_open_day(start + dt.timedelta(days=loan.rule.days)))
