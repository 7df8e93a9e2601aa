"""Renewing (延長)."""

import datetime as dt
import uuid
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import standing
from shoko_ils.circulation.counts import count
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.permit import Permit
from shoko_ils.circulation.services.once import find_item, once
from shoko_ils.circulation.services.results import PERMITTABLE, Outcome, Result
from shoko_ils.core.models import Library, ServicePoint
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

    return once(key, act)


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
