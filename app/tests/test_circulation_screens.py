"""The screens of a day at the counter, with the staff role: what a librarian types and reads."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.circulation import services
from shoko_ils.circulation.models import DayCount, LendingBlock, Loan, LoanRule, OverdueContact, ReturnCase
from shoko_ils.core.dates import by_era
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.core.models import CalendarException, Library, ServicePoint
from shoko_ils.counter.operations import Operation
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron, PatronNote
from shoko_ils.staff.models import Level, StaffAccount
from tests.bars import read_bars
from tests.cluster import DEMO_PASSWORD
from tests.conftest import act_as, log_in, make_account
from tests.holding import hold, scan, titles
from tests.registering import CITY
from tests.test_staff import Counter, hidden, read

pytestmark = pytest.mark.django_db


def as_owner(act: Any) -> Any:
    """What is prepared behind the service's back."""
    act_as("ils_owner", "ils")
    result = act()
    act_as("ils_staff", "ils")
    return result


def lend(staff: Client, card: Card, item: Item) -> Counter:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    assert "貸し出しました" in counter.scan(item.barcode)
    return counter


def send(counter: Counter, path: str, **more: str) -> str:
    """Send a form of the result area of a page."""
    sent = {"key": hidden(counter.html, "key"), "sitting": hidden(counter.html, "sitting"), **more}
    answer = counter.client.post(path, sent)
    assert answer.status_code == 200, answer.status_code
    counter.html = answer.content.decode()
    return counter.html


def make_late(item: Item, days: int) -> None:
    due = timezone.localdate() - dt.timedelta(days=days)
    loans = Loan.objects.filter(item=item, returned_on__isnull=True)
    as_owner(lambda: loans.update(due_on=due, lent_on=due - dt.timedelta(days=14)))


def test_counts_stand_beside_their_limits(staff: Client, card: Card, item: Item) -> None:
    as_owner(lambda: LoanRule.objects.update(max_loans=None, max_class_loans=1))
    counter = lend(staff, card, item)
    assert re.search(r'class="warn"><dt>図書</dt><dd>1/1</dd>', counter.html)
    assert re.search(r"<dt>視聴覚資料</dt><dd>0/1</dd>", counter.html)


def test_holds_that_are_ready_and_coded_notes_are_said_when_the_card_is_scanned(
    empty_shelves: None, staff: Client, card: Card, settings: Any
) -> None:
    here, there = (Item.objects.filter(record=record).select_related("library").get() for record in titles(2))

    def prepare() -> None:
        for item, pickup in ((here, "central"), (there, "south")):
            hold(card.patron, item.record_id, pickup=pickup)
            Item.objects.filter(pk=item.pk).update(at_library=Library.objects.get(key=pickup))
            scan(item, pickup)
        PatronNote.objects.create(patron=card.patron, code="mail-returned", noted_on=timezone.localdate())

    settings.SITE = settings.SITE | {"patrons": settings.SITE["patrons"] | {"notes": CITY["notes"]}}
    as_owner(lambda: call_command("sync_site", verbosity=0))
    as_owner(prepare)
    counter = Counter(staff, "/lend/")
    html = counter.scan(card.number)
    assert "この方の取置資料があります" in html
    assert "notice-note" in html
    assert "<dt>取置（当館）</dt><dd>1</dd>" in html
    assert "<dt>取置（他館）</dt><dd>1</dd>" in html
    assert "<li>郵便物返戻</li>" in html
    html = counter.scan(here.barcode)
    assert "貸し出しました" in html
    assert "取置（当館）" not in html
    assert "取置（他館）" in html


def test_the_head_of_the_page_says_who_works_where_and_whether_it_is_connected(staff: Client) -> None:
    as_owner(lambda: StaffAccount.objects.filter(login_id="demo").update(section="奉仕係"))
    html = read(staff, "/lend/")
    assert "(奉仕係)" in html.partition("</header>")[0]
    assert re.search(r'data-link data-up="つながっています" data-down="つながりません">', html)


def test_what_comes_with_an_item_is_said_when_it_goes_and_when_it_comes(staff: Client, card: Card, item: Item) -> None:
    items = Item.objects.filter(pk=item.pk)
    as_owner(lambda: items.update(accompanying="CD・解説", accompanying_count=2, note="背に補修あり"))
    html = lend(staff, card, item).html
    assert "付属品を確認 CD・解説（2点）" in html
    assert 'class="notice notice-note"' in html
    html = Counter(staff, "/return/").scan(item.barcode)
    assert "付属品を確認 CD・解説（2点）" in html
    assert "背に補修あり" in html


