"""Chromium at a citizen's home and at a counter of the lab that `SHOKO_LAB_ID` names, trusting the site's root only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Playwright, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
from converged import Converged

from shoko.lab.browser import wrapper
from shoko.lab.machines import machine

PUBLIC, STAFF = "https://opac.library.example/", "https://staff.library.example/"
FRONT_DOORS = {"home": PUBLIC, "tb-central": STAFF, "tb-south": STAFF}
PATIENCE = 30_000  # milliseconds: two cores, a whole appliance and a browser
expect.set_options(timeout=PATIENCE)  # it does not ask the page for its patience


@pytest.fixture(scope="session")
def converged() -> Converged:
    """The converged lab."""
    return Converged()


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """Playwright, which drives the machine's own Chromium."""
    with sync_playwright() as running:
        yield running


@pytest.fixture
def seat(
    converged: Converged, driver: Playwright, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Sit down at a host: `seat("home")` gives a page of a browser there."""
    with ExitStack() as ending:
        for parent in [tmp_path, *tmp_path.parents][:-2]:
            parent.chmod(parent.stat().st_mode | 0o011)

        def sit(host: str, width: int = 1280, language: str = "ja-JP") -> Page:
            folder = tmp_path / host
            folder.mkdir(exist_ok=True)
            program = wrapper(
                converged.settings, machine(converged.settings, host), folder, [converged.root_certificate]
            )
            browser = driver.chromium.launch(executable_path=str(program))
            ending.callback(browser.close)
            page = browser.new_context(locale=language, viewport={"width": width, "height": 800}).new_page()
            page.set_default_timeout(PATIENCE)
            page.set_default_navigation_timeout(PATIENCE)
            _when_trust_is_read(page, FRONT_DOORS[host])
            return page

        yield sit


def _when_trust_is_read(page: Page, address: str, seconds: int = 20) -> None:
    """Wait until the browser has read its own certificate store, which Chromium does beside its first requests.

    A certificate that is not trusted stays so: then the last refusal is raised.
    """
    for left in reversed(range(seconds)):
        try:
            page.goto(address)
        except Error as error:
            if "ERR_CERT_AUTHORITY_INVALID" not in str(error) or not left:
                raise
            page.wait_for_timeout(1000)
        else:
            return
