"""Paper slips of a day without the system: entered in order, each done or decided by a person, none lost."""

import datetime as dt
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.models import Loan, LoanRule, PaperBatch, PaperSlip
from shoko_ils.circulation.services import Late, LateReason, Outcome, Result, lend, paper, paper_work, take_back
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import State, WalkIn
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.conftest import log_in, make_account
from tests.holding import ACTOR, copies, hold, library, new, scan, state
from tests.privacy import tables_that_pair
from tests.test_staff import Counter, hidden

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_shelves")]
LEND, RETURN = PaperSlip.Act


@pytest.fixture
def yesterday() -> dt.date:
    return timezone.localdate() - dt.timedelta(days=1)


@pytest.fixture
def batch(central: Library, yesterday: dt.date) -> PaperBatch:
    return paper.begin(ACTOR, paper.Day(central, None, Late(yesterday, LateReason.LINE_DOWN), 3, 2), new())


@pytest.fixture
def officer(db: None) -> StaffAccount:
    return StaffAccount.objects.get(login_id="demo")


def enter(batch: PaperBatch, card: Card | str, item: Item | str, key: uuid.UUID | None = None) -> Result:
    number = card if isinstance(card, str) else card.number
    act = LEND if number else RETURN
    return paper.enter(ACTOR, batch, act, (number, item if isinstance(item, str) else item.barcode), key or new())


def slips(batch: PaperBatch) -> list[tuple[int, str, str, str]]:
    return [(one.position, one.act, one.state, one.card_number) for one in batch.slips.all()]


def conflict(batch: PaperBatch) -> PaperSlip:
    return batch.slips.get(state="conflict")


def accept(batch: PaperBatch, officer: StaffAccount, number: str = "") -> Result:
    return paper.accept(ACTOR, officer, conflict(batch).pk, new(), number=number)


def open_loan(item: Item) -> Loan | None:
    return Loan.objects.filter(item=item, returned_on__isnull=True).first()


def test_slips_are_done_in_order_with_their_day(
    batch: PaperBatch, card: Card, item: Item, yesterday: dt.date, central: Library
) -> None:
    assert enter(batch, card, item).outcome is Outcome.LENT
    loan = open_loan(item)
    assert loan is not None
    assert (loan.lent_on, loan.patron_id) == (yesterday, card.patron_id)
    assert loan.due_on == central.next_open_day(yesterday + dt.timedelta(days=loan.rule.days))
    assert enter(batch, "", item).outcome is Outcome.SHELVE
    loan.refresh_from_db()
    assert (loan.returned_on, loan.patron_id) == (yesterday, None)
    assert slips(batch) == [(1, "lend", "done", ""), (2, "return", "done", "")]
    assert not tables_that_pair(card.patron, item)


def test_a_repeated_slip_is_one_slip(batch: PaperBatch, card: Card, item: Item, key: uuid.UUID) -> None:
    first, again = (enter(batch, card, item, key) for _ in range(2))
    assert first.outcome is again.outcome is Outcome.LENT
    call_command("tidy")  # takes the receipts of former days; the slip itself knows its key
    assert batch.slips.count() == 1


def test_a_batch_begun_twice_is_one(central: Library, yesterday: dt.date, key: uuid.UUID) -> None:
    day = paper.Day(central, None, Late(yesterday, LateReason.POWER), 1, 1)
    assert paper.begin(ACTOR, day, key) == paper.begin(ACTOR, day, key)


def test_an_item_whose_return_was_not_entered_is_returned_and_lent(
    batch: PaperBatch, card: Card, other_patron: Patron, item: Item, officer: StaffAccount, yesterday: dt.date
) -> None:
    late = Late(yesterday - dt.timedelta(days=3), LateReason.OMISSION)
    lend(ACTOR, other_patron.pk, item.barcode, library("south"), new(), late=late)
    assert enter(batch, card, item).outcome is Outcome.ON_LOAN
    assert paper_work.proposal(conflict(batch)) is paper_work.Proposal.RETURN_FIRST
    loan = open_loan(item)
    assert loan is not None
    assert loan.patron == other_patron  # nothing happens before somebody decides
    assert accept(batch, officer) == Result(Outcome.LENT, item, Loan.objects.latest("pk").due_on)
    loan.refresh_from_db()
    assert (loan.patron_id, loan.returned_on) == (None, yesterday)
    now = open_loan(item)
    assert now is not None
    assert (now.patron_id, now.lent_on) == (card.patron_id, yesterday)
    assert slips(batch) == [(1, "lend", "done", "")]


def test_an_item_lent_elsewhere_since_is_proposed_to_be_put_aside(
    batch: PaperBatch, card: Card, other_patron: Patron, item: Item, officer: StaffAccount
) -> None:
    lend(ACTOR, other_patron.pk, item.barcode, library("south"), new())
    enter(batch, card, item)
    slip = conflict(batch)
    assert paper_work.proposal(slip) is paper_work.Proposal.LENT_SINCE
    assert slip.card_number == card.number
    assert tables_that_pair(card.patron, item) == ["ils.paper_slip"]
    assert paper.reject(ACTOR, officer, slip.pk)
    assert tables_that_pair(card.patron, item) == []
    assert not paper.reject(ACTOR, officer, slip.pk)
    assert slips(batch) == [(1, "lend", "rejected", "")]
    assert open_loan(item).patron == other_patron  # type: ignore[union-attr]