def test_an_item_already_lent_is_renewed_by_button_or_by_barcode(staff: Client, card: Card, item: Item) -> None:
    as_owner(lambda: LoanRule.objects.update(max_renewals=2, renewal_basis="due"))
    counter = lend(staff, card, item)
    assert "この貸出を延長する" in counter.scan(item.barcode)
    assert "延長しました" in send(counter, "/lend/renew/")
    counter.scan(item.barcode)
    assert "延長しました" in counter.scan("9010")
    counter.scan(item.barcode)
    assert "延長できる回数に達しています" in counter.scan("9010")


def test_an_officer_allows_an_exception_with_a_reason(staff: Client, card: Card) -> None:
    kept = Item.objects.filter(library_use_only=True, loans__isnull=True)[0]
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    html = counter.scan(kept.barcode)
    assert "例外許可の理由" in html
    assert "許可する職員のID" not in html
    assert "貸し出しました" in send(counter, "/lend/permit/", reason="course")
    event = as_owner(lambda: Event.objects.get(action="permit-course"))
    assert event.actor == "demo"


def test_an_assistant_needs_an_officer_for_an_exception(
    central: Library, card: Card, request: Any, patron: Patron
) -> None:
    make_account(Level.ASSISTANT, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    kept = Item.objects.filter(library_use_only=True, loans__isnull=True)[0]
    counter = Counter(client, "/lend/")
    counter.scan(card.number)
    assert "許可する職員のID" in counter.scan(kept.barcode)
    for login_id, password in (("", ""), ("level4", DEMO_PASSWORD), ("demo", "wrong")):
        html = send(counter, "/lend/permit/", reason="course", login_id=login_id, password=password)
        assert "職員（区分1・2）の確認が必要です" in html
    html = send(counter, "/lend/permit/", reason="course", login_id="demo", password=DEMO_PASSWORD)
    assert "貸し出しました" in html
    events = as_owner(lambda: list(Event.objects.filter(action__startswith="permit").order_by("id")))
    assert [(e.actor, e.action, e.subject) for e in events] == [
        ("level4", "permit-refused", None),
        ("level4", "permit-refused", None),
        ("demo", "permit-refused", None),
        ("demo", "permit-course", patron.pseudonym),
    ]


def test_the_slip_has_titles_and_dates_but_no_name_and_a_masked_number(
    staff: Client, card: Card, item: Item, patron: Patron
) -> None:
    counter = lend(staff, card, item)
    html = send(counter, "/lend/slip/")
    assert "走れメロス" in html
    assert card.number[-4:] in html
    assert card.number not in html
    assert patron.name not in html
    assert patron.name_reading not in html


def test_a_return_is_undone_until_the_next_scan(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    lend(staff, card, item)
    counter = Counter(staff, "/return/")
    counter.scan(item.barcode)
    html = send(counter, "/return/", scan="", act="undo")
    assert "返却を取り消しました" in html
    assert patron.name not in html
    assert Loan.objects.get(item=item, returned_on__isnull=True).patron == patron
    counter.scan(item.barcode)
    token = hidden(counter.html, "sitting")
    assert token
    counter.scan("9999999999")
    assert hidden(counter.html, "sitting") == ""
    key = hidden(counter.html, "key")
    html = staff.post("/return/", {"scan": "", "key": key, "sitting": token, "act": "undo"}).content.decode()
    assert "返却の取消はもうできません" in html


def test_a_return_is_undone_by_the_desk_sheet_and_by_nobody_else(
    staff: Client, card: Card, item: Item, central: Library
) -> None:
    lend(staff, card, item)
    counter = Counter(staff, "/return/")
    counter.scan(item.barcode)
    token = hidden(counter.html, "sitting")
    as_owner(lambda: make_account(Level.OFFICER, central, "second"))
    other = Client()
    log_in(other, "second", central)
    html = read(other, "/return/")
    sent = {"scan": "9008", "key": hidden(html, "key"), "sitting": token}
    assert "返却の取消はもうできません" in other.post("/return/", sent).content.decode()
    assert "返却を取り消しました" in counter.scan("9008")


def test_the_desk_sheet_leads_from_window_to_window(staff: Client, card: Card, item: Item) -> None:
    key = hidden(read(staff, "/lend/"), "key")
    for path, code, target in (
        ("/lend/", "9003", "/return/"),
        ("/lend/", "9006", "/return/check/"),
        ("/return/", "9002", "/lend/"),
        ("/return/", "9006", "/return/check/"),
    ):
        answer = staff.post(path, {"scan": code, "key": key, "sitting": ""})
        assert (answer.status_code, answer["Location"]) == (302, target)
    counter = lend(staff, card, item)
    assert "今回の貸出" not in counter.scan("9011")


def test_the_book_drop_returns_by_the_last_open_day(staff: Client, card: Card, item: Item, central: Library) -> None:
    lend(staff, card, item)
    before = central.open_day_before(timezone.localdate())
    make_late(item, (timezone.localdate() - before).days)
    html = read(staff, "/return/")
    assert "返却ポスト＝前開館日" in html
    sent = {"scan": item.barcode, "key": hidden(html, "key"), "sitting": "", "day": "drop"}
    html = staff.post("/return/", sent).content.decode()
    assert "棚へ" in html
    assert re.search(r'value="drop" checked', html)
    assert Loan.objects.filter(item=item, returned_on=before).count() == 1


def test_a_late_entry_needs_day_and_reason(staff: Client, card: Card, item: Item) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    day = timezone.localdate() - dt.timedelta(days=3)
    scan = {"scan": item.barcode, "day": "other"}
    for wrong in ({}, {"on": str(day)}, {"on": "2020-01-01", "late_reason": "line-down"}, {"on": "x"}):
        html = send(counter, "/lend/", **scan, **wrong)
        assert "日付か理由がないか、日付が離れすぎています" in html
    # by era, as on every form of the counter
    assert "貸し出しました" in send(counter, "/lend/", **scan, on=by_era(day), late_reason="line-down")
    assert Loan.objects.get(item=item, returned_on__isnull=True).lent_on == day


def test_a_damaged_return_waits_and_is_decided(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    lend(staff, card, item)
    html = read(staff, "/return/check/")
    sent = {"scan": item.barcode, "key": hidden(html, "key"), "sitting": "", "reason": "water"}
    html = staff.post("/return/check/", sent).content.decode()
    assert "返却保留にしました" in html
    assert re.search(r'value="water" checked', html)
    assert "返却保留中の資料です" in Counter(staff, "/return/").scan(item.barcode)
    html = read(staff, "/cases/")
    case = ReturnCase.objects.get()
    assert str(case) in html
    assert "水濡れ" in html
    assert patron.name not in html
    assert item.barcode in read(staff, f"/cases/{case.pk}/form/")
    assert staff.post("/cases/", {"case": case.pk, "decision": "same-copy"}).status_code == 302
    assert "受領・完了" in read(staff, "/cases/")
    assert staff.post("/cases/", {"case": case.pk, "act": "settle"}).status_code == 302
    assert "結びつきを消去しました" in read(staff, "/cases/")
    assert Loan.objects.get(pk=case.loan_id).patron is None
    again = staff.post("/cases/", {"case": case.pk, "act": "settle"})
    assert again.status_code == 409
    assert "すでに判断または完了しています" in again.content.decode()
    assert staff.post("/cases/", {"case": "x", "act": "settle"}).status_code == 409


def test_overdue_list_and_contact_show_no_title_until_asked(
    staff: Client, card: Card, item: Item, patron: Patron
) -> None:
    lend(staff, card, item)
    make_late(item, 200)
    html = read(staff, "/overdue/")
    assert patron.name in html
    assert "走れメロス" not in html
    assert "ご本人以外に書名を伝えないでください" in html
    page = f"/overdue/{patron.pseudonym}/"
    assert "走れメロス" not in read(staff, page)
    assert "走れメロス" in staff.post(page, {"act": "titles"}).content.decode()
    assert staff.post(page, {"means": "phone", "result": "family"}).status_code == 302
    assert OverdueContact.objects.get(patron=patron).result == "family"
    assert "家族に伝言" in read(staff, page)
    actions = as_owner(lambda: list(Event.objects.filter(subject=patron.pseudonym).values_list("action", flat=True)))
    assert {"list-patron", "view-patron", "show-titles-overdue", "overdue-contact"} <= set(actions)
    assert staff.post(page, {"means": "phone", "result": "says-returned"}).status_code == 302
    html = read(staff, "/overdue/")
    assert patron.name not in html
    assert item.barcode in html  # 書架確認, without a person


def test_postcards_have_no_title_and_are_sent_once(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    lend(staff, card, item)
    make_late(item, 20)
    staff.post("/overdue/postcards/")
    html = staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    assert f"{patron.name} 様" in html
    assert patron.address in html
    assert "走れメロス" not in html
    staff.post("/overdue/postcards/")
    assert patron.name in staff.post("/holds/postcards/", {"print": "1"}).content.decode()  # not sent yet
    staff.post("/holds/postcards/", {"notice": re.findall(r'name="notice" value="(\d+)"', html)})
    staff.post("/overdue/postcards/")
    assert patron.name not in staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    assert [one.result for one in OverdueContact.objects.filter(patron=patron)] == ["sent"]


def test_the_overdue_list_shows_who_is_waited_for_and_goes_by_the_means_of_contact(
    staff: Client, card: Card, item: Item, patron: Patron, other_patron: Patron
) -> None:
    as_owner(lambda: Patron.objects.filter(pk=patron.pk).update(contact="phone", email=""))
    lend(staff, card, item)
    make_late(item, 200)

    def row(query: str) -> str:
        found = re.search(rf"<tr><td[^>]*><a[^>]*>{patron.name}</a>.*?</tr>", read(staff, f"/overdue/{query}"))
        return found.group() if found else ""

    assert "あり" not in row("")
    as_owner(lambda: hold(other_patron, item.record_id))
    assert "あり" in row("")
    assert row("?contact=phone")
    assert not row("?contact=email")


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


def test_the_daily_report_counts(staff: Client, card: Card, item: Item) -> None:
    lend(staff, card, item)
    Counter(staff, "/return/").scan(item.barcode)
    html = read(staff, "/day/")
    assert html.count("総合市民図書館") >= 3
    assert "この日の記録はありません" in read(staff, "/day/?day=2020-01-01")
    assert "この日の記録はありません" not in read(staff, "/day/?day=nonsense")


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


def test_a_counter_at_a_service_point_lends_by_its_rule(central: Library, card: Card, item: Item, request: Any) -> None:
    point = ServicePoint.objects.create(key="m", library=central, position=1, name_ja="村岡市民図書室", name_en="M")
    LoanRule.objects.create(service_point=point, days=5, version=1)
    client: Client = request.getfixturevalue("anonymous")
    sent = {"login_id": "demo", "password": DEMO_PASSWORD, "library": central.pk, "point": point.pk}
    assert client.post("/login/", sent).status_code == 302
    counter = lend(client, card, item)
    assert "村岡市民図書室" in counter.html
    loan = Loan.objects.get(item=item, returned_on__isnull=True)
    assert (loan.service_point, loan.rule.days) == (point, 5)
    page = f"/patrons/{card.patron.pseudonym}/loans/"
    html = client.post(page, {"reason": "request"}).content.decode()
    given = {"key": hidden(html, "key"), "reason": "request", "scan": item.barcode}
    as_owner(lambda: LoanRule.objects.update(renewal_basis="due"))
    assert "延長しました" in client.post(page, {**given, "act": "renew"}).content.decode()
    assert "紛失として記録しました" in client.post(page, {**given, "act": "lost"}).content.decode()
    counted = DayCount.objects.filter(day=timezone.localdate(), service_point=point)
    assert {"renew", "lost"} <= set(counted.values_list("act", flat=True))
    Counter(client, "/return/").scan(item.barcode)
    assert "村岡市民図書室" in read(client, "/day/")


def test_the_desk_sheet_prints_what_the_scan_field_understands(staff: Client) -> None:
    html = read(staff, "/desk-sheet/")
    for code in set(Operation):
        assert f'aria-label="{code}"' in html
    # what is drawn, read against the table of NW-7
    drawn = re.findall(r'<svg [^>]*aria-label="(\d+)">(.*?)</svg>', html)
    assert len(drawn) == len(set(Operation))
    for code, rectangles in drawn:
        places = [(int(x), int(width)) for x, width in re.findall(r'x="(\d+)" y="0" width="(\d+)"', rectangles)]
        assert read_bars([x for x, _ in places], [width for _, width in places]) == f"A{code}A"
