"""Level 3 at the counter: an officer is there, and no byte of a person is."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import LendingBlock, Loan, LoanRule
from shoko_ils.circulation.services import Outcome
from shoko_ils.core.models import Library
from shoko_ils.counter.messages import notice
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron, PatronNote
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.services import sessions
from tests.cluster import DEMO_PASSWORD
from tests.conftest import log_in, make_account
from tests.counter import as_owner, send
from tests.holding import hold, scan, titles
from tests.operators import stand_by
from tests.registering import CITY
from tests.test_staff import Counter, every_page, hidden, read, supervise

TAG = re.compile(r"<[^>]*>")
CALL, BEGIN = "職員を呼んでください", "貸出できます"


def seen_nothing(html: str, card: Card) -> None:
    """The answer has nothing of the person: no field of the registration, no number, not even the end of it."""
    person = card.patron
    fields = (person.name, person.name_reading, person.address, person.phone, str(person.birth_date), card.number)
    assert [each for each in (*fields, str(card)) if each in html] == []
    assert not re.search(rf"(?<![0-9A-Za-z]){card.number[-4:]}(?![0-9A-Za-z])", TAG.sub(" ", html))


@pytest.fixture
def trainee(central: Library, empty_shelves: None, request: Any) -> Client:
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo") == 302
    return client


def blocked(patron: Patron, _other: Item) -> None:
    LendingBlock.objects.create(patron=patron, reason="misuse", began_on=timezone.localdate(), made_by="demo")


def expired(patron: Patron, _other: Item) -> None:
    Patron.objects.filter(pk=patron.pk).update(expires_on=timezone.localdate() - dt.timedelta(days=1))


def overdue(patron: Patron, other: Item) -> None:
    LoanRule.objects.update(overdue_stop_days=5)
    due = timezone.localdate() - dt.timedelta(days=40)
    rule = LoanRule.objects.order_by("pk")[0]
    Loan.objects.create(
        item=other, patron=patron, library=other.library, rule=rule, lent_on=due, lent_at=timezone.now(), due_on=due
    )


def at_the_limit(_patron: Patron, _other: Item) -> None:
    LoanRule.objects.update(max_loans=0)


@pytest.mark.parametrize(
    ("trouble", "reason", "at_once"),
    [
        (blocked, Outcome.BLOCKED, True),
        (expired, Outcome.PATRON_EXPIRED, True),
        (overdue, Outcome.OVERDUE, False),
        (at_the_limit, Outcome.LIMIT_REACHED, False),
    ],
)
def test_whatever_stands_against_a_person_is_one_sentence(
    trainee: Client,
    card: Card,
    item: Item,
    trouble: Callable[[Patron, Item], None],
    reason: Outcome,
    at_once: bool,
) -> None:
    other = titles(1)[0].items.get()
    as_owner(lambda: trouble(card.patron, other))
    why = notice(reason.value)
    counter = Counter(trainee, "/lend/")
    for scanned, says in ((card.number, CALL if at_once else BEGIN), (item.barcode, CALL)):
        html = counter.scan(scanned)
        assert says in html
        assert why.headline not in html
        assert why.advice not in html
        assert "返却期限を過ぎた資料" not in html
        assert "/lend/permit/" not in html
        seen_nothing(html, card)
    assert item.barcode in html
    assert not Loan.objects.filter(item=item, returned_on__isnull=True).exists()
    # an officer's card does not pass what nobody has named
    html = send(counter, "/lend/permit/", about=item.barcode, reason="officer", card="310000019", pin="4827")
    assert why.headline not in html
    assert not Loan.objects.filter(item=item, returned_on__isnull=True).exists()


def test_holds_that_are_ready_and_notes_are_not_for_a_trainee(trainee: Client, card: Card, settings: Any) -> None:
    settings.SITE = settings.SITE | {"patrons": settings.SITE["patrons"] | {"notes": CITY["notes"]}}
    item = titles(1)[0].items.select_related("library").get()

    def prepare() -> None:
        call_command("sync_site", verbosity=0)
        hold(card.patron, item.record_id)
        Item.objects.filter(pk=item.pk).update(at_library=Library.objects.get(key="central"))
        scan(item, "central")
        PatronNote.objects.create(patron=card.patron, code="mail-returned", noted_on=timezone.localdate())

    as_owner(prepare)
    html = Counter(trainee, "/lend/").scan(card.number)
    assert BEGIN in html
    assert "取置" not in html
    assert "郵便物返戻" not in html


def test_an_officer_reads_why(staff: Client, card: Card, item: Item) -> None:
    as_owner(lambda: blocked(card.patron, item))
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    html = counter.scan(item.barcode)
    assert notice(Outcome.BLOCKED.value).headline in html
    assert str(card) in html
    assert CALL not in html


def test_no_scan_in_any_window_shows_a_person(trainee: Client, card: Card, item: Item, other_patron: Patron) -> None:
    """Lend, renew, slip; the card in every window; return for a hold of the same person, and its slip."""
    second = titles(1)[0].items.get()
    as_owner(lambda: hold(card.patron, second.record_id))
    counter = Counter(trainee, "/lend/")
    assert BEGIN in counter.scan(card.number)
    answers = [counter.html, counter.scan(f"a{card.number}a"), counter.scan(item.barcode)]
    assert "貸し出しました" in counter.html
    answers += [counter.scan(item.barcode), counter.scan("9010"), send(counter, "/lend/slip/")]
    counter = Counter(trainee, "/lend/")
    as_owner(lambda: Card.objects.filter(patron=other_patron).update(ended_on=timezone.localdate()))
    old = Card.objects.filter(patron=other_patron)[0]
    html = counter.scan(old.number)
    assert CALL in html
    seen_nothing(html, old)
    for path in ("/return/", "/return/check/"):
        window = Counter(trainee, path)
        answers.append(send(window, path, scan=card.number, reason="dirty"))
    window = Counter(trainee, "/return/")
    answers += [window.scan(item.barcode), window.scan(second.barcode)]
    slip = re.search(r'href="(/holds/(?:slips|transits)/\d+/)"', window.html)
    assert slip, "the copy is for a hold"
    answers.append(read(trainee, slip.group(1)))
    key = {"scan": card.number, "key": str(uuid.uuid4()), "sitting": ""}
    answers += [trainee.post(path, key).content.decode() for path in ("/holds/place/", "/holds/shelf/", "/patrons/")]
    for html in answers:
        seen_nothing(html, card)


@pytest.mark.parametrize("path", ["/lend/", "/return/", "/return/check/"])
def test_a_card_that_was_read_wrongly_or_in_part_is_not_shown(trainee: Client, card: Card, path: str) -> None:
    misread = card.number[:-1] + str((int(card.number[-1]) + 1) % 10)
    for scanned in (misread, card.number[:-1], card.number[1:], f"{card.number}0"):
        for late in ({}, {"day": "other"}):
            window = Counter(trainee, path)
            if path == "/lend/" and scanned != misread:
                window.scan(card.number)
            html = send(window, path, scan=scanned, reason="dirty", **late)
            assert "notice-stop" in html
            assert scanned not in html
            seen_nothing(html, card)


def test_a_card_that_shows_nothing_is_no_view_of_a_person(trainee: Client, card: Card, item: Item) -> None:
    counter = Counter(trainee, "/lend/")
    counter.scan(card.number)
    counter.scan(item.barcode)
    done = as_owner(lambda: list(Event.objects.filter(actor="level3").values_list("action", "subject")))
    assert done == [("login", None), ("scan-card", None), ("lend", None)]


def test_numbers_that_a_trainee_tries_are_seen(trainee: Client, card: Card, other_patron: Patron) -> None:
    """Of no card, of an ended one and of one in force: an event each, of nobody."""
    misread = card.number[:-1] + str((int(card.number[-1]) + 1) % 10)
    as_owner(lambda: Card.objects.filter(patron=other_patron).update(ended_on=timezone.localdate()))
    unknown = with_check_digit(f"{int(card.number[:-1]) + 10**5}")
    tried = (unknown, Card.objects.filter(patron=other_patron)[0].number, card.number)
    # one that no card can have tells nothing
    for number in (*tried, misread):
        Counter(trainee, "/lend/").scan(number)
    done = as_owner(lambda: list(Event.objects.filter(actor="level3").values_list("action", "subject")))
    assert done == [("login", None), *[("scan-card", None)] * len(tried)]


def test_no_page_shows_a_person(trainee: Client, card: Card) -> None:
    """Every page of the service, looked at and sent to, with the person in the address and the card in the field."""
    for _name, path in every_page():
        if path.startswith(("/login/", "/logout/", "/operator/")):
            continue
        of_patron = path.replace(str(uuid.UUID(int=7)), str(card.patron.pseudonym))
        sent = {"scan": card.number, "card": card.number, "key": str(uuid.uuid4())}
        for answer in (trainee.get(of_patron), trainee.post(of_patron, sent)):
            assert answer.status_code != 302 or "/login/" not in answer["Location"], path
            seen_nothing(answer.content.decode(), card)


# the supervisor


def is_in(client: Client) -> bool:
    return client.get("/lend/").status_code == 200


def test_the_supervisor_is_logged_in_at_the_same_library(central: Library, request: Any) -> None:
    make_account(Level.TRAINEE, central)
    south = Library.objects.get(key="south")
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo", there=False) == 403
    stand_by("demo", south)
    assert supervise(client, central, "demo", there=False) == 403
    stand_by("demo", central)
    assert supervise(client, central, "demo", there=False) == 302
    assert is_in(client)


def test_the_browser_of_the_trainee_does_not_count(staff: Client, central: Library) -> None:
    """The officer's own session ends in it when the trainee's begins."""
    as_owner(lambda: make_account(Level.TRAINEE, central))
    assert supervise(staff, central, "demo", there=False) == 403


def test_who_is_not_there_is_told_so(central: Library, request: Any) -> None:
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    sent = {"login_id": "level3", "password": DEMO_PASSWORD, "library": central.pk}
    token = hidden(client.post("/login/", sent).content.decode(), "trainee")
    sent = {"trainee": token, "login_id": "demo", "password": DEMO_PASSWORD}
    html = client.post("/login/supervisor/", sent).content.decode()
    assert "立会者がこの館の窓口にログインしていません" in html


def test_the_trainee_is_out_when_the_supervisor_is(central: Library, request: Any) -> None:
    """Log-out, an end of all sessions, the end of the account, and the loss of the level."""
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    demo = StaffAccount.objects.filter(login_id="demo")
    chief = Actor("level1", "central")
    ends: dict[str, Callable[[Client], object]] = {
        "logs out": lambda officer: officer.post("/logout/"),
        "is logged out": lambda _: sessions.end(chief, demo.get()),
        "is removed": lambda _: as_owner(lambda: demo.update(removed_on=timezone.localdate())),
        "is no officer": lambda _: as_owner(lambda: demo.update(level=Level.ASSISTANT)),
    }
    for name, end in ends.items():
        as_owner(lambda: demo.update(removed_on=None, level=Level.OFFICER))
        sessions.end(chief, demo.get())
        assert supervise(client, central, "demo", there=False) == 403
        officer = Client()
        log_in(officer, "demo", central)
        assert supervise(client, central, "demo", there=False) == 302
        assert is_in(client)
        end(officer)
        assert client.get("/lend/")["Location"] == "/login/", name
        # and not in again with the next officer
        stand_by("demo", central)
        assert not is_in(client), name