def test_a_card_that_had_expired_on_that_day_is_an_exception_of_an_officer(
    batch: PaperBatch, card: Card, item: Item, officer: StaffAccount, yesterday: dt.date, central: Library
) -> None:
    Patron.objects.filter(pk=card.patron_id).update(expires_on=yesterday - dt.timedelta(days=1))
    assert enter(batch, card, item).outcome is Outcome.PATRON_EXPIRED
    with pytest.raises(PermissionDenied):
        accept(batch, make_account(Level.ASSISTANT, central))
    assert slips(batch) == [(1, "lend", "conflict", card.number)]
    assert accept(batch, officer).outcome is Outcome.LENT


def test_a_card_that_was_in_force_on_that_day_is_no_conflict(
    batch: PaperBatch, card: Card, item: Item, yesterday: dt.date
) -> None:
    Patron.objects.filter(pk=card.patron_id).update(expires_on=yesterday)
    assert enter(batch, card, item).outcome is Outcome.LENT


def test_an_item_ready_for_somebody_is_lent_and_the_hold_waits_again(
    batch: PaperBatch, card: Card, other_patron: Patron, officer: StaffAccount
) -> None:
    item = copies(1567)[0]
    waits = hold(other_patron, 1567)
    scan(item, "central")
    assert state(waits) is State.ON_SHELF
    assert enter(batch, card, item).outcome is Outcome.HELD
    assert state(waits) is State.ON_SHELF
    assert accept(batch, officer).outcome is Outcome.LENT
    assert state(waits) is State.QUEUED
    assert WalkIn.objects.count() == 1  # the reason why it went past the hold


def test_who_carried_it_home_on_paper_came_before_the_holds_that_wait(
    batch: PaperBatch, card: Card, other_patron: Patron
) -> None:
    hold(other_patron, 1567)
    assert enter(batch, card, copies(1567)[0]).outcome is Outcome.LENT
    assert WalkIn.objects.count() == 1


def test_unknown_numbers_are_kept_and_corrected(
    batch: PaperBatch, card: Card, item: Item, officer: StaffAccount
) -> None:
    wrong = with_check_digit("999999999")
    assert enter(batch, card, wrong).outcome is Outcome.UNKNOWN_ITEM
    assert accept(batch, officer, wrong) == Result(Outcome.UNKNOWN_ITEM)
    assert slips(batch) == [(1, "lend", "conflict", card.number)]
    assert accept(batch, officer, item.barcode).outcome is Outcome.LENT
    assert enter(batch, "99999999", item).outcome is Outcome.UNKNOWN_CARD
    paper.reject(ACTOR, officer, conflict(batch).pk)
    assert enter(batch, "", wrong).outcome is Outcome.UNKNOWN_ITEM
    assert accept(batch, officer, item.barcode).outcome is Outcome.SHELVE
    assert [state for _, _, state, _ in slips(batch)] == ["done", "rejected", "done"]


def test_over_the_limit_and_expired_is_asked_twice_where_a_number_was_corrected(
    batch: PaperBatch, card: Card, item: Item, officer: StaffAccount
) -> None:
    LoanRule.objects.update(max_loans=0)
    enter(batch, card, with_check_digit("999999999"))
    assert accept(batch, officer, item.barcode).outcome is Outcome.LIMIT_REACHED
    assert open_loan(item) is None
    assert accept(batch, officer).outcome is Outcome.LENT


def test_a_return_before_the_loan_is_decided(
    batch: PaperBatch, patron: Patron, item: Item, officer: StaffAccount
) -> None:
    lend(ACTOR, patron.pk, item.barcode, library("central"), new())
    assert enter(batch, "", item).outcome is Outcome.DATE_BEFORE_LOAN
    assert open_loan(item) is not None
    assert accept(batch, officer).outcome is Outcome.SHELVE
    assert open_loan(item) is None


def test_a_failed_acceptance_leaves_the_other_loan_as_it_was(
    batch: PaperBatch, card: Card, other_patron: Patron, item: Item, officer: StaffAccount, yesterday: dt.date
) -> None:
    late = Late(yesterday, LateReason.OMISSION)
    lend(ACTOR, other_patron.pk, item.barcode, library("central"), new(), late=late)
    enter(batch, card, item)
    LoanRule.objects.update(max_loans=0)
    assert accept(batch, officer).outcome is Outcome.LIMIT_REACHED
    assert open_loan(item).patron == other_patron  # type: ignore[union-attr]


