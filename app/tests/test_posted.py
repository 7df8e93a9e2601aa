"""発送簿: which postcards went on a day, by number, end of the card number and town; no name, no title."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.holds.models import Hold
from shoko_ils.holds.services import ending
from shoko_ils.mylibrary import codes
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron
from tests.conftest import MEROS, act_as
from tests.holding import ACTOR, copies, hold, library, scan
from tests.test_staff import read

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.mark.parametrize(
    ("address", "town"),
    [
        ("架空市見本町99丁目9番", "架空市見本町"),
        ("架空市見本町９丁目９番", "架空市見本町"),
        ("架空市見本町十二丁目三番四号", "架空市見本町"),
        ("架空区三番町6番1号 見本荘", "架空区三番町"),
        ("架空市大字見本 見本荘101", "架空市大字見本"),
        ("架空市見本町二の三の四", "架空市見本町"),
        ("架空市見本町一ノ二", "架空市見本町"),
        ("架空市見本町二之三", "架空市見本町"),
        ("架空市見本町一〇二－三", "架空市見本町"),
        ("架空市見本町二ー三", "架空市見本町"),
        ("架空市見本町二のイ", "架空市見本町"),
        ("架空市見本町二の3", "架空市見本町"),
        ("架空市大字見本千二百三番地", "架空市大字見本"),
        ("架空市見本町百号", "架空市見本町"),
        ("架空市三の丸二丁目", "架空市三の丸"),
        ("架空区一之江三の二", "架空区一之江"),
        ("", ""),
    ],
)
def test_the_town_is_the_address_up_to_its_first_number(address: str, town: str) -> None:
    assert Patron(address=address).town == town


@pytest.fixture
def cards(patron: Patron, other_patron: Patron, empty_shelves: None) -> list[Notice]:
    """Two postcards that wait at the central library: an item is ready, and the code for a password."""
    for each in (patron, other_patron):
        Patron.objects.filter(pk=each.pk).update(address="架空市見本町9丁目9番", contact="phone", email="")
    hold(patron, MEROS)
    scan(copies(MEROS)[0], "central")
    Notice.objects.update(way="postcard", not_before=timezone.now())
    notices.put(codes.KIND, other_patron.pk, other_patron, library("central"), once="1", way=Notice.Way.POSTCARD)
    return list(Notice.objects.order_by("pk"))


def lines(html: str) -> list[list[str]]:
    """The cells of the list."""
    (table,) = re.findall(r'<table class="lines posted">.*?<tbody>(.*?)</tbody>', html, re.S)
    return [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in table.split("</tr>") if "<td" in row]


def end_of(patron: Patron) -> str:
    return "••••" + Card.objects.get(patron=patron, ended_on=None).number[-4:]


def test_the_list_is_printed_with_the_cards(
    cards: list[Notice], patron: Patron, other_patron: Patron, staff: Client
) -> None:
    html = staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    first, second = (str(each.pk) for each in cards)
    assert lines(html) == [
        [first, end_of(patron), "架空市見本町"],
        [second, end_of(other_patron), "架空市見本町"],
    ]
    # by its number a card is found in the list
    assert re.findall(r'class="postcard" lang="ja"><p class="number">(\d+)</p>', html) == [first, second]


def test_the_list_of_a_day(cards: list[Notice], patron: Patron, other_patron: Patron, staff: Client) -> None:
    html = staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    sent = staff.post("/holds/postcards/", {"notice": re.findall(r'name="notice" value="(\d+)"', html)}, follow=True)
    assert sent.redirect_chain == [("/holds/postcards/sent/", 302)]
    today, page = timezone.localdate(), sent.content.decode()
    # a code that was sent is nobody's any more; its card is still counted
    assert lines(page) == [[str(cards[0].pk), end_of(patron), "架空市見本町"], [str(cards[1].pk), "—", "—"]]
    assert "2通" in page
    for mark in (patron.name, other_patron.name, patron.address, "走れメロス"):
        assert mark not in page
    yesterday = today - dt.timedelta(days=1)
    assert lines(read(staff, f"/holds/postcards/sent/?day={yesterday}")) == [["ありません"]]
    assert lines(read(staff, f"/holds/postcards/sent/?day={today}")) == lines(page)
    act_as("ils_owner", "ils")
    assert Event.objects.filter(screen="posted", subject=patron.pseudonym).count() == 2
    ending.cancel(ACTOR, Hold.objects.get(patron=patron).pk)
    act_as("ils_staff", "ils")
    assert lines(read(staff, "/holds/postcards/sent/"))[0] == [str(cards[0].pk), "—", "—"]


def test_the_list_is_of_its_own_library(cards: list[Notice], staff: Client) -> None:
    act_as("ils_owner", "ils")
    Notice.objects.update(library=library("south"), state="sent", sent_on=timezone.localdate())
    act_as("ils_staff", "ils")
    assert lines(read(staff, "/holds/postcards/sent/")) == [["ありません"]]


def test_a_day_that_cannot_be_read_is_said_to_be_none(cards: list[Notice], staff: Client) -> None:
    act_as("ils_owner", "ils")
    Notice.objects.update(state="sent", sent_on=timezone.localdate())
    act_as("ils_staff", "ils")
    answer = staff.get("/holds/postcards/sent/?day=2026-13-45")
    html = answer.content.decode()
    assert (answer.status_code, 'value="2026-13-45"' in html, "lines posted" in html) == (400, True, False)
    assert re.search(r'<span class="field-error">[^<]+</span>', html)
    act_as("ils_owner", "ils")
    assert not Event.objects.filter(screen="posted").exists()
