"""What the windows of the counter share: the head of the page, the desk sheet, the report of the day."""

import re

import pytest
from django.test import Client

from shoko_ils.counter.operations import Operation
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card
from shoko_ils.staff.models import StaffAccount
from tests.bars import read_bars
from tests.counter import as_owner, lend
from tests.test_staff import Counter, hidden, read

pytestmark = pytest.mark.django_db


def test_the_head_of_the_page_says_who_works_where_and_whether_it_is_connected(staff: Client) -> None:
    as_owner(lambda: StaffAccount.objects.filter(login_id="demo").update(section="奉仕係"))
    html = read(staff, "/lend/")
    assert "(奉仕係)" in html.partition("</header>")[0]
    assert re.search(r'data-link data-up="つながっています" data-down="つながりません">', html)


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


def test_the_daily_report_counts(staff: Client, card: Card, item: Item) -> None:
    lend(staff, card, item)
    Counter(staff, "/return/").scan(item.barcode)
    html = read(staff, "/day/")
    assert html.count("総合市民図書館") >= 3
    assert "この日の記録はありません" in read(staff, "/day/?day=2020-01-01")
    assert "この日の記録はありません" not in read(staff, "/day/?day=nonsense")


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
