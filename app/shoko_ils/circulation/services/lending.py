"""Lending."""

import datetime as dt
import uuid

from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.services.once import find_item, once
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron


def lend(actor: audit.Actor, patron_id: int, barcode: str, library: Library, key: uuid.UUID) -> Result:
    """Lend the item with `barcode` to a patron at `library`, or say why not.

    Locks the patron (the limit is counted under it), then the item. The audit says who lent and when, and
    neither what nor to whom: together with a later row of the item that would tell what a person read.
    """

    def act() -> Result:
        patron = Patron.objects.select_for_update(no_key=True).get(pk=patron_id)
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        loan = Loan.objects.filter(item=item, returned_on__isnull=True).first()
        if loan:
            yours = loan.patron_id == patron.pk
            return Result(Outcome.ALREADY_YOURS, item, loan.due_on) if yours else Result(Outcome.ON_LOAN, item)
        today = timezone.localdate()
        rule = rules.choose(patron.category_id, library.pk)
        stop = _stop(patron, item, rule, today)
        if stop or rule is None:
            return Result(stop or Outcome.NO_RULE, item)
        loan = _begin(patron, item, library, rule, today)
        audit.write(actor, "lend", "lend")
        return Result(Outcome.LENT, item, loan.due_on)

    return once(key, act)


def _stop(patron: Patron, item: Item, rule: LoanRule | None, today: dt.date) -> Outcome | None:
    """The first reason against lending an item that is in, or None."""
    if patron.expires_on < today:
        return Outcome.PATRON_EXPIRED
    if item.library_use_only:
        return Outcome.LIBRARY_USE_ONLY
    if item.condition in (Item.Condition.WITHDRAWN, Item.Condition.PROCESSING):
        return Outcome.NOT_LENDABLE
    limit = rule.max_loans if rule else None
    if limit is not None and Loan.objects.filter(patron=patron).count() >= limit:
        return Outcome.LIMIT_REACHED
    return None


def _begin(patron: Patron, item: Item, library: Library, rule: LoanRule, today: dt.date) -> Loan:
    """The loan, and all that changes with it in the same transaction."""
    return Loan.objects.create(
        item=item,
        patron=patron,
        library=library,
        rule=rule,
        lent_on=today,
        lent_at=timezone.now(),
        due_on=library.next_open_day(today + dt.timedelta(days=rule.days)),
    )
