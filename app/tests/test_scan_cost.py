"""What a scan costs: how many statements, how much of a page; and that what a process keeps is never out of date."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.core import edition
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holdings.classes import material_classes
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.patrons.models import Card
from shoko_ils.staff import gate
from shoko_ils.staff.models import StaffAccount, StaffTotp
from tests.conftest import act_as
from tests.holding import titles

HIDDEN = re.compile(r'name="(key|sitting)" value="([^"]*)"')
ANSWER = {"X-Shoko-Answer": "1"}


@pytest.fixture(autouse=True)
def no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, no scan is the one in twenty seconds that marks the session as in use."""
    monkeypatch.setattr(gate, "MARKED_EVERY", 10**6)


def scan(client: Client, path: str, code: str, fields: dict[str, str], **headers: str) -> str:
    answer = client.post(path, {**fields, "scan": code}, headers=headers)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def fields_of(page: str) -> dict[str, str]:
    return dict(HIDDEN.findall(page))


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was asked of the database; a test's transaction makes savepoints of the scan's."""
    return [one["sql"] for one in captured if not re.match(r"(RELEASE )?SAVEPOINT", one["sql"])]


@pytest.mark.parametrize("second_factor", [False, True])
def test_a_loan_and_a_return_ask_the_database_fifteen_times_at_most(
    second_factor: bool, staff: Client, card: Card, item: Item, settings: Any
) -> None:
    if second_factor:  # of which every page asks whether the person has it
        act_as("ils_owner", "ils, private")
        StaffTotp.objects.create(
            account=StaffAccount.objects.get(login_id="demo"), secret="x", confirmed_on=timezone.localdate()
        )
        act_as("ils_staff", "ils")
        settings.SITE = settings.SITE | {"authority": {"second_factor": True}}
    # the first round reads what the process keeps
    for _ in range(2):
        page = scan(staff, "/lend/", card.number, fields_of(staff.get("/lend/").content.decode()))
        with CaptureQueriesContext(connection) as lending:
            page = scan(staff, "/lend/", item.barcode, fields_of(page), **ANSWER)
        assert f'"number">{item.barcode}<' in page
        window = staff.get("/return/").content.decode()
        with CaptureQueriesContext(connection) as returning:
            page = scan(staff, "/return/", item.barcode, fields_of(window), **ANSWER)
        assert "kind-done" in page
    assert len(statements(lending)) <= 15, statements(lending)
    assert len(statements(returning)) <= 15, statements(returning)


WRITES = re.compile(
    r"(?:\d+ times: )?INSERT|UPDATE|DELETE|WITH .*(INSERT|UPDATE|DELETE)|SELECT \* FROM ils\.undo_", re.DOTALL
)


def commits(captured: CaptureQueriesContext) -> list[list[str]]:
    """What would be committed together, of transactions that write: a test's transaction makes savepoints of them."""
    found: list[list[str]] = [[]]
    depth = 0
    for one in captured:
        if one["sql"].startswith("SAVEPOINT"):
            depth += 1
            continue
        if one["sql"].startswith(("RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            depth -= one["sql"].startswith("RELEASE")
            if depth == 0:
                found.append([])
            continue
        if depth == 0:
            found.append([])  # by itself
        if WRITES.match(one["sql"]):
            found[-1].append(one["sql"])
    return [each for each in found if each]


@pytest.mark.parametrize("marked", [False, True])
def test_a_scan_commits_once(
    marked: bool, staff: Client, card: Card, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session and all: also that scan which marks the session as in use, and one that waits for a check."""
    page = scan(staff, "/lend/", card.number, fields_of(staff.get("/lend/").content.decode()))
    window, check = staff.get("/return/").content.decode(), staff.get("/return/check/").content.decode()
    if marked:
        monkeypatch.setattr(gate, "MARKED_EVERY", -1)
    seen = staff.session["seen"]
    for path, fields, told in (
        ("/lend/", fields_of(page), "貸し出しました"),
        ("/return/", fields_of(window), "棚へ"),
        ("/return/", fields_of(window) | {"key": str(uuid.uuid4())}, "貸出中ではありません"),
        ("/return/check/", fields_of(check) | {"reason": "dirty"}, "貸出中ではありません"),
    ):
        with CaptureQueriesContext(connection) as asked:
            answer = scan(staff, path, item.barcode, fields, **ANSWER)
        assert told in answer
        made = commits(asked)
        assert len(made) == 1, made
        assert any("scan_receipt" in one for one in made[0])
        assert any("django_session" in one for one in made[0]) == (marked or path != "/lend/")
    assert (staff.session["seen"] > seen) == marked
    assert [line["headline"][:2] for line in staff.session["returned"]][-1] == "棚へ"
    assert len(staff.session["returned"]) == 3


@pytest.mark.parametrize("marked", [False, True])
def test_cards_renewals_and_scans_of_the_hold_counter_commit_once(
    marked: bool, empty_shelves: None, lent: Loan, card: Card, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Loan.objects.filter(pk=lent.pk).update(due_on=timezone.localdate())
    barcode = lent.item.barcode
    (other,) = (record.items.get() for record in titles(1))
    pages = {path: fields_of(staff.get(path).content.decode()) for path in ("/lend/", "/holds/place/", "/holds/pull/")}
    if marked:
        monkeypatch.setattr(gate, "MARKED_EVERY", -1)
    for path, code, more, told in (
        ("/lend/", card.number, {}, str(card)),
        ("/lend/", barcode, {}, "この方に貸出済みです"),
        ("/lend/", "9010", {}, "延長しました"),
        ("/holds/place/", card.number, {}, str(card)),
        ("/holds/place/", other.barcode, {"pickup": "south"}, "予約を受け付けました"),
        ("/holds/pull/", other.barcode, {"act": "not-found"}, "見つからない"),
        ("/holds/pull/", other.barcode, {"key": str(uuid.uuid4())}, "回送"),
    ):
        with CaptureQueriesContext(connection) as asked:
            answer = scan(staff, path, code, pages[path] | more, **ANSWER)
        assert told in answer
        pages[path] |= fields_of(answer)
        made = commits(asked)
        assert len(made) == 1, (path, code, made)
        assert any("django_session" in one for one in made[0]) == marked


def test_the_fifth_loan_of_a_patron_asks_no_more_than_the_first(
    staff: Client, card: Card, item: Item, central: Library
) -> None:
    page = scan(staff, "/lend/", card.number, fields_of(staff.get("/lend/").content.decode()))
    free = Item.objects.filter(
        library=central, library_use_only=False, loans=None, condition="normal", record__holds=None, transits=None
    )
    numbers = []
    for each in [item, *free.exclude(pk=item.pk).order_by("-pk")[:4]]:
        with CaptureQueriesContext(connection) as asked:
            page = scan(staff, "/lend/", each.barcode, fields_of(page), **ANSWER)
        assert f'"number">{each.barcode}<' in page
        numbers.append(len(statements(asked)))
    # the first reads what the process keeps
    assert max(numbers[1:]) <= 15


def test_the_answer_to_a_script_is_the_page_without_its_frame(staff: Client, card: Card, item: Item) -> None:
    start = fields_of(staff.get("/lend/").content.decode())
    whole = scan(staff, "/lend/", card.number, start)
    answer = scan(staff, "/lend/", card.number, start, **ANSWER)
    assert "<nav" in whole
    assert "<nav" not in answer
    assert "<dialog" not in answer

    def work(page: str) -> str:
        """The work area, but for what is random in every page."""
        inner = re.search(r"<main[^>]*>(.*)</main>", page, re.DOTALL)
        assert inner
        return re.sub(r'value="[^"]{20,}"|data-began="[^"]*"', "", inner[1]).strip()

    assert work(answer) == work(whole)


def test_a_page_that_is_asked_for_has_its_frame_whatever_the_headers_say(staff: Client) -> None:
    assert "<nav" in staff.get("/lend/", headers=ANSWER).content.decode()


@pytest.mark.django_db
def test_a_changed_rule_calendar_or_class_counts_at_once(central: Library) -> None:
    rule = rules.in_force()[-1]
    place = rule.category_id or 1, rule.material_class_id or 1, central.pk
    assert rules.choose(*place) == rule
    LoanRule.objects.filter(pk=rule.pk).update(days=rule.days + 7)
    changed = rules.choose(*place)
    assert changed is not None
    assert changed.days == rule.days + 7
    day = central.next_open_day(timezone.localdate() + dt.timedelta(days=30))
    CalendarException.objects.create(library=central, kind="closed", first_on=day, last_on=day, reason="works")
    assert central.next_open_day(day) > day
    kind = material_classes(edition.current())[1]
    MaterialClass.objects.filter(pk=1).update(counted_as="its-own")
    assert material_classes(edition.current())[1].counted_as == "its-own" != kind.counted_as


@pytest.mark.django_db
def test_what_was_read_in_a_change_that_was_taken_back_is_kept_for_nobody(central: Library) -> None:
    rule = rules.in_force()[-1]
    place = rule.category_id or 1, rule.material_class_id or 1, central.pk

    with transaction.atomic():
        LoanRule.objects.filter(pk=rule.pk).update(days=rule.days + 7)
        assert rules.choose(*place).days == rule.days + 7  # type: ignore[union-attr]
        transaction.set_rollback(True)
    assert rules.choose(*place).days == rule.days  # type: ignore[union-attr]
    # another change meanwhile does not bring it back
    LoanRule.objects.filter(pk=rule.pk).update(max_renewals=2)
    assert rules.choose(*place).days == rule.days  # type: ignore[union-attr]
