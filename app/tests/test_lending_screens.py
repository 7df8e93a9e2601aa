"""Lending at the screen, with the staff role: counts, notes, renewals, exceptions, slips, late entries."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import DayCount, Loan, LoanRule
from shoko_ils.core.dates import by_era
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron, PatronNote
from shoko_ils.staff.models import Level
from tests.cluster import DEMO_PASSWORD
from tests.conftest import log_in, make_account
from tests.counter import as_owner, lend, send
from tests.holding import hold, scan, titles
from tests.registering import CITY
from tests.test_staff import Counter, hidden, read

pytestmark = pytest.mark.django_db


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