def test_days_of_an_emergency_closing_stop_no_slip(
    batch: PaperBatch, card: Card, item: Item, central: Library, yesterday: dt.date
) -> None:
    """31 days past due, 2 of them closed in an emergency: 30 days may pass, so lending goes on."""
    late = Loan.objects.create(
        item=Item.objects.filter(loans__isnull=True, library_use_only=False).exclude(pk=item.pk)[0],
        patron=card.patron, library=central, rule=LoanRule.objects.filter(ended_on=None)[0],
        lent_on=yesterday - dt.timedelta(days=60), lent_at=timezone.now(), due_on=yesterday - dt.timedelta(days=31),
    )  # fmt: skip
    assert enter(batch, card, item).outcome is Outcome.OVERDUE
    conflict(batch).delete()
    CalendarException.objects.create(
        library=central, kind="emergency", first_on=late.due_on + dt.timedelta(days=2),
        last_on=late.due_on + dt.timedelta(days=3), reason="storm", act=new(),
    )  # fmt: skip
    assert enter(batch, card, item).outcome is Outcome.LENT


def test_the_numbers_of_settled_slips_go_with_the_month(
    batch: PaperBatch, item: Item, patron: Patron, officer: StaffAccount
) -> None:
    enter(batch, "", item)
    enter(batch, "", with_check_digit("999999999"))
    call_command("tidy")
    assert [bool(one.item_number) for one in batch.slips.all()] == [True, True]
    ago = timezone.localdate() - dt.timedelta(days=32)
    PaperBatch.objects.update(made_on=ago, day=ago)
    call_command("tidy")
    assert [bool(one.item_number) for one in batch.slips.all()] == [False, True]  # a conflict waits for its decision


def test_the_database_refuses_a_settled_slip_with_a_card(batch: PaperBatch, card: Card, item: Item) -> None:
    enter(batch, card, item)
    for wrong in (
        {"card_number": card.number},
        {"state": "rejected"},
        {"state": "conflict"},
        {"decided_by": "demo"},
        {"position": 0, "act": "give"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PaperSlip.objects.update(**wrong)


def begin(client: Client, yesterday: dt.date, lends: int, returns: int) -> Counter:
    sent = {"key": str(new()), "day": str(yesterday), "reason": "line-down", "lends": lends, "returns": returns}
    answer = client.post("/paper/", sent)
    assert answer.status_code == 302, answer.content.decode()
    return Counter(client, answer["Location"])


def test_the_screen_takes_cards_and_items_in_turn(
    staff: Client, card: Card, item: Item, other_patron: Patron, yesterday: dt.date
) -> None:
    other = Card.objects.get(patron=other_patron, ended_on__isnull=True)
    screen = begin(staff, yesterday, 2, 1)
    screen.scan(card.number)
    assert "貸し出しました" in screen.scan(item.barcode)
    screen.scan(other.number)
    html = screen.scan(item.barcode)
    assert "貸出中のままです。返却のうえ貸出" in html
    assert "要判断 1枚" in html
    screen.scan("9003")
    html = screen.scan(item.barcode)
    assert "すべての控えを入力しました" in html
    slip = hidden(html, "slip")
    sent = {"key": hidden(html, "key"), "sitting": "", "slip": slip, "act": "accept"}
    html = staff.post(screen.path, sent).content.decode()
    assert "要判断 0枚" in html
    assert open_loan(item).patron == other_patron  # type: ignore[union-attr]


def test_an_assistant_enters_slips_and_an_officer_accepts_exceptions(
    central: Library, item: Item, yesterday: dt.date, request: pytest.FixtureRequest
) -> None:
    make_account(Level.ASSISTANT, central)
    expired = Card.objects.filter(patron__expires_on__lt=yesterday, ended_on__isnull=True)[0]
    client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    screen = begin(client, yesterday, 1, 0)
    screen.scan(expired.number)
    html = screen.scan(item.barcode)
    assert "職員（区分1・2）が処理します。" in html
    sent = {"key": hidden(html, "key"), "sitting": "", "slip": hidden(html, "slip"), "act": "accept"}
    assert "要判断 1枚" in client.post(screen.path, sent).content.decode()
    assert client.post(screen.path, sent | {"act": "reject"}).content.decode().count("見送り 1枚") == 1


def test_a_day_to_come_is_refused(staff: Client) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    sent = {"key": str(new()), "day": str(tomorrow), "reason": "line-down", "lends": 1, "returns": 1}
    assert "日付が未来か、古すぎます。" in staff.post("/paper/", sent).content.decode()
    assert not PaperBatch.objects.exists()


def test_a_batch_is_that_of_its_library(staff: Client, request: pytest.FixtureRequest, yesterday: dt.date) -> None:
    screen = begin(staff, yesterday, 0, 0)
    log_in(staff, "demo", library("south"))
    assert staff.get(screen.path).status_code == 404


def test_a_slip_put_aside_ends_no_return(batch: PaperBatch, item: Item, officer: StaffAccount) -> None:
    """What was entered at a counter meanwhile is no conflict: a note, and the slip is done."""
    take_back(ACTOR, item.barcode, library("south"), new())
    assert enter(batch, "", item).outcome is Outcome.NOT_OUT
    assert slips(batch) == [(1, "return", "done", "")]
