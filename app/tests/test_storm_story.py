"""A typhoon and a line that is down, from the decision at 7:30 to the last paper slip."""

import datetime as dt
import importlib
import re
from itertools import batched
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import ClosingNotice, Loan, LoanRule, PaperSlip
from shoko_ils.circulation.services import Outcome, lend
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State
from shoko_ils.notices import sending
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level
from tests.conftest import act_as, log_in, make_account, wear
from tests.holding import ACTOR, hold, library, new, people, scan, titles
from tests.test_staff import Counter, hidden

pytestmark = pytest.mark.usefixtures("empty_shelves")
LENDS, RETURNS = 46, 80


class Story:
    """Who and what there is on the morning of the typhoon."""

    def __init__(self) -> None:
        self.today = timezone.localdate()
        self.tomorrow = self.today + dt.timedelta(days=1)
        self.reopening = library("south").next_open_day(self.today + dt.timedelta(days=2))
        self.central, self.south, self.open = library("central"), library("south"), library("tsujido")
        self.rule = LoanRule.objects.filter(ended_on=None)[0]
        found = people(18)
        self.reader, self.waiting, self.elsewhere, self.late, self.postcard, *self.borrowers = found
        for number, patron in enumerate((self.reader, self.waiting, self.elsewhere)):
            Patron.objects.filter(pk=patron.pk).update(contact="email", email=f"reader{number}@example.jp")
        free = Item.objects.filter(
            library_use_only=False, loans__isnull=True, condition="normal", material_class__key="book"
        )
        ready, other, card, self.held = titles(4)
        self.items = iter(free.exclude(record__in=[ready, other, card, self.held]).order_by("pk"))
        self.due_today = self.out(self.reader, self.central, self.today)
        self.due_tomorrow = self.out(self.reader, self.south, self.tomorrow)
        self.due_later = self.out(self.reader, self.central, self.today + dt.timedelta(days=9))
        self.untouched = self.out(self.elsewhere, self.open, self.today)
        # 30 days past due on the reopening day without the two closed ones: lending goes on
        self.overdue = self.out(self.late, self.south, self.reopening - dt.timedelta(days=32))
        self.on_paper = [self.out(self.borrowers[0], self.south, self.today + dt.timedelta(days=30)) for _ in
                         range(RETURNS)]  # fmt: skip
        self.ready = self.shelved(self.waiting, ready, "central")
        self.ready_elsewhere = self.shelved(self.elsewhere, other, "tsujido")
        self.card = self.waits_by_postcard(card)

    def out(self, patron: Patron, at: Library, due_on: dt.date) -> Loan:
        return Loan.objects.create(
            item=next(self.items), patron=patron, library=at, rule=self.rule, lent_on=due_on - dt.timedelta(days=60),
            lent_at=timezone.now(), due_on=due_on,
        )  # fmt: skip

    def shelved(self, patron: Patron, record: Record, at: str) -> Hold:
        """A copy on the hold shelf of a library, the patron told, to be fetched until tomorrow."""
        waits = hold(patron, record.pk, at)
        scan(record.items.get(), at)
        Notice.objects.update(not_before=timezone.now() - dt.timedelta(seconds=1))
        assert sending.send_due()["sent"] == 1
        Hold.objects.filter(pk=waits.pk).update(pickup_by=self.tomorrow)
        return waits

    def waits_by_postcard(self, record: Record) -> Hold:
        """A copy on the shelf of the central library whose postcard is printed and not sent."""
        waits = hold(self.postcard, record.pk, "central")
        scan(record.items.get(), "central")
        now = timezone.now() - dt.timedelta(seconds=1)
        Notice.objects.filter(patron=self.postcard).delete()
        Notice.objects.create(
            kind="hold-ready", way="postcard", key=f"hold-ready:{waits.pk}:1", patron=self.postcard, about=waits.pk,
            library=self.central, not_before=now, made_on=self.today,
        )  # fmt: skip
        return waits


@pytest.fixture
def story(settings: Any, central: Library) -> Story:
    mail_here(settings)
    made = Story()
    make_account(Level.MANAGER, central)
    mail.outbox.clear()
    return made


