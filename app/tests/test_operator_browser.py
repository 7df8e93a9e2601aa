"""A change of operator in a browser: card and PIN, two entries at the keyboard, each of them one form and one page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.at_counter import idle, log_in
from tests.browsing import Service, scan
from tests.operators import CARD, OTHER_CARD, PIN

Asked = Callable[[], list[str]]


@pytest.fixture
def asked(colleagues: None, page: Page, service: Service) -> Asked:
    """Two colleagues at the counter, and what the browser asked for since the last time it was asked here."""
    page.get_by_role("button", name="ログアウト").click()
    log_in(page)
    page.evaluate("addEventListener('pointerdown', () => { throw Error('no hand is at the mouse'); }, true)")

    def since() -> list[str]:
        now, service.asked = service.asked, []
        return [each for each in now if " /static/" not in each]

    since()
    return since


def test_card_and_pin_in_any_scan_field(asked: Asked, page: Page) -> None:
    scan(page, OTHER_CARD)
    expect(page.locator("#id_pin")).to_be_focused()
    expect(page.locator("#id_card")).to_have_value(OTHER_CARD)
    assert asked() == ["POST /lend/", "GET /operator/"]
    scan(page, PIN)
    expect(page.locator(".place")).to_contain_text("区分4")
    expect(page.locator("#scan")).to_be_focused()
    assert asked() == ["POST /operator/", "GET /lend/"]


def test_card_and_pin_at_a_covered_screen(asked: Asked, page: Page, service: Service) -> None:
    """The same person goes on without a page, another one with an empty one."""
    cover = page.locator("dialog.cover")
    for card, level, pages in (CARD, "区分2", []), (OTHER_CARD, "区分4", ["GET /lend/"]):
        idle(page, service)
        expect(cover).to_be_visible()
        asked()
        scan(page, card)
        expect(page.locator("#cover-pin")).to_be_focused()
        assert asked() == []
        scan(page, PIN)
        expect(cover).to_be_hidden()
        expect(page.locator(".place")).to_contain_text(level)
        expect(page.locator("#scan")).to_be_focused()
        assert asked() == ["POST /operator/", *pages]
