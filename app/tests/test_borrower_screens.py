"""Who has an item, and what a person has: screens that ask for a reason."""

import uuid
from typing import Any

import pytest
from django.test import Client

from shoko_ils.audit.models import Event
from shoko_ils.circulation import services
from shoko_ils.circulation.models import LendingBlock, Loan, LoanRule, ReturnCase
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from tests.counter import as_owner, lend
from tests.test_staff import Counter, hidden, read

pytestmark = pytest.mark.django_db


def test_the_borrower_is_shown_for_a_reason_and_recorded(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    lend(staff, card, item)
    assert patron.name not in read(staff, "/borrower/")
    assert patron.name not in staff.post("/borrower/", {"scan": item.barcode}).content.decode()
    assert patron.name in staff.post("/borrower/", {"scan": item.barcode, "reason": "hold"}).content.decode()
    Counter(staff, "/return/").scan(item.barcode)
    assert "貸出中ではありません" in staff.post("/borrower/", {"scan": item.barcode, "reason": "hold"}).content.decode()
    shown = as_owner(lambda: list(Event.objects.filter(action="show-borrower-hold").values_list("subject", flat=True)))
    assert shown == [patron.pseudonym, None]


def test_the_list_of_loans_is_opened_with_a_reason_and_renews_and_records_losses(
    staff: Client, card: Card, item: Item, patron: Patron
) -> None:
    as_owner(lambda: LoanRule.objects.update(renewal_basis="due"))
    lend(staff, card, item)
    page = f"/patrons/{patron.pseudonym}/loans/"
    html = read(staff, page)
    assert patron.name not in html
    assert "走れメロス" not in html
    html = staff.post(page, {"reason": "request"}).content.decode()
    assert "走れメロス" in html
    given = {"key": hidden(html, "key"), "reason": hidden(html, "reason"), "scan": item.barcode}
    assert "延長しました" in staff.post(page, {**given, "act": "renew"}).content.decode()
    html = staff.post(page, {**given, "act": "lost"}).content.decode()
    assert "紛失として記録しました" in html
    staff.post(page, {**given, "act": "block", "block_reason": "address"})
    assert "貸出停止中です" in Counter(staff, "/lend/").scan(card.number)
    staff.post(page, {**given, "act": "lift"})
    assert "貸出停止中です" not in Counter(staff, "/lend/").scan(card.number)


def test_an_outcome_that_is_not_known_is_said_on_the_list_of_loans(
    staff: Client, card: Card, item: Item, patron: Patron, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend(staff, card, item)

    def away(*args: Any, **more: Any) -> None:
        raise OutcomeUnknown

    monkeypatch.setattr(services, "renew", away)
    page = f"/patrons/{patron.pseudonym}/loans/"
    key = hidden(staff.post(page, {"reason": "request"}).content.decode(), "key")
    answer = staff.post(page, {"reason": "request", "key": key, "scan": item.barcode, "act": "renew"})
    assert "結果をまだ確認できません" in answer.content.decode()


@pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": "curiosity"}])
@pytest.mark.parametrize("act", ["", "renew", "lost", "block"])
def test_without_a_reason_that_was_stated_the_list_of_loans_shows_and_does_nothing(
    staff: Client, card: Card, item: Item, patron: Patron, reason: dict[str, str], act: str
) -> None:
    lend(staff, card, item)
    page = f"/patrons/{patron.pseudonym}/loans/"
    given = {"act": act, "key": str(uuid.uuid4()), "scan": item.barcode, "block_reason": "address", **reason}
    html = staff.post(page, given).content.decode()
    assert patron.name not in html
    assert "走れメロス" not in html
    events = Event.objects.filter(action__startswith="show-titles")
    assert not as_owner(lambda: events.exists() or LendingBlock.objects.filter(patron=patron).exists())
    loan = Loan.objects.get(item=item, returned_on__isnull=True)
    assert (loan.renewals, loan.pending) == (0, False)


def test_what_another_has_on_loan_is_not_declared_lost(
    staff: Client, card: Card, item: Item, other_patron: Patron
) -> None:
    lend(staff, card, item)
    given = {"key": str(uuid.uuid4()), "reason": "request", "scan": item.barcode, "act": "lost"}
    html = staff.post(f"/patrons/{other_patron.pseudonym}/loans/", given).content.decode()
    assert "この利用者には貸し出していません" in html
    assert not ReturnCase.objects.filter(loan__item=item).exists()
    assert Item.objects.get(pk=item.pk).condition == Item.Condition.NORMAL
