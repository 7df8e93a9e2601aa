"""What level 3 sees of the queue behind the scan field: that something waits, and no number of a patron card."""

import pytest
from playwright.sync_api import Page, expect

from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Card
from shoko_ils.staff.models import Level
from tests.at_counter import read_while_the_server_thinks
from tests.browsing import Service, scan
from tests.cluster import DEMO_PASSWORD
from tests.conftest import make_account
from tests.operators import stand_by

HIDDEN = "••••"


@pytest.fixture
def trainee(central: Library) -> None:
    make_account(Level.TRAINEE, central)


@pytest.fixture
def trainees(trainee: None, page: Page, service: Service, central: Library) -> Page:
    """At the lending window, with the officer at another counter."""
    page.get_by_role("button", name="ログアウト").click()
    service.ask(lambda: stand_by("demo", central))
    log_in_supervised(page)
    return page


def log_in_supervised(page: Page) -> None:
    for login_id, heading in (("level3", "ログイン"), ("demo", "立会い")):
        expect(page.locator("h1")).to_have_text(heading)
        page.locator("#id_login_id").fill(login_id)
        page.locator("#id_password").fill(DEMO_PASSWORD)
        page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()


def ways_to_read(card: Card) -> list[str]:
    """As it is, with what a scanner adds, in full width, and by a scanner that missed a digit."""
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in card.number)
    return [card.number, f"a{card.number}a", full_width, card.number[:-1], card.number[1:]]


def shows_nothing_of(page: Page, card: Card) -> None:
    html = page.content()
    assert [each for each in ways_to_read(card) if each in html] == []


def test_what_waits_is_shown_without_the_number_of_a_card(
    trainees: Page, service: Service, card: Card, free: list[str]
) -> None:
    page, waiting = trainees, trainees.locator("[data-waiting]")
    service.gate.clear()
    for each in (free[0], *ways_to_read(card), free[1]):
        scan(page, each)
        shows_nothing_of(page, card)
    expect(waiting).to_have_text(" · ".join([HIDDEN] * 5 + [free[1]]))
    service.away = True
    service.gate.set()
    expect(page.locator("[data-offline]")).to_be_visible()
    expect(waiting).to_contain_text(" · ".join([free[0], *[HIDDEN] * 5, free[1]]))
    shows_nothing_of(page, card)
    service.away = False
    page.keyboard.press("Enter")
    expect(waiting).to_have_text("")
    shows_nothing_of(page, card)


def test_what_an_ended_session_left_is_shown_without_it_too(
    trainees: Page, service: Service, central: Library, card: Card, free: list[str]
) -> None:
    page = trainees
    page.context.clear_cookies(name="__Host-shoko-staff")
    read_while_the_server_thinks(page, service, card.number, free[0])
    page.wait_for_url("**/login/")
    log_in_supervised(page)
    expect(page.locator("[data-held-list]")).to_contain_text(f"{HIDDEN} · {free[0]}")
    shows_nothing_of(page, card)


def test_an_officer_sees_every_number(page: Page, service: Service, card: Card, free: list[str]) -> None:
    service.gate.clear()
    for each in (free[0], card.number):
        scan(page, each)
    expect(page.locator("[data-waiting]")).to_have_text(card.number)
    service.gate.set()
    expect(page.locator(".person-name")).to_be_visible()
