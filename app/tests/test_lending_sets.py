"""団体貸出セット: a group borrows a set whole and brings it back in parts; nothing joins the two afterwards."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import LendingSet, Loan, LoanRule, ReturnCase, ScanReceipt
from shoko_ils.circulation.permit import Permit, PermitReason
from shoko_ils.circulation.services import Outcome, hold_back, lend, take_back, undo_return
from shoko_ils.circulation.services import lending_set as sets
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.bars import read_bars
from tests.conftest import act_as, log_in, make_account
from tests.holding import hold, new, open_loan, titles
from tests.privacy import tables_that_pair
from tests.test_staff import Counter, read

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
        assert lend(actor, group.pk, prepared.number, central, new()).outcome is Outcome.SET_OUT
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
    assert "セットの資料がまだ全部戻っていません" in counter.scan(one.number)
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
