"""Rules and calendars at the screen: work of level 1."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.core.models import CalendarException, Library, ServicePoint
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import Level
from tests.conftest import log_in, make_account
from tests.counter import as_owner
from tests.test_staff import hidden, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(central: Library, request: Any) -> Client:
    make_account(Level.MANAGER, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level1", central)
    return client


def test_level_one_changes_a_rule_and_everybody_sees_what_is_uncovered(manager: Client, patron: Patron) -> None:
    assert "すべての組合せに規則があります" in read(manager, "/rules/")
    terms = {"category": patron.category_id, "days": "21", "max_class_loans": "5", "renewal_basis": "due"}
    assert "直近31日の貸出での試算" in manager.post("/rules/change/", {**terms, "act": "try"}).content.decode()
    assert not LoanRule.objects.filter(category=patron.category).exists()
    assert manager.post("/rules/change/", terms).status_code == 302
    rule = LoanRule.objects.get(category=patron.category, ended_on__isnull=True)
    assert (rule.days, rule.max_loans, rule.max_class_loans, rule.max_renewals) == (21, None, 5, None)
    assert 'value="21"' in read(manager, f"/rules/change/?rule={rule.pk}")
    assert "days" in manager.post("/rules/change/", {**terms, "days": "0"}).content.decode()
    for each in LoanRule.objects.filter(ended_on__isnull=True):
        scope = {"category": each.category_id or "", "material_class": each.material_class_id or ""}
        assert manager.post("/rules/change/", {**terms, **scope, "act": "end"}).status_code == 302
    assert "規則のない組合せが" in read(manager, "/rules/")


def test_a_rule_names_library_or_service_point(manager: Client, central: Library) -> None:
    point = as_owner(
        lambda: ServicePoint.objects.create(key="m", library=central, position=1, name_ja="村岡", name_en="M")
    )
    sent = {"library": central.pk, "service_point": point.pk, "days": "7", "renewal_basis": "today"}
    assert "どちらか一方を指定してください" in manager.post("/rules/change/", sent).content.decode()


def test_an_emergency_closing_is_one_act_for_several_libraries(manager: Client, central: Library) -> None:
    south = Library.objects.get(key="south")
    day = central.next_open_day(timezone.localdate() + dt.timedelta(days=10))
    html = read(manager, "/calendar/change/?kind=emergency")
    sent = {
        "key": hidden(html, "key"),
        "libraries": [central.pk, south.pk],
        "kind": "emergency",
        "first": str(day),
        "last": str(day),
        "reason": "storm",
    }
    for _ in range(2):
        assert "返却期限日の変更" in manager.post("/calendar/change/", sent).content.decode()
    assert CalendarException.objects.filter(kind="emergency").count() == 2
    assert not Loan.objects.filter(library__in=[central, south], returned_on__isnull=True, due_on=day).exists()
    html = read(manager, "/calendar/")
    assert "台風・大雨" in html
    backwards = {**sent, "last": str(day - dt.timedelta(days=1))}
    assert "終了日が開始日より前" in manager.post("/calendar/change/", backwards).content.decode()


def test_planned_days_are_entered_and_withdrawn(manager: Client, central: Library) -> None:
    html = read(manager, "/calendar/change/")
    sent = {
        "key": hidden(html, "key"),
        "libraries": [central.pk],
        "kind": "closed",
        "first": "2027-02-15",
        "last": "2027-02-26",
        "reason": "stocktaking",
    }
    manager.post("/calendar/change/", sent)
    assert "すでに予定のある館があります" in manager.post("/calendar/change/", sent).content.decode()
    (row,) = CalendarException.objects.all()
    assert read(manager, "/calendar/?month=2027-02").count('class="shut"') >= 12
    assert manager.post("/calendar/change/", {"act": "withdraw", "exception": row.pk}).status_code == 302
    assert not CalendarException.objects.exists()
