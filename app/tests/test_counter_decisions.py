"""What the lending window asks, keeps and lets pass, with the staff role."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import Loan, LoanRule, ReturnCase
from shoko_ils.circulation.services import hold_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, WalkIn
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.services import factors
from tests.conftest import log_in, make_account
from tests.counter import as_owner, send
from tests.holding import hold, lend_out, new, titles
from tests.test_staff import Counter, hidden, read, supervise

pytestmark = pytest.mark.usefixtures("empty_shelves")


def is_lent(item: Item) -> bool:
    return Loan.objects.filter(item=item, returned_on__isnull=True).exists()


@pytest.fixture
def wanted(other_patron: Patron, empty_shelves: None) -> list[Item]:
    """The only copies of two titles, each with a hold of somebody else."""
    items = [record.items.get() for record in titles(2)]
    for each in items:
        hold(other_patron, each.record_id)
    return items


def test_a_question_about_holds_is_kept_until_it_is_answered(
    wanted: list[Item], card: Card, item: Item, staff: Client
) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    html = counter.scan(wanted[0].barcode)
    assert "notice-stop" in html
    html = counter.scan(item.barcode)
    assert is_lent(item)
    assert wanted[0].barcode in html
    assert "来館者優先で貸し出しますか" in html
    counter.scan(wanted[1].barcode)
    html = counter.scan("")
    assert "貸し出すかどうか決まっていません" in html
    assert html.count("asks-stop") == 2
    counter.scan("9013")  # no, about the one that was asked last
    assert not is_lent(wanted[1])
    assert "貸し出しました" in counter.scan(wanted[0].barcode)
    assert is_lent(wanted[0])
    assert "data-began" not in counter.scan("")


@pytest.mark.parametrize("level", [Level.TRAINEE, Level.ASSISTANT])
def test_who_brings_the_copy_from_the_shelf_gets_it_from_a_trainee_and_an_assistant_too(
    wanted: list[Item], card: Card, central: Library, request: Any, level: Level
) -> None:
    """来館者優先: no officer is called; that a hold was passed has the same reason, whoever said yes."""
    make_account(level, central)
    client: Client = request.getfixturevalue("anonymous")
    if level == Level.TRAINEE:
        assert supervise(client, central, "demo") == 302
    else:
        log_in(client, "level4", central)
    counter = Counter(client, "/lend/")
    counter.scan(card.number)
    html = counter.scan(wanted[0].barcode)
    assert "来館者優先で貸し出しますか" in html
    assert "職員を呼んでください" not in html
    assert not is_lent(wanted[0])
    assert "貸し出しました" in counter.scan("9012")
    assert is_lent(wanted[0])
    # no is an answer of theirs too
    counter.scan(wanted[1].barcode)
    counter.scan("9013")
    assert not is_lent(wanted[1])
    counted = as_owner(lambda: list(WalkIn.objects.values_list("reason", "loans", "waiting", "library")))
    assert counted == [("on-shelf", 1, 1, central.pk)]


def test_the_next_card_says_what_was_left_undecided(
    wanted: list[Item], card: Card, other_patron: Patron, staff: Client
) -> None:
    other = Card.objects.get(patron=other_patron, ended_on=None)
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(wanted[0].barcode)
    html = counter.scan(other.number)
    assert "前の利用者に貸し出していません" in html
    assert wanted[0].barcode in html
    assert "asks-stop" not in html
    assert "お答えいただく確認はありません" in counter.scan("9012")
    assert not is_lent(wanted[0])


def test_a_misread_card_ends_the_sitting_so_that_nothing_goes_to_the_patron_before(
    card: Card, item: Item, staff: Client
) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    wrong = card.number[:-1] + str((int(card.number[-1]) + 1) % 10)
    assert "正しく読み取れませんでした" in counter.scan(wrong)
    assert "先に利用者カードを走査してください" in counter.scan(item.barcode)
    assert not is_lent(item)


def test_the_day_of_a_late_entry_goes_with_its_question(wanted: list[Item], card: Card, staff: Client) -> None:
    day = timezone.localdate() - dt.timedelta(days=3)
    late = {"day": "other", "on": str(day), "late_reason": "line-down"}
    as_owner(lambda: Item.objects.filter(pk=wanted[0].pk).update(library_use_only=True))
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    html = send(counter, "/lend/", scan=wanted[0].barcode, **late)
    assert "例外許可の理由" in html
    html = send(counter, "/lend/permit/", about=wanted[0].barcode, reason="course", **late)
    # the window keeps the day for the next item
    assert re.search(r'name="day" value="other" checked', html)
    assert "貸し出しました" in html
    assert Loan.objects.get(item=wanted[0], returned_on=None).lent_on == day
    send(counter, "/lend/", scan=wanted[1].barcode, **late)
    send(counter, "/lend/", scan="9012", day="today")
    assert Loan.objects.get(item=wanted[1], returned_on=None).lent_on == day


def test_a_permit_is_for_the_stop_that_it_was_asked_for(wanted: list[Item], card: Card, staff: Client) -> None:
    def prepare() -> None:
        Item.objects.filter(pk=wanted[0].pk).update(library_use_only=True)
        LoanRule.objects.update(max_loans=0)

    as_owner(prepare)
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(wanted[0].barcode)
    html = send(counter, "/lend/permit/", about=wanted[0].barcode, reason="course")
    assert "上限" in html
    assert not is_lent(wanted[0])
    assert not as_owner(lambda: Event.objects.filter(action__startswith="permit").exists())
    html = send(counter, "/lend/permit/", about=wanted[0].barcode, reason="course")
    assert is_lent(wanted[0])


def test_a_permit_for_one_stop_does_not_pass_the_holds(wanted: list[Item], card: Card, staff: Client) -> None:
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    as_owner(lambda: Patron.objects.filter(pk=card.patron_id).update(expires_on=yesterday))
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(wanted[0].barcode)
    html = send(counter, "/lend/permit/", about=wanted[0].barcode, reason="course")
    assert "来館者優先で貸し出しますか" in html
    assert not is_lent(wanted[0])
    assert "貸し出しました" in counter.scan("9012")


def test_an_officer_confirms_with_card_and_pin(central: Library, card: Card, request: Any, patron: Patron) -> None:
    make_account(Level.ASSISTANT, central)
    number = with_check_digit("90000123")
    officer = StaffAccount.objects.get(login_id="demo")
    StaffAccount.objects.filter(pk=officer.pk).update(card=number)
    factors.set_pin(officer, "2580")
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    kept = Item.objects.filter(library_use_only=True, loans__isnull=True)[0]
    counter = Counter(client, "/lend/")
    counter.scan(card.number)
    assert "許可する職員（区分1・2）のカード" in counter.scan(kept.barcode)
    html = send(counter, "/lend/permit/", about=kept.barcode, reason="course", card=number, pin="1470")
    assert "職員（区分1・2）の確認が必要です" in html
    html = send(counter, "/lend/permit/", about=kept.barcode, reason="course", card=f"a{number}a", pin="2580")
    assert "貸し出しました" in html
    actions = as_owner(lambda: list(Event.objects.filter(action__startswith="permit").values_list("actor", "action")))
    assert actions == [("level4", "permit-refused"), ("demo", "permit-course")]


def test_volumes_stand_with_their_titles(card: Card, item: Item, staff: Client) -> None:
    as_owner(lambda: Record.objects.filter(pk=item.record_id).update(volume="下"))
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    html = counter.scan(item.barcode)
    assert "走れメロス 下" in html
    assert "走れメロス <b>下</b>" in html
    assert "走れメロス 下" in send(counter, "/lend/slip/")
    html = Counter(staff, "/return/").scan(item.barcode)
    assert html.count("走れメロス 下") == 2


def test_a_trainee_sees_the_scanned_item_and_no_list(central: Library, card: Card, request: Any) -> None:
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo") == 302
    first, second = (record.items.get() for record in titles(2))
    counter = Counter(client, "/lend/")
    counter.scan(card.number)
    counter.scan(first.barcode)
    html = counter.scan(second.barcode)
    assert second.barcode in html
    assert first.barcode not in html
    assert "<table" not in html
    assert "今回の貸出 2点" in html


@pytest.mark.parametrize(
    ("path", "scanned", "said"),
    [
        ("/return/", "9012", "このバーコードは貸出の画面で使います"),
        ("/return/", "9010", "このバーコードは貸出の画面で使います"),
        ("/return/check/", "9011", "このバーコードは貸出の画面で使います"),
        ("/holds/pull/", "9013", "このバーコードは貸出の画面で使います"),
        ("/return/check/", "card", "利用者カードです"),
    ],
)
def test_every_barcode_is_known_in_every_window(staff: Client, card: Card, path: str, scanned: str, said: str) -> None:
    text = {"card": card.number}.get(scanned, scanned)
    assert said in send(Counter(staff, path), path, scan=text, reason="dirty")


@pytest.mark.parametrize("path", ["/lend/", "/return/", "/return/check/", "/holds/pull/"])
@pytest.mark.parametrize(
    ("code", "target"), [("9002", "/lend/"), ("9003", "/return/"), ("9006", "/return/check/"), ("9008", "/return/")]
)
def test_the_desk_sheet_opens_every_window_from_everywhere(staff: Client, path: str, code: str, target: str) -> None:
    html = read(staff, path)
    answer = staff.post(path, {"scan": code, "key": hidden(html, "key"), "sitting": "", "reason": "dirty"})
    if target == path:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer["Location"]) == (302, target)


def test_a_return_is_still_undone_after_a_look_at_another_window(card: Card, item: Item, staff: Client) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(item.barcode)
    Counter(staff, "/return/").scan(item.barcode)
    read(staff, "/lend/")
    html = send(Counter(staff, "/return/"), "/return/", scan="", act="undo")
    assert "返却を取り消しました" in html
    assert is_lent(item)


YES, NO = "9012", "9013"


@pytest.fixture
def unreturned(other_patron: Patron, item: Item) -> Item:
    """On the shelf and in the hand of a citizen, but still on loan to somebody else."""
    as_owner(lambda: lend_out(item, other_patron))
    return item


def borrowers(item: Item) -> list[int | None]:
    return as_owner(lambda: list(Loan.objects.filter(item=item).order_by("pk").values_list("patron", flat=True)))


def test_what_came_back_without_a_return_is_returned_and_lent_after_a_yes(
    unreturned: Item, patron: Patron, other_patron: Patron, card: Card, staff: Client
) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    for _ in range(2):  # scanned once more by accident: that is no yes
        html = counter.scan(unreturned.barcode)
        assert "貸出中のまま戻った資料です" in html
        assert "返却して貸し出す</button>" in html
        assert other_patron.name not in html, "never to whom"
        assert borrowers(unreturned) == [other_patron.pk]
    html = counter.scan(YES)
    assert "貸し出しました" in html
    assert other_patron.name not in html
    assert borrowers(unreturned) == [None, patron.pk], "the former borrower is erased"
    assert as_owner(lambda: Event.objects.filter(action__in=["take-back", "lend"]).count()) == 2


def test_it_stays_on_loan_after_a_no_or_when_nothing_is_answered(
    unreturned: Item, other_patron: Patron, card: Card, staff: Client
) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(unreturned.barcode)
    assert "返却して貸し出す</button>" not in counter.scan(NO)
    counter.scan(unreturned.barcode)
    assert "data-began" not in counter.scan("")
    assert borrowers(unreturned) == [other_patron.pk]


def test_what_somebody_waits_for_is_not_lent_so(
    unreturned: Item, other_patron: Patron, card: Card, staff: Client
) -> None:
    third = as_owner(lambda: Patron.objects.exclude(pk__in=[other_patron.pk, card.patron_id]).order_by("pk")[0])
    as_owner(lambda: hold(third, unreturned.record_id))
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(unreturned.barcode)
    html = counter.scan(YES)
    assert "先に返却（F3）" in html
    assert "返却して貸し出す</button>" not in html
    assert borrowers(unreturned) == [other_patron.pk], "nor is it returned by halves"
    assert as_owner(lambda: list(Hold.objects.values_list("state", flat=True))) == ["queued"]


def test_what_is_being_checked_is_not_lent_so(
    unreturned: Item, other_patron: Patron, card: Card, actor: Actor, central: Library, staff: Client
) -> None:
    as_owner(lambda: hold_back(actor, unreturned.barcode, central, ReturnCase.Reason.WATER, new()))
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(unreturned.barcode)
    assert "notice-stop" in counter.scan(YES)
    assert borrowers(unreturned) == [other_patron.pk]
