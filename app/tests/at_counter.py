"""A browser at the lending window: who sits there, and what a scanner sends."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from playwright.sync_api import Page, expect

from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff import gate
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.services import factors
from tests.browsing import Service, browsing, scan, serving
from tests.cluster import DEMO_PASSWORD

STAFF_CARD, PIN = with_check_digit("39000001"), "7391"


@pytest.fixture
def site(anonymous: Client) -> Iterator[tuple[Service, str]]:
    with serving() as made:
        yield made


@pytest.fixture
def service(site: tuple[Service, str]) -> Service:
    return site[0]


@pytest.fixture
def page(
    site: tuple[Service, str], central: Library, card: Card, other_patron: Patron, free: list[str]
) -> Iterator[Page]:
    """At the lending window. What a test needs of the database is there before the browser is."""
    with browsing() as made:
        made.goto(site[1])
        log_in(made)
        yield made


def log_in(page: Page) -> None:
    """As the officer of the demonstration, at the central library."""
    page.locator("#id_login_id").fill("demo")
    page.locator("#id_password").fill(DEMO_PASSWORD)
    page.locator("#id_library").select_option(label="総合市民図書館")
    page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()


@pytest.fixture
def free(central: Library) -> list[str]:
    """Numbers of items of the library that anybody may borrow, of different titles."""
    items = Item.objects.filter(
        library=central, at_library=central, condition="normal", library_use_only=False, accompanying="", loans=None
    ).exclude(record__in=Item.objects.filter(holds__isnull=False).values("record"))
    return list(items.exclude(record__holds__isnull=False).order_by("pk").values_list("barcode", flat=True)[:8])


def read_while_the_server_thinks(page: Page, service: Service, *scans: str) -> None:
    service.gate.clear()
    for each in scans:
        scan(page, each)
    service.gate.set()


def idle(page: Page, service: Service) -> None:
    """Nobody touches the counter for three minutes: by the clock of the page and by what the server remembers."""
    (session,) = [each["value"] for each in page.context.cookies() if each["name"] == settings.SESSION_COOKIE_NAME]

    def was_seen_before() -> None:
        kept = SessionStore(session)
        kept["seen"] -= gate.IDLE_SECONDS + 1
        kept.save()

    service.ask(was_seen_before)
    page.wait_for_load_state()  # the page counts from when its script began
    # not Playwright's clock: it would take the scanner's time from the keys
    page.evaluate("ms => { const now = Date.now; Date.now = () => now() + ms; }", (gate.IDLE_SECONDS + 1) * 1000)


def give_card_and_pin() -> None:
    demo = StaffAccount.objects.get(login_id="demo")
    StaffAccount.objects.filter(pk=demo.pk).update(card=STAFF_CARD)
    factors.set_pin(demo, PIN)
