"""Pages of the first library, as the appliance serves them, pass the rules of axe for WCAG 2.2 AA (see JIS X 8341-3).

Every page of it, and in every language, is looked at by `app/tests/test_accessible.py`; here is what has to get through
the proxies: style sheets, scripts, and the policy about them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from converged import Converged
from counter import STAFF, log_in
from playwright.sync_api import Page, expect
from test_citizen_and_librarian import OPAC, card_number

Seat = Callable[..., Page]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
PUBLIC = [
    "/",
    "/search/?q=%E5%A4%AA%E5%AE%B0",
    "/search/?q=zzzzzz",
    "/search/?f1=author&q1=%E5%A4%AA%E5%AE%B0&class=9",
    *("/new/", "/cases/", "/my/login/", "/my/basket/", "/password/", "/registration/"),
    "/records/1567/",  # the last: it leads on to its author
]
STAFF_PAGES = [
    *("/", "/lend/", "/return/", "/return/check/", "/patrons/"),
    *("/overdue/", "/borrower/", "/cases/", "/sets/", "/paper/", "/day/", "/calendar/", "/rules/", "/desk-sheet/"),
    *("/members/", "/provisional/", "/reference/", "/reference/cases/"),
    *("/catalogue/", "/catalogue/?q=%E5%A4%AA%E5%AE%B0", "/catalogue/new/", "/catalogue/1567/"),
    *("/catalogue/1567/merge/?other=773", "/catalogue/import/", "/catalogue/export/"),
    *("/catalogue/authorities/?q=%E5%A4%AA%E5%AE%B0", "/catalogue/authorities/new/"),
]


def offences(page: Page) -> list[str]:
    """Return what axe finds on the page as it stands: rule, what it says, and the elements."""
    page.wait_for_load_state()  # after a click the page may be only half there
    found = Axe().run(page, options=RULES).response
    assert found["passes"], "axe looked at nothing"
    return [
        f"{page.url}: {rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']]}"
        for rule in found["violations"]
    ]


def visit(page: Page, address: str) -> None:
    """Open a page that is there: of the page that says it is not, axe would have nothing to say here."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, f"{address}: {answer.status}"


@pytest.mark.parametrize(
    ("language", "width"), [("ja", 360), ("ja", 1280), ("en", 360), ("en", 1280), ("ja-easy", 360), ("ja-kids", 360)]
)
def test_the_public_site(seat: Seat, language: str, width: int) -> None:
    page = seat("home", width=width)
    spoken, found = language.partition("-")[0], []
    for path in PUBLIC:
        visit(page, OPAC + ("" if language == "ja" else f"/{language}") + path)
        expect(page.locator("html")).to_have_attribute("lang", spoken)
        found += offences(page)
    author = page.locator('a[href*="/authorities/"]').first.get_attribute("href")
    visit(page, f"{OPAC}{author}")
    expect(page.locator("html")).to_have_attribute("lang", spoken)
    found += offences(page)
    assert found == []


def test_the_page_for_what_is_not_there(seat: Seat) -> None:
    page = seat("home")
    page.goto(f"{OPAC}/no-such-page/")
    assert offences(page) == []


def test_the_staff_screens(seat: Seat, converged: Converged) -> None:
    page = seat("tb-south")
    visit(page, f"{STAFF}/login/")
    found = offences(page)
    log_in(page, converged)
    for path in STAFF_PAGES:
        visit(page, STAFF + path)
        found += offences(page)
    visit(page, f"{STAFF}/catalogue/authorities/?q=%E5%A4%AA%E5%AE%B0")
    heading = page.locator('main a[href*="/catalogue/authorities/"]:not([href$="/new/"])').first.get_attribute("href")
    visit(page, f"{STAFF}{heading}")
    found += offences(page)
    page.goto(f"{STAFF}/lend/")
    page.keyboard.type(card_number(converged))
    page.keyboard.press("Enter")
    expect(page.locator(".person-card .number")).to_be_visible()
    found += offences(page)
    assert found == []
