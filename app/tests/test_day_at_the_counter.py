"""Semantics of a day's work: renewal, stops and exceptions, undo, pending returns, losses, late entries, closings."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation import counts
from shoko_ils.circulation.models import ClosingNotice, LendingBlock, Loan, LoanRule, OverdueContact
from shoko_ils.circulation.services import (
    PERMITTABLE,
    Late,
    LateReason,
    Outcome,
    OutOfRange,
    Permit,
    PermitReason,
    blocking,
    book_drop,
    borrower,
    closing,
    lend,
    overdue,
    renew,
    take_back,
)
from shoko_ils.core.models import CalendarException, Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.conftest import WITHDRAWN, act_as, make_account
from tests.holding import make_late, new, open_loan, shelf_item

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
DAY = dt.timedelta(days=1)


# renewal


def test_a_renewal_counts_from_today_or_from_the_due_date(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    due = TODAY() + DAY * 7
    Loan.objects.filter(pk=lent.pk).update(due_on=due)
    LoanRule.objects.update(days=14, max_renewals=2, renewal_basis="today")
    result = renew(actor, patron.pk, item.barcode, central, new())
    assert (result.outcome, result.due_on) == (Outcome.RENEWED, central.next_open_day(TODAY() + DAY * 14))
    Loan.objects.filter(pk=lent.pk).update(due_on=due)
    LoanRule.objects.update(renewal_basis="due")
    assert renew(actor, patron.pk, item.barcode, central, new()).due_on == central.next_open_day(due + DAY * 14)


def test_a_renewal_that_would_not_move_the_due_date_is_refused_and_not_spent(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    far = central.next_open_day(TODAY() + DAY * 60)
    for due in (far, lent.due_on):
        Loan.objects.filter(pk=lent.pk).update(due_on=due)
        result = renew(actor, patron.pk, item.barcode, central, new())
        assert (result.outcome, result.due_on) == (Outcome.RENEWAL_NO_GAIN, due)
    lent.refresh_from_db()
    assert lent.renewals == 0


@pytest.mark.parametrize(("most", "allowed"), [(0, 0), (1, 1), (2, 2), (None, 3)])
def test_renewals_are_limited_exactly(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan, most: int | None, allowed: int
) -> None:
    LoanRule.objects.update(max_renewals=most, renewal_basis="due")
    outcomes = [renew(actor, patron.pk, item.barcode, central, new()).outcome for _ in range(3)]
    assert outcomes == [Outcome.RENEWED] * allowed + [Outcome.RENEWALS_USED] * (3 - allowed)
    lent.refresh_from_db()
    assert lent.renewals == allowed


@pytest.mark.parametrize(("late_by", "outcome"), [(0, Outcome.RENEWED), (1, Outcome.ITEM_OVERDUE)])
def test_the_day_it_is_due_an_item_is_still_renewed(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan, late_by: int, outcome: Outcome
) -> None:
    make_late(lent, late_by)
    assert renew(actor, patron.pk, item.barcode, central, new()).outcome is outcome


@pytest.mark.parametrize(
    ("site", "stop_days", "outcome"),
    [
        ({}, 30, Outcome.OTHER_OVERDUE),
        ({"overdue_stops_renewal": False}, 30, Outcome.RENEWED),
        # a rule under which nothing past due matters, as that of groups
        ({}, None, Outcome.RENEWED),
    ],
)
def test_who_has_something_else_past_due_renews_nothing_unless_the_site_says_so(
    actor: Actor, officer: StaffAccount, patron: Patron, item: Item, central: Library, lent: Loan, settings: Any,
    site: dict[str, bool], stop_days: int | None, outcome: Outcome,
) -> None:  # fmt: skip
    settings.SITE = settings.SITE | site
    LoanRule.objects.update(renewal_basis="due", overdue_stop_days=stop_days, max_renewals=5)
    other = shelf_item(other_than=item)
    lend(actor, patron.pk, other.barcode, central, new())
    assert renew(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.RENEWED
    make_late(open_loan(other), 1)
    assert renew(actor, patron.pk, item.barcode, central, new()).outcome is outcome
    assert renew(actor, patron.pk, other.barcode, central, new()).outcome is Outcome.ITEM_OVERDUE
    permit = Permit(officer, PermitReason.OFFICER, frozenset(PERMITTABLE))
    assert renew(actor, patron.pk, item.barcode, central, new(), permit=permit).outcome is Outcome.RENEWED


def test_only_the_borrower_renews_and_the_same_key_renews_once(
    actor: Actor, patron: Patron, other_patron: Patron, item: Item, central: Library, lent: Loan, key: uuid.UUID
) -> None:
    LoanRule.objects.update(renewal_basis="due")
    assert renew(actor, other_patron.pk, item.barcode, central, new()).outcome is Outcome.NOT_THEIRS
    for _ in range(2):
        assert renew(actor, patron.pk, item.barcode, central, key).outcome is Outcome.RENEWED
    lent.refresh_from_db()
    assert lent.renewals == 1


# stops and exceptions


@pytest.mark.parametrize(("late_by", "outcome"), [(30, Outcome.LENT), (31, Outcome.OVERDUE)])
def test_lending_stops_only_after_thirty_days_past_due(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan, late_by: int, outcome: Outcome
) -> None:
    make_late(lent, late_by)
    other = shelf_item(other_than=item)
    assert lend(actor, patron.pk, other.barcode, central, new()).outcome is outcome


def test_days_of_an_emergency_closing_are_not_days_past_due(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    make_late(lent, 32)
    closing.close_in_emergency(
        actor, [central], TODAY() - DAY * 3, TODAY() - DAY * 2, reason=CalendarException.Reason.STORM, key=new()
    )
    other = shelf_item(other_than=item)
    assert lend(actor, patron.pk, other.barcode, central, new()).outcome is Outcome.LENT


def test_a_block_stops_lending_and_renewal_until_it_ends_or_is_lifted(
    actor: Actor, officer: StaffAccount, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    LoanRule.objects.update(renewal_basis="due")
    other = shelf_item(other_than=item)
    blocking.block(actor, officer, patron, LendingBlock.Reason.ADDRESS, TODAY())
    assert lend(actor, patron.pk, other.barcode, central, new()).outcome is Outcome.BLOCKED
    assert renew(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.BLOCKED
    assert blocking.lift(actor, officer, patron) == 1
    assert renew(actor, patron.pk, item.barcode, central, new()).outcome is Outcome.RENEWED
    ended = blocking.block(actor, officer, patron, LendingBlock.Reason.ADDRESS, TODAY())
    LendingBlock.objects.filter(pk=ended.pk).update(began_on=TODAY() - DAY * 2, until=TODAY() - DAY)
    assert lend(actor, patron.pk, other.barcode, central, new()).outcome is Outcome.LENT


def test_an_officer_lets_pass_with_a_reason_and_the_audit_has_it(
    actor: Actor, officer: StaffAccount, patron: Patron, central: Library
) -> None:
    LoanRule.objects.update(max_loans=0)
    kept = Item.objects.filter(library_use_only=True, loans__isnull=True)[0]
    assert lend(actor, patron.pk, kept.barcode, central, new()).outcome is Outcome.LIBRARY_USE_ONLY
    # for the one stop that was named, and no other
    permit = Permit(officer, PermitReason.COURSE, frozenset({Outcome.LIBRARY_USE_ONLY}))
    assert lend(actor, patron.pk, kept.barcode, central, new(), permit=permit).outcome is Outcome.LIMIT_REACHED
    assert not Event.objects.filter(action__startswith="permit").exists()
    permit = Permit(officer, PermitReason.COURSE, frozenset({Outcome.LIBRARY_USE_ONLY, Outcome.LIMIT_REACHED}))
    assert lend(actor, patron.pk, kept.barcode, central, new(), permit=permit).outcome is Outcome.LENT
    event = Event.objects.get(action="permit-course")
    assert (event.actor, event.subject) == (officer.login_id, patron.pseudonym)


def test_a_permit_does_not_pass_what_is_withdrawn_or_on_loan(
    actor: Actor, officer: StaffAccount, other_patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    permit = Permit(officer, PermitReason.OFFICER, frozenset(PERMITTABLE))
    other = shelf_item(other_than=item)
    Item.objects.filter(pk=other.pk).update(**WITHDRAWN)
    assert lend(actor, other_patron.pk, other.barcode, central, new(), permit=permit).outcome is Outcome.NOT_LENDABLE
    assert lend(actor, other_patron.pk, item.barcode, central, new(), permit=permit).outcome is Outcome.ON_LOAN


@pytest.mark.parametrize("level", [Level.TRAINEE, Level.ASSISTANT])
def test_only_officers_give_permits(central: Library, level: Level) -> None:
    with pytest.raises(PermissionDenied):
        Permit(make_account(level, central), PermitReason.OFFICER, frozenset())


def test_an_exception_that_was_not_needed_leaves_no_trace(
    actor: Actor, officer: StaffAccount, patron: Patron, item: Item, central: Library
) -> None:
    permit = Permit(officer, PermitReason.OFFICER, frozenset(PERMITTABLE))
    assert lend(actor, patron.pk, item.barcode, central, new(), permit=permit).outcome is Outcome.LENT
    assert not Event.objects.filter(action__startswith="permit").exists()


# late entries


def test_the_book_drop_returns_on_the_last_open_day(actor: Actor, item: Item, central: Library, lent: Loan) -> None:
    before = central.open_day_before(TODAY())
    Loan.objects.filter(pk=lent.pk).update(lent_on=before - DAY * 14, due_on=before)
    assert take_back(actor, item.barcode, central, new(), late=book_drop(central)).outcome is Outcome.SHELVE
    lent.refresh_from_db()
    assert (lent.returned_on, lent.due_on) == (before, before)
    assert Event.objects.filter(action="late-book-drop").count() == 1


def test_what_was_lent_after_the_last_open_day_is_dropped_on_the_day_it_was_lent(
    actor: Actor, item: Item, central: Library, lent: Loan
) -> None:
    take_back(actor, item.barcode, central, new(), late=book_drop(central))
    lent.refresh_from_db()
    assert lent.returned_on == lent.lent_on == TODAY()


def test_loans_and_returns_on_paper_are_entered_with_their_days(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    day = TODAY() - DAY * 2
    result = lend(actor, patron.pk, item.barcode, central, new(), late=Late(day, LateReason.LINE_DOWN))
    loan = open_loan(item)
    assert (loan.lent_on, result.due_on) == (day, central.next_open_day(day + DAY * 14))
    too_early = Late(day - DAY, LateReason.LINE_DOWN)
    assert take_back(actor, item.barcode, central, new(), late=too_early).outcome is Outcome.DATE_BEFORE_LOAN
    assert open_loan(item) == loan
    yesterday = Late(TODAY() - DAY, LateReason.LINE_DOWN)
    assert take_back(actor, item.barcode, central, new(), late=yesterday).outcome is Outcome.SHELVE
    loan.refresh_from_db()
    assert loan.returned_on == TODAY() - DAY
    assert Event.objects.filter(action="late-line-down").count() == 2


@pytest.mark.parametrize("days", [-1, 32])
def test_no_entry_for_tomorrow_or_for_last_season(days: int) -> None:
    with pytest.raises(OutOfRange):
        Late(TODAY() - DAY * days, LateReason.OMISSION)


# 督促, 借受者


def test_overdue_stages_and_contacts_end_with_the_last_late_loan(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    def debtor() -> overdue.Debtor | None:
        return next((one for one in overdue.debtors(central) if one.patron == patron), None)

    assert debtor() is None
    make_late(lent, 6)
    found = debtor()
    assert found is not None
    assert (found.days, found.stage, found.due_for_contact) == (6, None, False)
    make_late(lent, 14)
    found = debtor()
    assert found is not None
    assert found.stage is not None
    assert (found.stage.number, found.stage.means, found.due_for_contact) == (2, "postcard", True)
    overdue.contacted(actor, patron, 2, "postcard", OverdueContact.Result.SENT)
    found = debtor()
    assert found is not None
    assert not found.due_for_contact
    overdue.contacted(actor, patron, 2, "phone", OverdueContact.Result.SAYS_RETURNED)
    assert debtor() is None
    assert [loan.item for loan in overdue.shelf_checks(central)] == [item]
    take_back(actor, item.barcode, central, new())
    assert not OverdueContact.objects.filter(patron=patron).exists()
    assert not overdue.shelf_checks(central)


def test_showing_a_borrower_is_an_act_with_a_reason(
    actor: Actor, patron: Patron, item: Item, lent: Loan, central: Library
) -> None:
    assert borrower.show_borrower(actor, item.barcode, borrower.BorrowerReason.OVERDUE) == patron
    assert borrower.show_titles(actor, patron, borrower.BorrowerReason.OWN_REQUEST) == [lent]
    events = Event.objects.filter(subject=patron.pseudonym).order_by("id")
    assert list(events.values_list("action", flat=True)) == ["show-borrower-overdue", "show-titles-request"]
    take_back(actor, item.barcode, central, new())
    assert borrower.show_borrower(actor, item.barcode, borrower.BorrowerReason.OVERDUE) is None


# 臨時休館


def test_an_emergency_closing_moves_due_dates_of_its_libraries_in_one_act(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    south = Library.objects.get(key="south")
    day = lent.due_on
    elsewhere = Loan.objects.filter(library=south, returned_on__isnull=True)[0]
    Loan.objects.filter(pk=elsewhere.pk).update(due_on=day)
    key = new()
    for _ in range(2):
        (row,) = closing.close_in_emergency(
            actor, [central], day, day + DAY, reason=CalendarException.Reason.STORM, key=key
        )
        assert row.moved_loans >= 1
    lent.refresh_from_db()
    elsewhere.refresh_from_db()
    assert lent.due_on == central.next_open_day(day) > day + DAY
    assert elsewhere.due_on == day
    assert not Loan.objects.filter(library=central, returned_on__isnull=True, due_on__range=(day, day + DAY)).exists()
    assert Event.objects.filter(action="close-storm", library="central").count() == 1


@pytest.mark.parametrize("began_before", [0, 1])
def test_an_emergency_closing_is_taken_back_from_today_on(
    actor: Actor, patron: Patron, central: Library, lent: Loan, began_before: int
) -> None:
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    first, last = TODAY() - DAY * began_before, max(TODAY() + DAY * 20, lent.due_on)
    (row,) = closing.close_in_emergency(actor, [central], first, last, reason=CalendarException.Reason.STORM, key=new())
    moved = open_loan(lent.item).due_on
    assert moved > last
    assert ClosingNotice.objects.filter(patron=patron).count() == 1
    act_as("ils_staff", "ils")
    closing.withdraw(actor, row.pk)
    act_as("ils_owner", "ils")
    left = [(one.first_on, one.last_on) for one in CalendarException.objects.filter(library=central)]
    assert left == ([(first, TODAY() - DAY)] if began_before else [])
    assert open_loan(lent.item).due_on == moved
    assert not ClosingNotice.objects.filter(patron=patron).exists()
    with pytest.raises(CalendarException.DoesNotExist):
        closing.withdraw(actor, row.pk)


def test_a_planned_closing_moves_due_dates_and_does_not_overlap(
    actor: Actor, central: Library, lent: Loan, item: Item
) -> None:
    def plan(first: dt.date, last: dt.date) -> CalendarException:
        (made,) = closing.plan(
            actor,
            [central],
            first,
            last,
            kind=CalendarException.Kind.CLOSED,
            reason=CalendarException.Reason.STOCKTAKING,
        )
        return made

    made = plan(lent.due_on, lent.due_on + DAY * 9)
    due = open_loan(item).due_on
    assert due > made.last_on
    with pytest.raises(closing.Overlaps):
        plan(made.last_on, made.last_on)
    closing.withdraw(actor, made.pk)
    assert central.next_open_day(lent.due_on) == lent.due_on
    assert open_loan(item).due_on == due


def test_the_day_is_counted_by_place_act_and_class_and_by_nothing_else(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    point = ServicePoint.objects.create(key="room", library=central, name_ja="図書室", name_en="Room", position=9)
    LoanRule.objects.update(renewal_basis="due")
    renew(actor, patron.pk, item.barcode, central, new(), point=point)
    take_back(actor, item.barcode, Library.objects.get(key="south"), new())
    seen: list[Any] = [
        (str(c.service_point or c.library.key), c.act, c.material_class.key, c.count) for c in counts.of_day(TODAY())
    ]
    assert seen == [("図書室", "renew", "book", 1), ("central", "lend", "book", 1), ("south", "return", "book", 1)]