def mail_here(settings: Any) -> None:
    """Mail into the test's own box; the faces of the service bring their settings with them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MAIL_FROM = "library@example.jp"


def days_pass(monkeypatch: pytest.MonkeyPatch, until: dt.date) -> None:
    later = timezone.now() + (until - timezone.localdate())
    monkeypatch.setattr(timezone, "now", lambda: later)


def close(client: Client, story: Story, key: str) -> str:
    """The one act of level 1: central and south, today and tomorrow."""
    sent = {
        "key": key, "libraries": [story.central.pk, story.south.pk], "kind": "emergency", "reason": "storm",
        "first": str(story.today), "last": str(story.tomorrow),
    }  # fmt: skip
    return client.post("/calendar/change/", sent).content.decode()


def due(loan: Loan) -> dt.date:
    return Loan.objects.values_list("due_on", flat=True).get(pk=loan.pk)


def pickup_by(waits: Hold) -> dt.date | None:
    return Hold.objects.values_list("pickup_by", flat=True).get(pk=waits.pk)


def test_the_storm(
    story: Story, settings: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided_at_half_past_seven(story, request)
    mail_here(settings)
    told_once_and_no_more(story)
    the_home_page_says_so(request)
    act_as("ils_owner", "ils")
    days_pass(monkeypatch, story.reopening + dt.timedelta(days=1))
    the_paper_slips(story, settings)


def decided_at_half_past_seven(story: Story, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level1", story.central)
    earlier = set(Event.objects.filter(action="close-storm").values_list("pk", flat=True))  # of tests that commit
    printed = client.post("/holds/postcards/", {"print": "1"}).content.decode()
    key = str(new())
    for _ in range(2):  # the second time, because the answer to the first was lost
        html = close(client, story, key)
        assert re.search(r"総合市民図書館: 返却期限日の変更 \d+件、取置期限 1件。はがき 1枚を撤回しました", html)
    assert CalendarException.objects.filter(kind="emergency").count() == 2
    events = Event.objects.filter(action="close-storm").exclude(pk__in=earlier).order_by("library")
    assert list(events.values_list("actor", "library", "subject")) == [
        ("level1", "central", None),
        ("level1", "south", None),
    ]
    assert due(story.due_today) == story.central.next_open_day(story.today) > story.tomorrow
    assert due(story.due_tomorrow) == story.south.next_open_day(story.tomorrow) > story.tomorrow
    assert due(story.due_later) == story.today + dt.timedelta(days=9)
    assert due(story.untouched) == story.today
    moved = pickup_by(story.ready)
    assert moved is not None
    assert moved >= story.tomorrow + dt.timedelta(days=2)
    assert pickup_by(story.ready_elsewhere) == story.tomorrow
    # what was printed before is void, and the card waits to be printed anew
    client.post("/holds/postcards/", {"notice": hidden(printed, "notice")})
    assert Hold.objects.get(pk=story.card.pk).state == State.ON_SHELF
    again = client.post("/holds/postcards/", {"print": "1"}).content.decode()
    assert hidden(again, "notice") != hidden(printed, "notice")
    client.post("/holds/postcards/", {"notice": hidden(again, "notice")})
    assert Hold.objects.get(pk=story.card.pk).state == State.NOTIFIED


def told_once_and_no_more(story: Story) -> None:
    """Two loans at two libraries are one mail; who has nothing there gets none; nothing stays of whom was told."""
    act_as("ils_owner", "ils")
    assert [sending.send_due()["sent"] for _ in range(2)][-1] == 0
    sent = {message.to[0]: message for message in mail.outbox}
    assert len(sent) == len(mail.outbox)
    assert {"reader0@example.jp", "reader1@example.jp"} <= set(sent)
    assert "reader2@example.jp" not in sent
    loans, shelf = sent["reader0@example.jp"], sent["reader1@example.jp"]
    assert "臨時休館" in loans.subject
    assert "総合市民図書館は" in loans.body
    assert "南市民図書館は" in loans.body
    assert re.search("返却期限日を.*に改めた資料：2点", loans.body)
    assert re.search("取置期限を.*に改めた資料：1点", shelf.body)
    titles = Record.objects.filter(items__loans__patron=story.reader).values_list("title", flat=True)
    assert not [title for title in titles if title in loans.body + loans.subject]
    assert not ClosingNotice.objects.exists()
    assert not Notice.objects.filter(kind="closing", patron__isnull=False).exists()


def the_home_page_says_so(request: pytest.FixtureRequest) -> None:
    public: Client = request.getfixturevalue("public")
    japanese = banner(public.get("/").content.decode())
    assert "総合市民図書館、南市民図書館" in japanese
    assert "辻堂" not in japanese
    assert "お手続きはいりません" in japanese
    english = banner(public.get("/en/").content.decode())
    assert "Emergency closing" in english
    assert "Central Library, South Library" in english
    assert "You need not do anything." in english


def banner(html: str) -> str:
    found = re.search(r'<section class="closings".*?</section>', html, re.DOTALL)
    assert found
    return found.group()


def the_paper_slips(story: Story, settings: Any) -> None:
    """46 loans and 80 returns of the reopening day, entered on the next."""
    cards = [card_of(patron) for patron in story.borrowers[1:]]
    expired = Card.objects.filter(patron__expires_on__lt=story.today, ended_on__isnull=True)[0].number
    lent_elsewhere, for_expired = next(story.items), next(story.items)
    assert lend(ACTOR, story.elsewhere.pk, lent_elsewhere.barcode, story.open, new()).outcome is Outcome.LENT
    copy = story.held.items.get()
    waits = hold(story.waiting, story.held.pk, "central")
    scan(copy, "central")
    free = [next(story.items) for _ in range(LENDS - 4)]
    client = Client()
    wear(settings, importlib.import_module("shoko_ils.settings.staff"))
    act_as("ils_staff", "ils")
    log_in(client, "demo", story.south)
    sent = {"key": str(new()), "day": str(story.reopening), "reason": "line-down", "lends": LENDS, "returns": RETURNS}
    screen = Counter(client, client.post("/paper/", sent)["Location"])
    for loan in story.on_paper:
        screen.scan(loan.item.barcode)
    for card, items in zip(cards, batched(free, 4, strict=False), strict=False):
        screen.scan(card)
        for item in items:
            assert "貸し出しました" in screen.scan(item.barcode)
    # 30 days past due without the days of the storm: no block
    screen.scan(card_of(story.late))
    assert "貸し出しました" in screen.scan(next(story.items).barcode)
    for number, item in ((cards[0], lent_elsewhere), (expired, for_expired), (cards[1], copy)):
        screen.scan(number)
        screen.scan(item.barcode)
    html = screen.html
    assert f"貸出 {LENDS}/{LENDS}枚" in html
    assert f"返却 {RETURNS}/{RETURNS}枚" in html
    assert "すべての控えを入力しました" in html
    assert "要判断 3枚" in html
    for words in ("その後ほかで貸し出されています", "例外として貸し出す", "予約を元の順位に戻し、貸出"):
        assert words in html
    decide(client, screen, "reject")
    decide(client, screen, "accept")
    html = decide(client, screen, "accept")
    assert f"完了 {LENDS + RETURNS - 1}枚" in html
    assert "要判断 0枚" in html
    assert "見送り 1枚" in html
    act_as("ils_owner", "ils")
    slips = PaperSlip.objects.all()
    assert [one.position for one in slips] == list(range(1, LENDS + RETURNS + 1))
    assert not slips.filter(card_number__gt="").exists()
    returned = Loan.objects.filter(pk__in=[loan.pk for loan in story.on_paper])
    assert set(returned.values_list("returned_on", "patron")) == {(story.reopening, None)}
    lent = Loan.objects.filter(returned_on__isnull=True, lent_on=story.reopening)
    assert lent.count() == LENDS - 1
    assert Loan.objects.get(item=lent_elsewhere, returned_on__isnull=True).patron == story.elsewhere
    assert Hold.objects.get(pk=waits.pk).state == State.QUEUED


def card_of(patron: Patron) -> str:
    return Card.objects.get(patron=patron, ended_on__isnull=True).number


def decide(client: Client, screen: Counter, act: str) -> str:
    """The first conflict of the list."""
    html = screen.html
    sent = {"key": hidden(html, "key"), "sitting": "", "slip": hidden(html, "slip"), "act": act}
    screen.html = client.post(screen.path, sent).content.decode()
    return screen.html
