"""Returning at the screen, with the staff role: undo, book drop, what waits for a check."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import Loan, ReturnCase
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level
from tests.conftest import log_in, make_account
from tests.counter import as_owner, lend, make_late, send
from tests.test_staff import Counter, hidden, read

pytestmark = pytest.mark.django_db


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
