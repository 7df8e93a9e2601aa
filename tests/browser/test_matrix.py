"""The matrix page as a person uses it: looks at it, opens a cell with the keyboard, prints it on one sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright
from test_accessible import offences

from shoko.cli import main

SITE = Path(__file__).resolve().parents[2] / "inventories/lab"


@pytest.fixture(params=["ja", "en"])
def matrix(request: pytest.FixtureRequest, driver: Playwright, tmp_path: Path) -> Iterator[Page]:
    """The page of the lab in one language, opened from a file."""
    file = tmp_path / "matrix.html"
    assert main(["matrix", "-i", str(SITE), "--html", str(file), "--lang", request.param]) == 0
    with driver.chromium.launch(executable_path="/usr/bin/chromium") as browser:
        page = browser.new_page(viewport={"width": 1300, "height": 800})
        page.goto(file.as_uri())
        yield page


def test_a_cell_opens_with_the_keyboard_and_tells_its_flows(matrix: Page) -> None:
    section = matrix.locator("#business--information")
    assert not section.is_visible()
    matrix.locator('td button[popovertarget="business--information"]').focus()
    matrix.keyboard.press("Enter")
    assert section.is_visible()
    assert "bibliography" in section.inner_text()
    assert "N-07" in section.inner_text()
    matrix.keyboard.press("Escape")
    assert not section.is_visible()


def test_it_prints_on_one_sheet(matrix: Page) -> None:
    assert matrix.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_nothing_keeps_anybody_from_reading_it(matrix: Page) -> None:
    assert offences(matrix) == []
    matrix.locator('td button[popovertarget="data--data"]').click()
    assert offences(matrix) == []
