"""Card and PIN at a shared counter: who works there now, and what happens when nobody does."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card
from shoko_ils.staff import gate, operator
from shoko_ils.staff.models import (
    Level,
    StaffAccount,
    StaffPin,
)
from shoko_ils.staff.services import factors
from tests.conftest import act_as, log_in, make_account
from tests.operators import CARD, OTHER_CARD, PIN, take_over
from tests.test_staff import Counter, supervise


def operator_of(client: Client) -> str:
    return StaffAccount.objects.get(pk=client.session["_auth_user_id"]).login_id


def test_a_terminal_is_opened_by_an_officer_and_then_takes_cards(
    colleagues: None, anonymous: Client, central: Library
) -> None:
    assert "本日まだ開かれていません" in take_over(anonymous, CARD).content.decode()
    log_in(anonymous, "level4", central)
    anonymous.post("/logout/")
    assert take_over(anonymous, CARD).status_code == 403
    log_in(anonymous, "demo", central)
    assert take_over(anonymous, f"a{OTHER_CARD}a").status_code == 302
    assert operator_of(anonymous) == "level4"
    assert anonymous.get("/lend/").status_code == 200
    assert take_over(anonymous, CARD).status_code == 302
    assert operator_of(anonymous) == "demo"
    elsewhere = Client()
    assert take_over(elsewhere, CARD).status_code == 403
    act_as("ils_owner", "ils")
    actions = Event.objects.filter(screen="operator").order_by("id").values_list("action", "actor")
    assert list(actions) == [
        *(("hand-over", "demo"), ("take-over", "level4"), ("hand-over", "level4"), ("take-over", "demo")),
    ]


def test_five_wrong_pins_shut_the_pin_until_a_full_log_in(colleagues: None, staff: Client) -> None:
    for _ in range(5):
        assert "カードまたは暗証番号が違います" in take_over(staff, CARD, "1357").content.decode()
    assert "5回間違えた" in take_over(staff, CARD).content.decode()
    assert take_over(staff, OTHER_CARD).status_code == 302
    log_in(staff, "demo", Library.objects.get(key="central"))
    assert staff.post("/account/", {"act": "pin", "card": CARD, "pin": "7391"}).status_code == 302
    assert take_over(staff, CARD, "7391").status_code == 302


def test_the_card_alone_and_anothers_pin_are_nothing(colleagues: None, staff: Client, central: Library) -> None:
    act_as("ils_owner", "ils")
    factors.set_pin(StaffAccount.objects.get(login_id="level4"), "9150")
    act_as("ils_staff", "ils")
    for card, pin in ((OTHER_CARD, PIN), (CARD, "9150"), (CARD, ""), ("", PIN), (with_check_digit("39999999"), PIN)):
        assert take_over(staff, card, pin).status_code in (200, 403)
        assert operator_of(staff) == "demo"


@pytest.mark.parametrize("pin", ["123", "1234567", "1111", "2345", "9876", "12a4", "１２３７"])
def test_simple_pins_are_refused(colleagues: None, pin: str) -> None:
    with pytest.raises(ValueError, match=r"digits|simple"):
        factors.set_pin(StaffAccount.objects.get(login_id="demo"), pin)


def test_a_pin_is_stored_as_a_hash(colleagues: None) -> None:
    assert all(PIN not in row.pin and row.pin.startswith("scrypt$") for row in StaffPin.objects.all())


def test_card_and_pin_are_too_little_for_level_1_and_exports(central: Library, patron: Any, request: Any) -> None:
    chief = make_account(Level.MANAGER, central)
    StaffAccount.objects.filter(pk=chief.pk).update(card=CARD)
    factors.set_pin(chief, PIN)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level1", central)
    pages = ("/staff/", "/audit/", f"/patrons/{patron.pseudonym}/disclosure/")
    assert [client.get(page).status_code for page in pages] == [200] * 3
    client.post("/logout/")
    assert take_over(client, CARD).status_code == 302
    assert [client.get(page)["Location"] for page in pages] == ["/login/"] * 3
    assert client.get("/patrons/").status_code == 200
    assert client.post("/account/", {"act": "pin", "card": CARD, "pin": "7391"}).status_code == 400


def test_an_idle_screen_is_covered_and_goes_on_for_the_same_person(
    colleagues: None, staff: Client, central: Library
) -> None:
    log_in(staff, "demo", central)
    html = staff.get("/lend/").content.decode()
    assert f'data-idle="{gate.IDLE_SECONDS}"' in html
    assert '<dialog class="cover"' in html
    session = staff.session
    session["seen"] -= gate.IDLE_SECONDS + 1
    session["returned"] = [{"key": "kept"}]
    session.save()
    assert staff.get("/lend/")["Location"] == "/operator/"
    assert take_over(staff, CARD, **{"X-Shoko-Cover": "1"}).status_code == 204
    assert staff.get("/lend/").status_code == 200
    assert staff.session["returned"] == [{"key": "kept"}]
    assert take_over(staff, OTHER_CARD, **{"X-Shoko-Cover": "1"}).status_code == 302
    assert "returned" not in staff.session


def idle(client: Client, seconds: float) -> None:
    session = client.session
    session["seen"] -= seconds
    session.save()


def test_who_has_no_pin_is_asked_for_the_log_in_after_three_minutes(staff: Client, central: Library) -> None:
    html = staff.get("/lend/").content.decode()
    assert f'data-idle="{gate.IDLE_SECONDS}"' in html
    assert '<dialog class="cover"' in html
    assert 'name="pin"' not in html
    idle(staff, gate.IDLE_SECONDS + 1)
    for page in ("/lend/", "/patrons/", "/account/", "/seen/"):
        assert staff.get(page)["Location"] == "/login/"
    log_in(staff, "demo", central)
    assert staff.get("/lend/").status_code == 200


def test_a_trainee_needs_the_supervisor_again_after_three_minutes(central: Library, request: Any) -> None:
    trainee = make_account(Level.TRAINEE, central)
    factors.set_pin(trainee, PIN)
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo") == 302
    idle(client, gate.IDLE_SECONDS + 1)
    assert client.get("/lend/")["Location"] == "/login/"


def test_who_types_on_a_long_page_is_not_idle(staff: Client) -> None:
    for _ in range(3):
        idle(staff, gate.IDLE_SECONDS - 10)
        assert staff.get("/seen/").status_code == 204
    assert staff.get("/lend/").status_code == 200


def test_a_session_without_a_time_is_idle(staff: Client) -> None:
    session = staff.session
    del session["seen"]
    session.save()
    assert staff.get("/lend/")["Location"] == "/login/"


def test_a_trainee_does_not_take_over_by_card(staff: Client, central: Library) -> None:
    act_as("ils_owner", "ils")
    trainee = make_account(Level.TRAINEE, central)
    StaffAccount.objects.filter(pk=trainee.pk).update(card=CARD)
    factors.set_pin(trainee, PIN)
    act_as("ils_staff", "ils")
    assert take_over(staff, CARD).status_code == 403


def test_the_end_of_the_officer_closes_the_terminal_he_opened(colleagues: None, staff: Client) -> None:
    act_as("ils_owner", "ils")
    StaffAccount.objects.filter(login_id="demo").update(removed_on=timezone.localdate())
    act_as("ils_staff", "ils")
    assert "本日まだ開かれていません" in take_over(staff, OTHER_CARD).content.decode()


WINDOWS = ("/lend/", "/return/", "/return/check/", "/holds/pull/", "/holds/place/", "/holds/queue/")


@pytest.mark.parametrize("path", WINDOWS)
def test_a_staff_card_in_a_scan_field_opens_the_operators_page_and_leaves_the_pin(
    colleagues: None, staff: Client, path: str
) -> None:
    sent = {"scan": f"a{OTHER_CARD}a", "key": str(uuid.uuid4()), "reason": "dirty"}
    assert staff.post(path, sent)["Location"] == "/operator/?scanned", "and no number in an address"
    html = staff.get("/operator/?scanned").content.decode()
    card, pin = (re.search(rf'<input[^>]*name="{name}"[^>]*>', html).group() for name in ("card", "pin"))
    assert f'value="{OTHER_CARD}"' in card
    assert "autofocus" not in card
    assert "autofocus" in pin
    assert take_over(staff, OTHER_CARD).status_code == 302
    assert operator_of(staff) == "level4"
    assert OTHER_CARD not in staff.get("/operator/").content.decode()


def test_a_scanned_staff_card_is_forgotten(colleagues: None, staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = {"scan": CARD, "key": str(uuid.uuid4())}
    staff.post("/return/", sent)
    assert take_over(staff, CARD).status_code == 302
    assert CARD not in staff.get("/operator/").content.decode()
    staff.post("/return/", sent)
    monkeypatch.setattr(operator, "OFFERED_SECONDS", 0)
    assert CARD not in staff.get("/operator/").content.decode()


def test_an_officers_card_that_may_be_meant_for_a_permit_leaves_the_window_as_it_is(
    colleagues: None, staff: Client, card: Card, item: Item
) -> None:
    act_as("ils_owner", "ils")
    Item.objects.filter(pk=item.pk).update(library_use_only=True)
    act_as("ils_staff", "ils")
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(item.barcode)
    html = counter.scan(CARD)
    assert "職員カードです" in html
    assert 'action="/lend/permit/"' in html
