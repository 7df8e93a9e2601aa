"""団体貸出セット: a group borrows a set whole and brings it back in parts; nothing joins the two afterwards."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import LendingSet, Loan, LoanRule, ReturnCase, ScanReceipt
from shoko_ils.circulation.permit import Permit, PermitReason
from shoko_ils.circulation.services import Outcome, hold_back, lend, renew_set, take_back, undo_return
from shoko_ils.circulation.services import lending_set as sets
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.bars import read_bars
from tests.conftest import act_as, log_in, make_account
from tests.holding import hold, new, open_loan, titles
from tests.privacy import tables_that_pair
from tests.test_staff import Counter, read, supervise

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_shelves")]


@pytest.fixture
def group(db: None) -> Patron:
    return Patron.objects.get(kind="group")


@pytest.fixture
def items(db: None) -> list[Item]:
    return [record.items.get() for record in titles(4)]


@pytest.fixture
def prepared(actor: Actor, central: Library, items: list[Item]) -> LendingSet:
    made = sets.prepare(actor, central, "4年生 調べ学習 A")
    assert sets.add(actor, made.pk, [item.barcode for item in items]) == 4
    return made


def remaining(of: LendingSet) -> set[str]:
    return {item.barcode for item, loan in sets.contents(of) if loan and loan.lending_set_id == of.pk}


def test_one_scan_lends_every_item_and_each_comes_back_by_itself(
    actor: Actor, group: Patron, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    key = new()
    result = lend(actor, group.pk, prepared.number, central, key)
    assert result.outcome is Outcome.SET_LENT
    loans = Loan.objects.filter(lending_set=prepared, patron=group)
    assert {loan.item for loan in loans} == set(items)
    assert result.due_on == min(loan.due_on for loan in loans)
    # the same scan again: one receipt, no second set of loans
    assert lend(actor, group.pk, prepared.number, central, key).outcome is Outcome.SET_LENT
    assert (loans.count(), ScanReceipt.objects.filter(key=key).count()) == (4, 1)
    for back, item in enumerate(items, 1):
        assert remaining(prepared) == {each.barcode for each in items[back - 1 :]}
        assert lend(actor, group.pk, prepared.number, central, new()).outcome is Outcome.SET_YOURS
        take_back(actor, item.barcode, Library.objects.get(key="south"), new())
        assert sets.listed().get(pk=prepared.pk).out == 4 - back
    for item in items:
        assert not tables_that_pair(group, item)
    assert lend(actor, group.pk, prepared.number, central, new()).outcome is Outcome.SET_LENT


def test_after_the_last_return_no_row_leads_from_the_group_to_the_set(
    actor: Actor, group: Patron, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    lend(actor, group.pk, prepared.number, central, new())
    for item in items:
        take_back(actor, item.barcode, central, new())
    ended = Loan.objects.filter(item__in=items)
    assert set(ended.values_list("patron", "lending_set")) == {(None, None)}
    with pytest.raises(IntegrityError), transaction.atomic():
        ended.update(lending_set=prepared)


def test_a_set_is_lent_whole_or_not_at_all(
    actor: Actor, officer: StaffAccount, group: Patron, other_patron: Patron, central: Library,
    prepared: LendingSet, items: list[Item],
) -> None:  # fmt: skip
    lend(actor, other_patron.pk, items[2].barcode, central, new())
    refused = lend(actor, group.pk, prepared.number, central, new())
    assert (refused.outcome, refused.item) == (Outcome.ON_LOAN, items[2])
    assert not Loan.objects.filter(patron=group).exists()
    take_back(actor, items[2].barcode, central, new())
    lend(actor, group.pk, items[2].barcode, central, new())
    assert lend(actor, group.pk, prepared.number, central, new()).outcome is Outcome.ON_LOAN
    take_back(actor, items[2].barcode, central, new())
    # the limit stops at the fourth: an officer lets it pass for the whole set
    LoanRule.objects.filter(ended_on=None).update(max_loans=3, max_class_loans=None)
    stopped = lend(actor, group.pk, prepared.number, central, new())
    assert stopped.outcome is Outcome.LIMIT_REACHED
    assert not Loan.objects.filter(patron=group).exists()
    permit = Permit(officer, PermitReason.COURSE, frozenset({Outcome.LIMIT_REACHED}))
    assert lend(actor, group.pk, prepared.number, central, new(), permit=permit).outcome is Outcome.SET_LENT


def test_a_hold_is_asked_about_before_a_set_is_lent(
    actor: Actor, group: Patron, other_patron: Patron, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    hold(other_patron, items[1].record_id)
    asked = lend(actor, group.pk, prepared.number, central, new())
    assert (asked.outcome, asked.item) == (Outcome.HOLDS_WAIT, items[1])
    assert lend(actor, group.pk, prepared.number, central, new(), walk_in=True).outcome is Outcome.SET_LENT


def test_sets_are_for_groups_and_have_known_numbers(
    actor: Actor, patron: Patron, group: Patron, central: Library, prepared: LendingSet
) -> None:
    assert lend(actor, patron.pk, prepared.number, central, new()).outcome is Outcome.SET_FOR_GROUPS
    empty = sets.prepare(actor, central, "空")
    assert lend(actor, group.pk, empty.number, central, new()).outcome is Outcome.UNKNOWN_SET
    sets.dissolve(actor, empty.pk)
    assert lend(actor, group.pk, empty.number, central, new()).outcome is Outcome.UNKNOWN_SET


def test_the_undo_of_a_return_gives_the_set_back(
    actor: Actor, group: Patron, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    lend(actor, group.pk, prepared.number, central, new())
    terminal, secret = new(), new()
    act_as("ils_staff", "ils")
    take_back(actor, items[0].barcode, central, new(), terminal=terminal, secret=secret)
    assert len(remaining(prepared)) == 3
    assert undo_return(actor, central, new(), terminal=terminal, secret=secret).outcome is Outcome.UNDONE
    assert open_loan(items[0]).lending_set == prepared
    assert len(remaining(prepared)) == 4


def test_the_undo_of_a_return_does_without_a_set_that_was_dissolved(
    actor: Actor, group: Patron, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    lend(actor, group.pk, prepared.number, central, new())
    terminal, secret = new(), new()
    for item in items[1:]:
        take_back(actor, item.barcode, central, new())
    take_back(actor, items[0].barcode, central, new(), terminal=terminal, secret=secret)
    sets.dissolve(actor, prepared.pk)
    assert undo_return(actor, central, new(), terminal=terminal, secret=secret).outcome is Outcome.UNDONE
    assert open_loan(items[0]).lending_set is None


def test_what_waits_for_a_check_remains_out_of_the_set(
    actor: Actor, group: Patron, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    lend(actor, group.pk, prepared.number, central, new())
    hold_back(actor, items[0].barcode, central, ReturnCase.Reason.DIRTY, new())
    for item in items[1:]:
        take_back(actor, item.barcode, central, new())
    assert remaining(prepared) == {items[0].barcode}
    with pytest.raises(sets.StillOut):
        sets.dissolve(actor, prepared.pk)


def test_an_item_is_of_one_set_and_what_is_wrong_puts_nothing_into_it(
    actor: Actor, central: Library, prepared: LendingSet, items: list[Item]
) -> None:
    other = sets.prepare(actor, central, "B")
    fresh = titles(5)[4].items.get()
    for wrong, code in ((items[0].barcode, "other-set"), ("1000000009", "unknown")):
        with pytest.raises(sets.NotInto) as refused:
            sets.add(actor, other.pk, [fresh.barcode, wrong])
        assert (refused.value.number, refused.value.code) == (wrong, code)
        assert not other.items.exists()
    sets.take_out(actor, prepared.pk, items[0].barcode)
    assert sets.add(actor, other.pk, [fresh.barcode, items[0].barcode, fresh.barcode]) == 2


def test_a_set_costs_a_loan_for_each_item_and_one_receipt(
    actor: Actor, group: Patron, central: Library, prepared: LendingSet
) -> None:
    with CaptureQueriesContext(connection) as asked:
        lend(actor, group.pk, prepared.number, central, new())
    begun = [one for one in asked if one["sql"].startswith("INSERT INTO loan ")]
    receipts = [one for one in asked if one["sql"].startswith("INSERT INTO scan_receipt")]
    assert (len(begun), len(receipts)) == (4, 1)


# --- renewing


@pytest.fixture
def out(actor: Actor, group: Patron, central: Library, prepared: LendingSet) -> LendingSet:
    """The set, lent to the group a week ago."""
    lend(actor, group.pk, prepared.number, central, new())
    week = dt.timedelta(days=7)
    for loan in Loan.objects.filter(lending_set=prepared):
        loan.lent_on, loan.due_on = loan.lent_on - week, loan.due_on - week
        loan.save()
    return prepared


def test_a_set_is_renewed_in_one_act(
    actor: Actor, group: Patron, central: Library, out: LendingSet, items: list[Item]
) -> None:
    take_back(actor, items[0].barcode, central, new())
    before = {loan.pk: loan.due_on for loan in out.loans.all()}
    key = new()
    with CaptureQueriesContext(connection) as asked:
        came = renew_set(actor, group.pk, out.number, central, key)
    assert sum(one["sql"].startswith("INSERT INTO scan_receipt") for one in asked) == 1
    assert (came.whole.outcome, came.left) == (Outcome.SET_RENEWED, [])
    loans = list(out.loans.all())
    assert {loan.item for loan in loans} == set(items[1:])
    assert all(loan.due_on > before[loan.pk] and loan.renewals == 1 for loan in loans)
    assert came.whole.due_on == min(loan.due_on for loan in loans)
    # the same key again renews nothing twice
    assert renew_set(actor, group.pk, out.number, central, key).whole.outcome is Outcome.SET_RENEWED
    assert set(out.loans.values_list("renewals", flat=True)) == {1}


def test_what_of_a_set_cannot_be_renewed_is_named_and_keeps_no_other_from_it(
    actor: Actor, group: Patron, other_patron: Patron, central: Library, out: LendingSet, items: list[Item]
) -> None:
    hold(other_patron, items[1].record_id)
    Loan.objects.filter(item=items[2]).update(renewals=99)
    LoanRule.objects.filter(pk=open_loan(items[2]).rule_id).update(max_renewals=3)
    hold_back(actor, items[3].barcode, central, ReturnCase.Reason.DIRTY, new())
    kept = {item: open_loan(item).due_on for item in items[1:]}
    named = [
        (items[1], Outcome.RENEWAL_HOLDS, kept[items[1]]),
        (items[2], Outcome.RENEWALS_USED, kept[items[2]]),
        (items[3], Outcome.PENDING, kept[items[3]]),
    ]
    key = new()
    for _ in range(2):  # a repeated scan names them again
        came = renew_set(actor, group.pk, out.number, central, key)
        assert came.whole.outcome is Outcome.SET_PARTLY_RENEWED
        assert came.whole.due_on == open_loan(items[0]).due_on
        assert [(one.item, one.outcome, one.due_on) for one in came.left] == named
    assert [open_loan(item).renewals for item in items] == [1, 0, 99, 0]
    assert {item: open_loan(item).due_on for item in items[1:]} == kept
    # what comes back is named no more, and no receipt leads from the group to the set
    take_back(actor, items[1].barcode, central, new())
    assert [one.item for one in renew_set(actor, group.pk, out.number, central, key).left] == items[2:]
    # what was renewed just now would not gain by another
    came = renew_set(actor, group.pk, out.number, central, new())
    assert (came.whole.outcome, came.left[0].outcome) == (Outcome.SET_NOT_RENEWED, Outcome.RENEWAL_NO_GAIN)
    assert not tables_that_pair(group, items[1])


def test_of_a_set_nothing_is_renewed_that_this_patron_has_not(
    actor: Actor, group: Patron, other_patron: Patron, central: Library, out: LendingSet
) -> None:
    assert renew_set(actor, other_patron.pk, out.number, central, new()).whole.outcome is Outcome.NOT_THEIRS
    assert renew_set(actor, group.pk, "0000000", central, new()).whole.outcome is Outcome.UNKNOWN_SET
    Loan.objects.filter(lending_set=out).update(lent_on=dt.date(2026, 1, 5), due_on=dt.date(2026, 1, 5))
    came = renew_set(actor, group.pk, out.number, central, new())
    assert came.whole.outcome is Outcome.SET_NOT_RENEWED
    assert {one.outcome for one in came.left} == {Outcome.ITEM_OVERDUE}
    assert set(out.loans.values_list("renewals", flat=True)) == {0}


# --- the screens


@pytest.fixture
def group_card(group: Patron) -> Card:
    return Card.objects.filter(patron=group, ended_on=None)[0]


def test_a_set_is_prepared_printed_lent_and_watched_on_screen(
    group_card: Card, items: list[Item], group: Patron, staff: Client
) -> None:
    assert staff.post("/sets/", {"name": "  "}).status_code == 409
    page = staff.post("/sets/", {"name": "学級文庫 1"})["Location"]
    one = LendingSet.objects.get()
    numbers = " ".join(item.barcode for item in items)
    assert staff.post(page, {"scan": numbers}).status_code == 302
    refused = staff.post(page, {"scan": "9999999999"})
    assert (refused.status_code, "資料番号が見つかりません" in refused.content.decode()) == (409, True)
    html = read(staff, page)
    drawn = [(float(place), float(width)) for place, width in re.findall(r'<rect x="(\d+)" y="0" width="(\d+)"', html)]
    assert read_bars(*zip(*drawn, strict=True)) == f"A{one.number}A"
    assert all(item.barcode in html for item in items)
    counter = Counter(staff, "/lend/")
    counter.scan(group_card.number)
    html = counter.scan(one.number)
    assert "セットをすべて貸し出しました" in html
    assert all(item.barcode in html for item in items)
    assert "この団体が借りているセットです" in counter.scan(one.number)
    assert "これはセットの番号です" in Counter(staff, "/return/").scan(one.number)
    Counter(staff, "/return/").scan(items[0].barcode)
    html = read(staff, page)
    assert html.count("未返却（期限") == 3
    assert group.name not in html
    assert staff.post(page, {"act": "dissolve"}).status_code == 409
    loans = staff.post(f"/patrons/{group.pseudonym}/loans/", {"reason": "request"}).content.decode()
    assert loans.count("セット：学級文庫 1") == 3


def test_an_assistant_sees_what_is_out_and_prepares_nothing(
    prepared: LendingSet, central: Library, request: Any
) -> None:
    make_account(Level.ASSISTANT, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    html = read(client, f"/sets/{prepared.pk}/")
    assert prepared.number in html
    assert "セットを解除" not in html
    for sent in ({"act": "dissolve"}, {"scan": "1"}):
        assert client.post(f"/sets/{prepared.pk}/", sent).status_code == 403


def test_a_set_is_renewed_at_the_counter_and_what_was_not_is_listed(
    group_card: Card, out: LendingSet, items: list[Item], other_patron: Patron, staff: Client
) -> None:
    hold(other_patron, items[1].record_id)
    counter = Counter(staff, "/lend/")
    counter.scan(group_card.number)
    assert "セットの貸出中の資料をまとめて延長" in counter.scan(out.number)
    html = counter.scan("9010")
    assert "セットの一部は延長できませんでした" in html
    listed = html.partition("延長できなかった資料</caption>")[2].partition("</table>")[0]
    assert items[1].barcode in listed
    assert "予約" in listed
    assert not any(item.barcode in listed for item in (items[0], *items[2:]))
    assert [open_loan(item).renewals for item in items] == [1, 0, 1, 1]


def test_a_set_is_renewed_from_the_list_of_loans_when_the_group_calls(
    group: Patron, out: LendingSet, staff: Client
) -> None:
    page = f"/patrons/{group.pseudonym}/loans/"
    html = staff.post(page, {"reason": "request"}).content.decode()
    assert html.count("セットの貸出中の資料をまとめて延長") == 1
    html = staff.post(
        page, {"reason": "request", "act": "renew-set", "scan": out.number, "key": str(new())}
    ).content.decode()
    assert "セットの貸出中の資料をすべて延長しました" in html
    assert set(out.loans.values_list("renewals", flat=True)) == {1}


def test_a_trainee_sees_the_numbers_of_what_was_not_renewed_and_no_title(
    group_card: Card, out: LendingSet, items: list[Item], central: Library, request: Any
) -> None:
    make_account(Level.TRAINEE, central)
    Loan.objects.filter(item=items[1]).update(pending=True)
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo") == 302
    counter = Counter(client, "/lend/")
    counter.scan(group_card.number)
    counter.scan(out.number)
    html = counter.scan("9010")
    assert "セットの一部は延長できませんでした" in html
    assert items[1].barcode in html
    assert not any(item.record.title in html for item in items)
