"""What may be known of who read what after the return, and that the search for it would find it."""

import datetime as dt
import json

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import Loan, ReturnCase, ScanReceipt
from shoko_ils.circulation.services import Outcome, Permit, PermitReason, cases, declare_lost, lend, take_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds import housekeeping
from shoko_ils.holds.models import Hold, HoldMove, State, Transit, WalkIn
from shoko_ils.mylibrary.models import MemberOrder
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import StaffAccount
from tests.conftest import MEROS
from tests.holding import ACTOR, hold, new
from tests.privacy import pairs_by_transaction, tables_that_pair

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.fixture
def officer(central: Library) -> StaffAccount:
    return StaffAccount.objects.get(login_id="demo")


# --- the search itself


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("by", ["number", "barcode"])
def test_the_search_sees_a_pair_in_a_document(patron: Patron, item: Item, by: str, nested: bool) -> None:
    asked: dict[str, object] = {"item": item.pk} if by == "number" else {"scans": [item.barcode]}
    asked = {"sent": json.dumps({"again": [asked]})} if nested else asked
    MemberOrder.objects.create(key=new(), patron=patron, kind="renew", asked=asked, made_at=timezone.now())
    assert tables_that_pair(patron, item) == ["ils.member_order"]


def test_the_search_sees_a_pair_in_a_session(patron: Patron, card: Card, item: Item) -> None:
    session = SessionStore()
    session["sitting"] = {"card": card.number, "lent": [item.barcode]}
    session.create()
    assert tables_that_pair(patron, item) == ["session"]


def test_the_search_sees_what_one_transaction_wrote(patron: Patron, item: Item, officer: StaffAccount) -> None:
    lent_by_permission(patron, item, officer)
    found = pairs_by_transaction(patron, item, "ils_owner")
    assert ("ils.audit_event", "ils.hold") in found
    assert ("ils.patron", "ils.hold") in found, "by the lock of the loan"


# --- after the return


def lent_by_permission(patron: Patron, item: Item, officer: StaffAccount) -> Hold:
    """A loan by an exception, which the audit keeps with the patron, that ends the patron's hold; and its return."""
    mine = hold(patron, MEROS)
    Patron.objects.filter(pk=patron.pk).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    permit = Permit(officer, PermitReason.OFFICER)
    result = lend(ACTOR, patron.pk, item.barcode, item.library, new(), permit=permit, walk_in=True)
    assert result.outcome is Outcome.LENT
    assert Event.objects.filter(action="permit-officer", subject=patron.pseudonym).exists()
    take_back(ACTOR, item.barcode, item.library, new())
    mine.refresh_from_db()
    assert mine.state == State.FULFILLED
    return mine


def test_the_service_cannot_pair_an_exception_in_the_audit_with_a_title_by_their_transaction(
    patron: Patron, item: Item, officer: StaffAccount
) -> None:
    lent_by_permission(patron, item, officer)
    assert pairs_by_transaction(patron, item, "ils_staff") == []
    assert pairs_by_transaction(patron, item, "ils_public") == []


def test_after_the_night_nobody_can(patron: Patron, item: Item, officer: StaffAccount) -> None:
    lent_by_permission(patron, item, officer)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    ScanReceipt.objects.update(made_on=yesterday)
    Loan.objects.filter(item=item, returned_on__isnull=False).update(
        lent_on=yesterday, due_on=yesterday, returned_on=yesterday
    )
    call_command("tidy", verbosity=0)
    # the numbers that locks leave behind are in test_concurrency, which commits
    assert pairs_by_transaction(patron, item, "ils_owner", locks=False) == []


def test_loans_before_waiting_holds_are_counted_without_title_and_day(
    patron: Patron, other_patron: Patron, item: Item, central: Library
) -> None:
    hold(other_patron, MEROS)
    for _ in range(2):
        assert lend(ACTOR, patron.pk, item.barcode, central, new(), walk_in=True).outcome is Outcome.LENT
        Loan.objects.filter(item=item, returned_on__isnull=True).update(
            patron=None, lent_at=None, returned_on=timezone.localdate()
        )
    month = timezone.localdate().replace(day=1)
    assert list(WalkIn.objects.values_list("month", "library", "reason", "loans", "waiting")) == [
        (month, central.pk, "on-shelf", 2, 2)
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        WalkIn.objects.update(month=month.replace(day=2))


def test_ended_holds_and_transits_go_after_a_month(patron: Patron, other_patron: Patron, item: Item) -> None:
    today, south = timezone.localdate(), Library.objects.get(key="south")
    kept = today - housekeeping.ENDED_KEPT
    holds, transits = [], []
    for number, ended_on in enumerate((kept, kept - dt.timedelta(days=1))):
        one = hold(patron, MEROS)
        HoldMove.objects.create(hold=one, old_rank=2, new_rank=1, reason="-", moved_by="demo", moved_on=ended_on)
        Hold.objects.filter(pk=one.pk).update(
            state=State.CANCELLED, ended_on=ended_on, patron=None, requested_at=None, order_at=None
        )
        holds.append(one)
        transits.append(
            Transit.objects.create(
                item=item, from_library=item.library, to_library=south, slip_number=90000 + number, sent_on=ended_on,
                ended_on=ended_on, ended=Transit.End.ARRIVED,
            )
        )  # fmt: skip
    waits = hold(other_patron, MEROS)
    under_way = Transit.objects.create(
        item=item, from_library=item.library, to_library=south, slip_number=90009, sent_on=kept - dt.timedelta(days=9)
    )
    call_command("tidy", verbosity=0)
    assert set(Hold.objects.values_list("pk", flat=True)) == {waits.pk, holds[0].pk}
    assert list(HoldMove.objects.values_list("hold", flat=True)) == [holds[0].pk]
    assert set(Transit.objects.values_list("pk", flat=True)) == {transits[0].pk, under_way.pk}


def test_of_a_settled_case_stays_neither_who_opened_it_nor_the_day(
    patron: Patron, item: Item, central: Library, officer: StaffAccount
) -> None:
    """The audit has who looked at which patron's loans, and the loss that was declared next."""
    for settled in (lambda: take_back(ACTOR, item.barcode, central, new()), lambda: compensated(item, officer)):
        lend(ACTOR, patron.pk, item.barcode, central, new())
        declare_lost(ACTOR, patron.pk, item.barcode, central, new())
        case = ReturnCase.objects.get(loan__item=item, settled_on=None)
        assert (case.opened_by, case.opened_on) == ("demo", timezone.localdate())
        number = str(case)
        settled()
        case.refresh_from_db()
        assert case.settled_on == timezone.localdate()
        assert (case.opened_by, case.decide_by) == ("", None)
        assert (case.opened_on.month, case.opened_on.day) == (1, 1)
        assert str(case) == number, "the number on the certificate stays"
        for wrong in ({"opened_by": "demo"}, {"opened_on": dt.date(2026, 1, 2)}, {"decide_by": timezone.localdate()}):
            with pytest.raises(IntegrityError), transaction.atomic():
                ReturnCase.objects.filter(pk=case.pk).update(**wrong)


def compensated(item: Item, officer: StaffAccount) -> None:
    case = ReturnCase.objects.get(loan__item=item, settled_on=None)
    cases.decide(ACTOR, officer, case.pk, ReturnCase.Decision.SUBSTITUTE)
    cases.settle(ACTOR, officer, case.pk)
