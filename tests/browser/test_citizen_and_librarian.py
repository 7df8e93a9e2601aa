"""A citizen at home and a librarian at a counter, both in a real browser that ignores no certificate error."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from converged import Converged
from counter import log_in, scan
from playwright.sync_api import Page, expect

OPAC = "https://opac.library.example"
TITLE = "走れメロス"
Seat = Callable[..., Page]


def search(page: Page, typed: str) -> str:
    """Type into the search box, press Enter, and return the path of the record with the title."""
    page.goto(f"{OPAC}/")
    box = page.get_by_role("searchbox").first
    box.fill(typed)
    box.press("Enter")
    hit = page.locator("article.entry h3 a").filter(has_text=re.compile(f"^{TITLE}$")).first
    expect(hit).to_be_visible()
    return hit.get_attribute("href") or ""


def card_number(converged: Converged) -> str:
    """The number on a card that its owner hands over: one without loans."""
    query = (
        "from shoko_ils.circulation.models import Loan\n"
        "from shoko_ils.patrons.models import Card\n"
        "from django.utils import timezone\n"
        "cards = Card.objects.filter(ended_on=None, patron__expires_on__gt=timezone.localdate())\n"
        "borrowing = Loan.objects.exclude(patron=None).values('patron')\n"
        "print(cards.exclude(patron__in=borrowing).order_by('-number').first().number)"
    )
    return converged.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", query).splitlines()[-1]


def test_three_spellings_find_the_same_record(seat: Seat) -> None:
    page = seat("home")
    paths = {typed: search(page, typed) for typed in ("走れメロス", "はしれめろす", "ﾒﾛｽ")}
    assert len(set(paths.values())) == 1, paths


def test_lent_and_returned_at_the_counter_is_seen_at_home(seat: Seat, converged: Converged) -> None:
    home = seat("home")
    record = search(home, TITLE)
    home.goto(OPAC + record)
    # the copy of the counter's own library: what another one owns would be on its way there after the return
    row = home.locator("table.copies tbody tr").filter(has_text="南市民図書館").first
    expect(row.locator(".state-in")).to_be_visible()
    barcode = (row.locator("td.number").text_content() or "").strip()
    assert barcode.isdigit()
    copy = home.locator("table.copies tbody tr").filter(has_text=barcode)

    counter = seat("tb-south")
    log_in(counter, converged)
    scan(counter, card_number(converged))
    expect(counter.locator(".person-card .number")).to_be_visible()
    scan(counter, barcode)
    expect(counter.locator("table.lines td.number").filter(has_text=barcode)).to_be_visible()

    home.reload()
    expect(copy.locator(".state-out")).to_be_visible()

    counter.keyboard.press("F3")
    expect(counter).to_have_url(re.compile("/return/"))
    scan(counter, barcode)
    expect(counter.locator("table.lines tbody tr").first).to_contain_text(TITLE)

    home.reload()
    expect(copy.locator(".state-in, .state-moving")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_the_screen(seat: Seat, width: int) -> None:
    page = seat("home", width=width)
    for path in ("/", "/search/?q=%E5%A4%AA%E5%AE%B0", "/records/1567/"):
        page.goto(OPAC + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_nothing_is_loaded_from_anywhere_else(seat: Seat) -> None:
    page = seat("home")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for path in ("/", "/search/?q=%E5%A4%AA%E5%AE%B0", "/records/1567/"):
        page.goto(OPAC + path)
    assert asked
    assert {url.split("/")[2] for url in asked} == {"opac.library.example"}
    assert errors == []


def test_the_public_site_speaks_english_too(seat: Seat) -> None:
    page = seat("home")
    page.goto(f"{OPAC}/")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_search_works_by_keyboard_alone(seat: Seat) -> None:
    page = seat("home")
    page.goto(f"{OPAC}/")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "q":
            break
    page.keyboard.type(TITLE)
    page.keyboard.press("Enter")
    expect(page.locator("article.entry").first).to_be_visible()
