"""The scan field in a browser: a scanner is faster than any page, and what it reads goes where it belongs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shoko_ils.circulation.models import Loan
from shoko_ils.core.models import Library
from shoko_ils.counter.operations import Operation
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.at_counter import PIN, STAFF_CARD, give_card_and_pin, idle, log_in, read_while_the_server_thinks
from tests.browsing import HAND_SECONDS, Service, scan
from tests.cluster import DEMO_PASSWORD
from tests.conftest import act_as
from tests.holding import hold

pytestmark = pytest.mark.django_db
Lent = Callable[[Patron], set[str]]


@pytest.fixture
def lent_to(service: Service) -> Callable[[Patron], set[str]]:
    def lent(patron: Patron) -> set[str]:
        return service.ask(lambda: set(Loan.objects.filter(patron=patron).values_list("item__barcode", flat=True)))

    return lent


@pytest.fixture
def manager(db: None) -> None:
    """The officer of the demonstration has every right for this test; asked for before the page is."""
    StaffAccount.objects.filter(login_id="demo").update(level=Level.MANAGER)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_menu_with_everything_in_it_is_one_line(manager: None, page: Page, language: str) -> None:
    if language == "en":
        page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.wait_for_load_state()  # with its style
    tops = page.locator(".modes a").evaluate_all("links => links.map(link => link.getBoundingClientRect().top)")
    assert len(tops) == 14
    assert len(set(tops)) == 1


def test_items_go_to_the_card_before_them_however_slow_the_server_is(
    page: Page, service: Service, card: Card, other_patron: Patron, patron: Patron, free: list[str], lent_to: Lent
) -> None:
    other = service.ask(lambda: Card.objects.get(patron=other_patron, ended_on__isnull=True))
    read_while_the_server_thinks(page, service, card.number, free[0], free[1], other.number, free[2])
    expect(page.locator(".notice-done")).to_contain_text(free[2])
    assert lent_to(patron) == set(free[:2])
    assert lent_to(other_patron) == {free[2]}


def test_a_change_of_window_waits_in_the_same_queue_and_the_scans_after_it_are_of_the_new_window(
    page: Page, service: Service, card: Card, patron: Patron, free: list[str], lent_to: Lent
) -> None:
    read_while_the_server_thinks(page, service, card.number, free[0], free[1], Operation.RETURN.value, free[0])
    expect(page.locator("caption")).to_have_text("最近の走査")
    expect(page.locator("nav.modes [aria-current]")).to_contain_text("返却")
    assert page.url.endswith("/return/")
    assert lent_to(patron) == {free[1]}


def test_a_key_for_another_window_waits_too(
    page: Page, service: Service, card: Card, patron: Patron, free: list[str], lent_to: Lent
) -> None:
    service.gate.clear()
    scan(page, card.number)
    scan(page, free[0])
    page.keyboard.press("F3")
    scan(page, free[0])
    service.gate.set()
    expect(page.locator(".notice-headline").first).to_contain_text("棚へ")
    assert lent_to(patron) == set()
    page.keyboard.type(free[1][:5])
    page.keyboard.press("F2")
    expect(page.locator("nav.modes [aria-current]")).to_contain_text("貸出")
    page.keyboard.type(free[1][5:])
    expect(page.locator("#scan")).to_have_value(free[1])


def test_without_an_answer_everything_waits_visibly_and_goes_on_with_enter(
    page: Page, service: Service, card: Card, patron: Patron, free: list[str], lent_to: Lent
) -> None:
    scan(page, card.number)
    expect(page.locator(".person-name")).to_be_visible()
    service.away = True
    read_while_the_server_thinks(page, service, free[0], free[1])
    expect(page.locator("[data-offline]")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_contain_text(f"{free[0]} · {free[1]}")
    expect(page.locator("#scan")).to_be_focused()
    # the next scan is no part of the first, and waits behind it
    scan(page, free[2])
    expect(page.locator("[data-waiting]")).to_contain_text(" · ".join(free[:3]))
    service.away = False
    page.keyboard.press("Enter")
    expect(page.locator("caption")).to_have_text("今回の貸出 3点")
    expect(page.locator("[data-offline]")).to_be_hidden()
    assert lent_to(patron) == set(free[:3])


def test_the_head_of_the_page_says_whether_the_service_answers(page: Page, service: Service, card: Card) -> None:
    sign = page.locator("[data-link]")
    expect(sign).to_contain_text("つながっています")
    service.away = True
    scan(page, card.number)
    expect(sign).to_contain_text("つながりません")
    page.context.set_offline(False)
    expect(sign).to_contain_text("つながりません")
    service.away = False
    page.keyboard.press("Enter")
    expect(sign).to_contain_text("つながっています")
    page.context.set_offline(True)
    expect(sign).to_contain_text("つながりません")
    page.context.set_offline(False)
    expect(sign).to_contain_text("つながっています")


def test_what_an_ended_session_left_waits_for_a_word_and_for_the_same_person(
    page: Page, service: Service, card: Card, patron: Patron, free: list[str], site: tuple[Service, str], lent_to: Lent
) -> None:
    scan(page, card.number)
    expect(page.locator(".person-name")).to_be_visible()
    page.context.clear_cookies(name="__Host-shoko-staff")
    read_while_the_server_thinks(page, service, free[0], free[1])
    page.wait_for_url("**/login/")
    page.locator("#id_login_id").fill("demo")
    page.locator("#id_password").fill(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-held]")).to_contain_text(f"{free[0]} · {free[1]}")
    assert lent_to(patron) == set()
    scan(page, card.number)
    expect(page.locator(".person-name")).to_be_visible()
    page.locator("[data-held-go]").click()
    expect(page.locator("caption")).to_have_text("今回の貸出 2点")
    expect(page.locator("[data-held]")).to_be_hidden()
    assert lent_to(patron) == set(free[:2])


def test_scans_of_another_person_are_counted_and_not_done(page: Page, site: tuple[Service, str]) -> None:
    kept = {"operator": "0", "window": "/lend/", "at": 0, "typed": "", "scans": [{"scan": "1"}, {"scan": "2"}]}
    page.evaluate("([key, text]) => sessionStorage.setItem(key, text)", ["shoko.waiting", json.dumps(kept)])
    page.evaluate("window.addEventListener('pagehide', () => 0)")
    page.goto(site[1])
    expect(page.locator("[data-held-list]")).to_contain_text("2")
    expect(page.locator("[data-held-go]")).to_be_hidden()
    page.locator("[data-held-drop]").click()
    expect(page.locator("[data-held]")).to_be_hidden()
    expect(page.locator("#scan")).to_be_focused()


def test_the_question_about_holds_stays_until_it_is_answered(
    page: Page, service: Service, card: Card, patron: Patron, other_patron: Patron, free: list[str], lent_to: Lent
) -> None:

    def somebody_waits() -> None:
        wanted = Item.objects.get(barcode=free[0])
        act_as("ils_owner", "ils")
        Item.objects.filter(record=wanted.record_id).exclude(pk=wanted.pk).update(library_use_only=True)
        hold(other_patron, wanted.record_id)
        act_as("ils_staff", "ils")

    service.ask(somebody_waits)
    read_while_the_server_thinks(page, service, card.number, free[0], free[1], free[2])
    expect(page.locator("caption")).to_have_text("今回の貸出 2点")
    expect(page.locator(".asks-stop")).to_contain_text(free[0])
    page.keyboard.press("Enter")
    expect(page.locator(".notice-stop")).to_contain_text("決まっていません")
    page.keyboard.press("F7")
    expect(page.locator("caption")).to_have_text("今回の貸出 3点")
    expect(page.locator(".asks-stop")).to_have_count(0)
    expect(page.locator("#scan")).to_be_focused()
    assert lent_to(patron) == set(free[:3])


def test_a_scan_keeps_the_day_that_was_chosen_when_it_was_read(
    page: Page, service: Service, card: Card, patron: Patron, free: list[str], lent_to: Lent
) -> None:
    scan(page, card.number)
    expect(page.locator(".person-name")).to_be_visible()
    service.gate.clear()
    page.locator("[name=day][value=other]").check()
    scan(page, free[0])  # without a day: it must be entered
    page.locator("[name=day][value=today]").check()
    scan(page, free[1])
    service.gate.set()
    expect(page.locator(".notice-stop")).to_contain_text("日付か理由")
    expect(page.locator("[data-waiting]")).to_contain_text(f"{free[0]} · {free[1]}")
    assert lent_to(patron) == set()
    page.keyboard.press("Enter")
    expect(page.locator("caption")).to_have_text("今回の貸出 2点")


@pytest.mark.parametrize("place", ["button[type=submit]", "nav.modes a", "[name=late_reason]", "[name=on]", "#main"])
def test_a_scan_counts_wherever_the_focus_is(page: Page, card: Card, patron: Patron, place: str) -> None:
    page.locator(place).first.focus()
    scan(page, f"a{card.number}b")
    expect(page.locator(".person-name")).to_be_visible()
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("[name=on]")).to_have_value("")


def test_what_a_hand_types_at_a_date_is_no_scan(page: Page, card: Card, patron: Patron) -> None:
    page.locator("[name=on]").focus()
    with page.expect_response("**/lend/"):
        scan(page, card.number, HAND_SECONDS)
    expect(page.locator(".notice-note, .notice-stop, [data-result]").first).to_contain_text("走査してください")
    expect(page.locator(".person-name")).to_have_count(0)
    expect(page.locator("[name=on]")).not_to_have_value("")


def test_the_slip_is_printed_from_the_page_and_the_focus_comes_back(
    page: Page, card: Card, patron: Patron, free: list[str]
) -> None:
    page.evaluate(
        """() => {
            window.print = () => {
                document.body.dataset.printed = document.querySelector('.slip-sheet').textContent;
            };
        }"""
    )
    scan(page, card.number)
    scan(page, free[0])
    expect(page.locator("caption")).to_have_text("今回の貸出 1点")
    page.keyboard.press("F9")
    expect(page.locator("body[data-printed]")).to_have_count(1)
    printed = page.locator("body").get_attribute("data-printed") or ""
    assert "返却" in printed
    assert patron.name not in printed
    expect(page.locator("#scan")).to_be_focused()
    assert len(page.context.pages) == 1
    expect(page.locator(".slip-sheet")).to_have_count(0)


@pytest.mark.parametrize("at_once", [True, False])
def test_hold_slips_are_printed_without_asking_if_the_site_wants_it(
    page: Page, service: Service, settings: Any, central: Library, patron: Patron, free: list[str], at_once: bool
) -> None:
    settings.SITE = settings.SITE | {"holds": settings.SITE.get("holds", {}) | {"print_slips": at_once}}
    service.ask(lambda: hold(patron, Item.objects.get(barcode=free[0]).record_id))
    page.keyboard.press("F3")
    expect(page.locator("nav.modes [aria-current]")).to_contain_text("返却")
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    scan(page, free[0])
    expect(page.locator(".notice-headline").first).to_contain_text("予約あり")
    expect(page.locator("#scan")).to_be_focused()
    scan(page, "9999")
    expect(page.locator(".notice-stop").first).to_be_visible()
    assert page.evaluate("window.printed") == int(at_once)


def test_an_idle_counter_is_covered_and_only_card_and_pin_take_the_cover_off(page: Page, service: Service) -> None:
    """What was typed stays under the cover, and no key gets there meanwhile."""
    service.ask(give_card_and_pin)
    page.get_by_role("button", name="ログアウト").click()
    log_in(page)
    page.keyboard.type("1000")
    cover = page.locator("dialog.cover")
    idle(page, service)
    expect(cover).to_be_visible()
    page.keyboard.press("Escape")
    scan(page, STAFF_CARD)
    expect(page.locator("#cover-pin")).to_be_focused()
    scan(page, PIN)
    expect(cover).to_be_hidden()
    assert page.locator("#scan").input_value() == "1000"


def test_a_scanned_staff_card_waits_for_the_pin_and_is_no_scan_of_the_next_person(
    page: Page, service: Service, card: Card, free: list[str]
) -> None:
    service.ask(give_card_and_pin)
    read_while_the_server_thinks(page, service, card.number, STAFF_CARD)
    page.wait_for_url("**/operator/?scanned")
    expect(page.locator("#id_card")).to_have_value(STAFF_CARD)
    expect(page.locator("#id_pin")).to_be_focused()
    scan(page, PIN)
    page.wait_for_url("**/lend/")
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("[data-held]")).to_be_hidden()
