"""My Library: what is on loan, and renewals."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.holdings.models import Item
from shoko_ils.mylibrary import orders
from shoko_ils.patrons.models import Patron
from tests import holding
from tests.conftest import MEROS
from tests.members import (
    count,
    key,
    my,
    role,
    said,
)

pytestmark = pytest.mark.usefixtures("patron", "other_patron", "item", "desk")


def test_loans_are_shown_and_renewed(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        loan = holding.lend_out(item, patron, due_in=2)
    html = my(member)
    assert "走れメロス" in html
    assert "期限が近づいています" in html
    assert "返却期限が近い資料・過ぎた資料 1件" in html
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "renewed"
    with role("ils_owner"):
        loan.refresh_from_db()
        assert loan.renewals == 1
        assert loan.due_on > timezone.localdate() + dt.timedelta(days=10)
    assert "これ以上延長できません" in my(member)
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "not-renewed"


@pytest.mark.parametrize(
    ("face", "borrowed", "renewed"),
    [
        ("", "借りている資料 (0)", "延長しました。"),
        ("/ja-easy", "あなたが 借りて いる 本 (0)", "もっと 長く 借りられます。"),
        ("/ja-kids", "かりて いる 本 (0)", "のばせたよ。"),
    ],
)
def test_each_face_speaks_its_own_japanese_in_my_library(
    member: Client, face: str, borrowed: str, renewed: str
) -> None:
    assert borrowed in member.get(f"{face}/my/").content.decode()
    assert renewed in member.get(f"{face}/my/?said=renewed").content.decode()


def test_the_reason_why_a_loan_cannot_be_renewed_comes_from_the_rows_of_others(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    with role("ils_owner"):
        holding.lend_out(item, patron)
        Item.objects.filter(record=MEROS).exclude(pk=item.pk).update(condition="missing")
        holding.hold(other_patron, MEROS)
    assert "次の方の予約があります" in my(member)


def test_a_form_sent_twice_renews_once(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        LoanRule.objects.update(max_renewals=5, renewal_basis="due")
        loan = holding.lend_out(item, patron, due_in=2)
    form = {"key": key(), "loan": loan.pk}
    assert [said(member, "/my/renew/", form) for _ in range(2)] == ["renewed", "renewed"]
    assert count("SELECT renewals FROM loan WHERE id = %s", loan.pk) == 1


def test_without_the_desk_the_page_shows_what_it_can(
    member: Client, patron: Patron, item: Item, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    with role("ils_owner"):
        loan = holding.lend_out(item, patron)
    monkeypatch.setattr(orders, "pause", lambda seconds: None)
    settings.ORDER_SECONDS = 0.05  # type: ignore[attr-defined]
    html = my(member)
    assert "走れメロス" in html
    assert "いま表示できません" in html
    assert "延長する" not in html
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "late"


def test_a_return_that_is_being_checked_is_not_called_due_or_late(member: Client, patron: Patron, item: Item) -> None:
    for days in (2, -10):
        with role("ils_owner"):
            Loan.objects.filter(patron=patron).delete()
            loan = holding.lend_out(item, patron, due_in=days)
            Loan.objects.filter(pk=loan.pk).update(pending=True)
        html = my(member)
        assert "返却済み・確認中" in html
        assert "返却期限が近い資料・過ぎた資料 0件" in html
        assert "期限が近づいています" not in html
        assert "期限を過ぎています" not in html
