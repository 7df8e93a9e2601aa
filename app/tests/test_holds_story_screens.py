"""The day when holds collide, at the screens: four counters of three libraries, each with its own log-in and role.

The services tell the same in `test_holds_story.py`. Here every counter commits, in a copy of the library.
"""

import datetime as dt
import importlib
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import Loan, ReturnCase
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds import words
from shoko_ils.holds.models import Hold, Transit, WalkIn
from shoko_ils.holds.skips import Skip
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level
from tests.conftest import log_in, make_account, wear
from tests.counter import as_owner, send
from tests.holding import copies, empty_the_shelves, lend_out, library, new, people, titles
from tests.privacy import tables_that_pair
from tests.roles import act_as
from tests.test_concurrency import at_once
from tests.test_holds_story import tables_that_name
from tests.test_staff import Counter, hidden, read

TODAY = timezone.localdate
DAY = dt.timedelta(days=1)
TO_CENTRAL = "予約あり → 回送 総合市民図書館"


class Story:
    """Who and what there is on the evening before."""

    def __init__(self) -> None:
        empty_the_shelves()
        self.branch, self.south, self.central = library("tsujido"), library("south"), library("central")
        closed, open_ = TODAY() - DAY, TODAY()
        for kind, day, reason in (("closed", closed, "works"), ("open", open_, "event")):
            CalendarException.objects.create(library=self.branch, kind=kind, first_on=day, last_on=day, reason=reason)
        self.upper, self.title = titles(2, copies=3)
        self.first, self.second, self.third = copies(self.title.pk)
        Item.objects.filter(pk=self.third.pk).update(library=self.central, at_library=self.central)
        self.borrower, self.other_borrower, self.visitor, *self.waiting = people(8)
        Patron.objects.filter(pk=self.waiting[3].pk).update(contact="email", email="sample@example.jp")
        self.due = self.branch.open_day_before(TODAY())
        for item, patron in ((self.first, self.borrower), (self.second, self.other_borrower)):
            lend_out(item, patron)
            Loan.objects.filter(item=item, returned_on=None).update(due_on=self.due)
        everybody = (self.borrower, self.other_borrower, self.visitor, *self.waiting)
        self.cards = {each.pk: Card.objects.get(patron=each, ended_on=None).number for each in everybody}
        for login_id, where in (("tsujido", self.branch), ("south-1", self.south), ("south-2", self.south)):
            make_account(Level.ASSISTANT, where, login_id)
        self.seats = {
            login_id: self.seat(login_id, where)
            for login_id, where in (
                ("demo", self.central), ("tsujido", self.branch), ("south-1", self.south), ("south-2", self.south)
            )
        }  # fmt: skip

    @staticmethod
    def seat(login_id: str, where: Library) -> Client:
        client = Client()
        log_in(client, login_id, where)
        return client

    def at(self, login_id: str, path: str) -> Counter:
        return Counter(self.seats[login_id], path)

    def place(self, number: int, pickup: str, *items: Item, kind: str = "") -> Hold:
        """The hold of the patron on the title, placed by card and scans at the central library."""
        patron = self.waiting[number]
        window = self.at("demo", "/holds/place/")
        window.scan(self.cards[patron.pk])
        for item in items:
            html = send(window, "/holds/place/", scan=item.barcode, pickup=pickup, group_kind=kind)
        if kind:
            html = send(window, "/holds/place/", scan="", pickup=pickup, group_kind=kind)
        assert "予約を受け付けました" in html
        return Hold.objects.get(patron=patron, record=self.title)

    def queue(self) -> list[tuple[str, str, str]]:
        """(rank, pickup library, why it is passed over) of each waiting hold, as the page of the queue says."""
        html = read(self.seats["tsujido"], f"/holds/queue/{self.title.pk}/")
        number = '<td class="number">'
        cells = rf"<tr>{number}\d+</td>{number}(\d*)</td>{number}[^<]*</td><td>([^<]*)</td><td>([^ <]*)"
        return re.findall(cells, html)


@pytest.fixture
def story(copied: None, settings: Any) -> Story:
    wear(settings, importlib.import_module("shoko_ils.settings.staff"))
    made = Story()
    act_as("ils_staff", "ils")
    return made


