"""返却保留, 紛失, 弁償: loans that stay open although the item is here, or lost."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation import counts
from shoko_ils.circulation.models import Loan, LoanRule, ReturnCase
from shoko_ils.circulation.services import (
    Outcome,
    cases,
    declare_lost,
    hold_back,
    lend,
    renew,
    take_back,
)
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.conftest import make_account
from tests.holding import make_late, new, open_loan, shelf_item
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
DAY = dt.timedelta(days=1)


def test_a_return_that_waits_for_a_check_keeps_the_loan_open_and_not_past_due(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    make_late(lent, 40)
    result = hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    assert (result.outcome, result.due_on) == (Outcome.HELD_BACK, TODAY() + DAY * 7)
    lent.refresh_from_db()
    assert (lent.patron, lent.pending, lent.returned_on) == (patron, True, None)
    other = shelf_item(other_than=item)
    assert lend(actor, patron.pk, other.barcode, central, new()).outcome is Outcome.LENT
    assert take_back(actor, item.barcode, central, new()).outcome is Outcome.PENDING
    assert renew(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.PENDING
    assert lend(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.ON_LOAN
    assert hold_back(actor, item.barcode, central, ReturnCase.Reason.DIRTY, new()).outcome is Outcome.PENDING
    assert hold_back(actor, other.barcode, central, ReturnCase.Reason.DIRTY, new()).outcome is Outcome.HELD_BACK


@pytest.mark.parametrize(("counts_pending", "outcome"), [(False, Outcome.LENT), (True, Outcome.LIMIT_REACHED)])
def test_the_site_says_whether_a_pending_return_counts(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan, counts_pending: bool, outcome: Outcome
) -> None:
    LoanRule.objects.update(max_loans=1, counts_pending=counts_pending)
    hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    other = shelf_item(other_than=item)
    assert lend(actor, patron.pk, other.barcode, central, new()).outcome is outcome


@pytest.mark.parametrize(
    ("decision", "condition"), [("not-needed", "normal"), ("waived", "normal"), ("repair", "damaged")]
)
def test_a_case_without_compensation_completes_the_return_and_erases(
    actor: Actor,
    officer: StaffAccount,
    patron: Patron,
    item: Item,
    central: Library,
    lent: Loan,
    decision: str,
    condition: str,
) -> None:
    hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    case = cases.decide(actor, officer, lent.cases.get().pk, ReturnCase.Decision(decision))
    lent.refresh_from_db()
    item.refresh_from_db()
    assert (lent.patron, lent.returned_on, case.settled_on) == (None, TODAY(), TODAY())
    assert item.condition == condition
    assert ("settled", 1) in [(c.act, c.count) for c in counts.of_day(TODAY())]
    assert not tables_that_pair(patron, item)
    with pytest.raises(cases.CaseClosed):
        cases.decide(actor, officer, case.pk, ReturnCase.Decision.WAIVED)


def test_a_case_with_compensation_stays_open_until_it_has_come_in(
    actor: Actor, officer: StaffAccount, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    case = lent.cases.get()
    with pytest.raises(cases.CaseClosed):
        cases.settle(actor, officer, case.pk)
    cases.decide(actor, officer, case.pk, ReturnCase.Decision.SAME_COPY)
    lent.refresh_from_db()
    assert (lent.patron, lent.pending) == (patron, True)
    cases.settle(actor, officer, case.pk)
    lent.refresh_from_db()
    item.refresh_from_db()
    assert (lent.patron, lent.returned_on, item.condition) == (None, TODAY(), "damaged")
    assert not tables_that_pair(patron, item)


def test_only_officers_decide_and_settle(actor: Actor, item: Item, central: Library, lent: Loan) -> None:
    assistant = make_account(Level.ASSISTANT, central)
    hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    case = lent.cases.get()
    with pytest.raises(PermissionDenied):
        cases.decide(actor, assistant, case.pk, ReturnCase.Decision.NOT_NEEDED)
    with pytest.raises(PermissionDenied):
        cases.settle(actor, assistant, case.pk)


def test_a_lost_item_is_found_or_compensated(
    actor: Actor, officer: StaffAccount, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    assert declare_lost(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.DECLARED_LOST
    item.refresh_from_db()
    assert item.condition == "lost"
    assert take_back(actor, item.barcode, central, new()).outcome is Outcome.FOUND_LOST
    item.refresh_from_db()
    lent.refresh_from_db()
    assert (item.condition, lent.patron, lent.cases.get().decision) == ("normal", None, "found")
    lend(actor, patron.pk, item.barcode, central, new())
    declare_lost(actor, patron.pk, item.barcode, central, new())
    case = open_loan(item).cases.get()
    cases.decide(actor, officer, case.pk, ReturnCase.Decision.SUBSTITUTE)
    cases.settle(actor, officer, case.pk)
    item.refresh_from_db()
    assert item.condition == "lost"
    assert take_back(actor, item.barcode, central, new()).outcome is Outcome.COMPENSATED
    assert lend(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.NOT_LENDABLE
