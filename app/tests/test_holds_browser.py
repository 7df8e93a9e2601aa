"""The scan field of the hold counter in a browser: it takes every barcode, however slow the server is."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold
from shoko_ils.patrons.models import Card, Patron
from tests.at_counter import log_in, read_while_the_server_thinks
from tests.browsing import Service, browsing, scan, serving
from tests.holding import titles

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.fixture
def free(db: None) -> list[Item]:
    """Copies of six titles that anybody may hold."""
    return [Item.objects.select_related("record").filter(record=each)[0] for each in titles(6)]


@pytest.fixture
def other_card(other_patron: Patron) -> Card:
    return Card.objects.get(patron=other_patron, ended_on__isnull=True)


@pytest.fixture
def site(free: list[Item], card: Card, other_card: Card, central: Library, anonymous: Client) -> Iterator[
    tuple[Service, str]
]:  # fmt: skip
    with serving() as made:
        yield made


@pytest.fixture
def page(site: tuple[Service, str]) -> Iterator[Page]:
    """At the page where holds are placed."""
    with browsing() as made:
        made.goto(site[1])
        log_in(made)
        made.goto(f"{site[1]}/holds/place/")
        expect(made.locator("#scan")).to_be_focused()
        yield made


def held(service: Service) -> set[tuple[int, str, str]]:
    """Patron, title and pickup library of every hold."""
    return service.ask(
        lambda: {
            (hold.patron_id, hold.record.title, hold.pickup_library.key)
            for hold in Hold.objects.select_related("record", "pickup_library")
        }
    )


def test_items_go_to_the_card_before_them_however_slow_the_server_is(
    page: Page, service: Service, card: Card, other_card: Card, free: list[Item]
) -> None:
    numbers = [item.barcode for item in free]
    read_while_the_server_thinks(page, service, card.number, *numbers[:2], other_card.number, numbers[2])
    expect(page.locator(".notice-done")).to_contain_text(numbers[2])
    mine, other = card.patron_id, other_card.patron_id
    assert held(service) == {
        (mine, free[0].record.title, "central"),
        (mine, free[1].record.title, "central"),
        (other, free[2].record.title, "central"),
    }
    expect(page.locator("#scan")).to_be_focused()


def test_what_was_chosen_for_one_patron_is_not_of_the_next(
    page: Page, service: Service, card: Card, other_card: Card, free: list[Item]
) -> None:
    expect(page.locator(".wishes")).to_be_hidden()
    scan(page, card.number)
    expect(page.locator(".wishes")).to_be_visible()
    page.locator(".wishes select[name=pickup]").select_option("south")
    page.locator("select[name=group_kind]").select_option("")
    scan(page, free[0].barcode)
    expect(page.locator(".notice-done")).to_contain_text(free[0].barcode)
    # the next card and its item are read before the page has answered
    read_while_the_server_thinks(page, service, free[1].barcode, other_card.number, free[2].barcode)
    expect(page.locator(".notice-done")).to_contain_text(free[2].barcode)
    expect(page.locator(".wishes select[name=pickup]")).to_have_value("central")
    mine, other = card.patron_id, other_card.patron_id
    assert held(service) == {
        (mine, free[0].record.title, "south"),
        (mine, free[1].record.title, "south"),
        (other, free[2].record.title, "central"),
    }


def test_a_group_is_scanned_and_placed_without_a_mouse(
    page: Page, service: Service, card: Card, free: list[Item]
) -> None:
    scan(page, card.number)
    expect(page.locator(".wishes")).to_be_visible()
    page.locator("select[name=group_kind]").select_option("sequence")
    # the scanner types where the focus is: in the list of kinds
    for item in free[:3]:
        scan(page, item.barcode)
    expect(page.locator(".asks-stop li")).to_have_count(3)
    scan(page, "")
    expect(page.locator(".notice-done")).to_contain_text("予約を受け付けました")
    made = service.ask(lambda: list(Hold.objects.order_by("group_position").values_list("record", "group_kind")))
    assert made == [(item.record_id, "sequence") for item in free[:3]]


def test_the_queue_of_any_title_opens_from_the_queue_of_another(
    page: Page, site: tuple[Service, str], free: list[Item]
) -> None:
    page.goto(f"{site[1]}/holds/queue/")
    for item in free[:2]:
        scan(page, item.barcode)
        expect(page.locator("h1")).to_contain_text(item.record.title)
        expect(page).to_have_url(re.compile(rf"/holds/queue/{item.record_id}/$"))
        expect(page.locator("#scan")).to_be_focused()