def test_a_day_when_holds_collide_at_the_screens(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    h4, h5 = overnight(story)
    slip = from_the_book_drop(story, h4)
    it_is_wet(story, slip)
    the_second_copy_at_two_counters(story, h4, h5)
    a_citizen_brings_the_third(story)
    no_compensation(story, h5)
    the_first_in_the_queue_gets_it(story, h4)
    for patron in (story.borrower, story.other_borrower, story.waiting[3]):
        for mark in (story.cards[patron.pk], str(patron.pseudonym), patron.name):
            assert mark not in caplog.text


def overnight(story: Story) -> tuple[Hold, Hold]:
    """H1 is suspended, H2 waits for the first volume, H3 is blocked; H4 and H5 wait for nothing."""
    demo = story.seats["demo"]
    h1 = story.place(0, "south", story.third)
    until = {"first": str(TODAY()), "until": str(TODAY() + 7 * DAY)}
    demo.post(f"/holds/queue/{story.title.pk}/", {"hold": h1.pk, "act": "suspend", **until})
    story.place(1, "central", copies(story.upper.pk)[0], story.third, kind="sequence")
    story.place(2, "tsujido", story.third)
    given = {"key": str(new()), "reason": "request", "act": "block", "block_reason": "address"}
    demo.post(f"/patrons/{story.waiting[2].pseudonym}/loans/", given)
    h4, h5 = story.place(3, "central", story.third), story.place(4, "south", story.third)
    assert [pickup for _, pickup, _ in story.queue()] == [
        *("南市民図書館", "総合市民図書館", "辻堂市民図書館", "総合市民図書館", "南市民図書館")
    ]
    return h4, h5


def from_the_book_drop(story: Story, h4: Hold) -> int:
    """No day late, and to H4 past three who keep their rank and have their reason; the number of the slip."""
    window = story.at("tsujido", "/return/")
    html = send(window, "/return/", scan=story.first.barcode, day="drop")
    assert TO_CENTRAL in html
    assert Loan.objects.filter(item=story.first).latest("pk").returned_on == story.due
    h4.refresh_from_db()
    slip = h4.slip_number
    assert slip is not None
    assert f"票番号 {slip:04d}" in html
    printed = read(window.client, re.findall(r'href="(/holds/(?:slips|transits)/\d+/)"', html)[0])
    assert f"{slip:04d}" in printed
    assert "総合市民図書館" in printed
    why = words.skips()
    assert story.queue() == [
        ("", "南市民図書館", why[Skip.SUSPENDED]),
        ("", "総合市民図書館", why[Skip.SEQUENCE]),
        ("", "辻堂市民図書館", why[Skip.BLOCKED]),
        ("1", "南市民図書館", ""),
    ]
    # F8
    html = send(window, "/return/", scan="", act="undo")
    assert "返却を取り消しました" in html
    assert f"{slip:04d}" in html
    return slip


def it_is_wet(story: Story, slip: int) -> None:
    """The loan is open again, and waits for a check (F6); H4 is the first again, unaware of it all."""
    assert Loan.objects.get(item=story.first, returned_on=None).patron == story.borrower
    window = story.at("tsujido", "/return/check/")
    assert "返却保留にしました" in send(window, "/return/check/", scan=story.first.barcode, reason="water")
    assert [(rank, pickup) for rank, pickup, _ in story.queue()][3:] == [
        ("1", "総合市民図書館"),
        ("2", "南市民図書館"),
    ]
    assert not Transit.objects.filter(item=story.first, ended_on=None).exists()
    assert not as_owner(Notice.objects.exists)


def the_second_copy_at_two_counters(story: Story, h4: Hold, h5: Hold) -> None:
    """Scanned in the same second: both are told the same, and it is captured once."""
    windows = [story.at(login_id, "/return/") for login_id in ("south-1", "south-2")]

    def scan(window: Counter) -> str:
        act_as("ils_staff", "ils")
        return window.scan(story.second.barcode)

    answers = at_once(*(lambda window=window: scan(window) for window in windows))
    assert [TO_CENTRAL in html for html in answers] == [True, True], answers
    assert [each.pk for each in Hold.objects.filter(item=story.second)] == [h4.pk]
    assert Transit.objects.filter(item=story.second, ended_on=None).count() == 1
    assert Hold.objects.get(pk=h5.pk).item is None
    assert Loan.objects.filter(item=story.second, returned_on=None).count() == 0


def a_citizen_brings_the_third(story: Story) -> None:
    window = story.at("demo", "/lend/")
    window.scan(story.cards[story.visitor.pk])
    assert "来館者優先で貸し出しますか" in window.scan(story.third.barcode)
    assert "貸し出しました" in window.scan("9012")
    counted = as_owner(lambda: list(WalkIn.objects.values_list("reason", "waiting", "library")))
    assert counted == [("on-shelf", 1, story.central.pk)]


def no_compensation(story: Story, h5: Hold) -> None:
    """The return is complete, the copy is H5's, and nothing joins the two borrowers and what they had."""
    demo = story.seats["demo"]
    case = hidden(read(demo, "/cases/"), "case")
    assert demo.post("/cases/", {"case": case, "decision": ReturnCase.Decision.NOT_NEEDED.value}).status_code == 302
    assert "結びつきを消去しました" in read(demo, "/cases/")
    assert Hold.objects.get(item=story.first).pk == h5.pk
    for patron, item in ((story.borrower, story.first), (story.other_borrower, story.second)):
        assert as_owner(lambda patron=patron, item=item: tables_that_pair(patron, item)) == []


def the_first_in_the_queue_gets_it(story: Story, h4: Hold) -> None:
    """H4 is told and lends; nothing joins him and the title but the loan, and after the return nothing at all."""
    patron = story.waiting[3]

    def leads() -> list[str]:
        return as_owner(lambda: tables_that_name(patron, story.title.pk, story.second))

    assert "予約あり → 取置" in story.at("demo", "/holds/arrivals/").scan(story.second.barcode)
    assert as_owner(lambda: Notice.objects.get().patron) == patron
    assert leads() == ["ils.hold", "ils.notice"]
    window = story.at("demo", "/lend/")
    assert "この方の取置資料があります" in window.scan(story.cards[patron.pk])
    assert "貸し出しました" in window.scan(story.second.barcode)
    assert leads() == ["ils.loan"]
    story.at("demo", "/return/").scan(story.second.barcode)
    assert leads() == []
    assert Hold.objects.get(pk=h4.pk).patron_id is None
