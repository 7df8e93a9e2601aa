"""The matrix page as a person uses it: looks at it, opens a cell with the keyboard, prints it on one sheet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn import CHROMIUM, site
from playwright.sync_api import Page, Playwright
from test_accessible import offences

from shoko.declaration import Declaration
from shoko.matrix.page import page as drawn_page
from shoko.proof.kept import read

NARROW = 360
SHEET = b"/Type /Page\n"


def differing(declaration: Declaration, tmp_path: Path, findings: int = 1) -> Path:
    """The result of a proof: fw1 lets through what it should not, so often, and nobody knows about px2."""
    found: list[dict[str, Any]] = [
        {
            "kind": "passes", "meaning": "passes, and no flow permits it", "path": "forward", "flow": None,
            "packet": {"saddr": "10.10.61.21", "daddr": "10.10.50.11", "proto": 6, "dport": 22 + number},
            "steps": [{"rule": 'table inet shoko chain forward handle 451 "by hand"', "verdict": "accept"}],
            "bytes": "450000280001000040063a5b0a0a3d150a0a320b9c400016000000000000000050020000ed340000",
        }
        for number in range(findings)
    ]  # fmt: skip
    hosts: list[dict[str, Any]] = [
        {"host": name, "kernel": "6.18", "result": "proven", "unproved": [], "findings": []}
        for name in declaration.hosts
    ]
    for host in hosts:
        if host["host"] == "fw1":
            host |= {"result": "counterexample", "findings": found}
        elif host["host"] == "px2":
            host |= {"result": "unproved", "unproved": ["did not answer; look whether it runs"] * findings}
    file = tmp_path / "proof.json"
    zones = [
        {"from": one, "to": other, "layers": {"vlan": "all", "gateway": "all", "sender": "all", "receiver": "part"}}
        for one in declaration.zones
        for other in declaration.zones
    ]
    composed = {"missing": [], "crossings": [], "gateways": [], "sentences": [], "layers": {"zones": zones}}
    content = {
        "format": 2, "judged": "running", "composed": composed,
        "site": declaration.key, "declaration_digest": declaration.digest, "result": "counterexample",
        "ended": "2026-11-28T11:20:11Z", "hosts": hosts,
    }  # fmt: skip
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@pytest.fixture
def opened(driver: Playwright, tmp_path: Path) -> Iterator[Any]:
    """Opens a page of a site in a browser: `opened(site, language, proof)`."""
    with driver.chromium.launch(executable_path=CHROMIUM) as browser:

        def page_of(declaration: Declaration, language: Any, proof: Path | None = None) -> Page:
            file = tmp_path / "matrix.html"
            kept = read(declaration, proof) if proof is not None else None
            file.write_text(drawn_page(declaration, language, kept), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1300, "height": 800})
            page.goto(file.as_uri())
            return page

        yield page_of


@pytest.fixture(params=["ja", "en"])
def matrix(request: pytest.FixtureRequest, opened: Any, tmp_path: Path) -> Page:
    """The page of the lab in one language, with a proof that found a difference."""
    lab = site("lab")
    page: Page = opened(lab, request.param, differing(lab, tmp_path))
    return page


def test_a_cell_opens_with_the_keyboard_and_tells_its_flows_and_rules(matrix: Page) -> None:
    section = matrix.locator("#business--data")
    assert not section.is_visible()
    matrix.locator('td button[popovertarget="business--data"]').focus()
    matrix.keyboard.press("Enter")
    assert section.is_visible()
    assert "ils-to-data" in section.inner_text()
    assert "I-11" in section.inner_text()
    assert "6.18" in section.inner_text()
    assert section.locator("table.layers tbody tr").count() == 4
    rules = section.locator("details ol")
    assert not rules.is_visible()
    section.locator("summary").focus()
    matrix.keyboard.press("Enter")
    assert "fw1, fw2 chain business__data: in business, out data: 10.10.40.11" in rules.inner_text()
    matrix.keyboard.press("Escape")
    assert not section.is_visible()


def test_what_differs_is_red_and_says_the_packet_and_the_rule(matrix: Page) -> None:
    red = matrix.locator("td.differs")
    assert red.count() == 1
    assert red.inner_text() == "・!", "by a sign, not by colour alone"
    matrix.locator("ul.listed button").first.click()
    said = matrix.locator("#information--data").inner_text()
    assert "10.10.61.21 → 10.10.50.11 tcp/22" in said
    assert 'handle 451 "by hand"' in said
    # Nobody knows about px2: every cell of its zones is unproved, none of the others.
    unsure = matrix.locator("td.unsure button").all()
    assert len(unsure) == 18
    assert all("information" in str(one.get_attribute("popovertarget")) for one in unsure)


@pytest.mark.parametrize("findings", [1, 9])
@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", ["lab", "museum", "wide"])
def test_it_prints_on_one_sheet(opened: Any, tmp_path: Path, name: str, language: str, findings: int) -> None:
    declaration = site(name)
    proof = None if name == "museum" else differing(declaration, tmp_path, findings)
    page = opened(declaration, language, proof)
    assert page.pdf(prefer_css_page_size=True).count(SHEET) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1054, "height": 725})  # A4 without its margins, at 96 a inch
    assert page.evaluate("[...document.querySelectorAll('td button')].filter(e => e.scrollWidth > e.clientWidth)") == []


def test_on_a_telephone_only_the_table_moves_sideways(matrix: Page) -> None:
    matrix.set_viewport_size({"width": NARROW, "height": 740})
    assert matrix.evaluate("document.documentElement.scrollWidth") == NARROW
    matrix.evaluate("document.querySelector('.scroll').scrollLeft = 300")
    first = matrix.locator("tbody th").first.bounding_box()
    assert first is not None
    assert 0 <= first["x"] < 20, "the row's name stays where it is"
    matrix.locator('td button[popovertarget="information--data"]').click()
    assert matrix.evaluate("document.documentElement.scrollWidth") == NARROW
    section = matrix.locator("#information--data").bounding_box()
    assert section is not None
    assert section["x"] >= 0
    assert section["x"] + section["width"] <= NARROW
    assert matrix.locator("#information--data").evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("width", [NARROW, 1300])
def test_nothing_keeps_anybody_from_reading_it(matrix: Page, width: int) -> None:
    matrix.set_viewport_size({"width": width, "height": 800})
    assert offences(matrix) == []
    for cell in ("data--data", "information--data"):
        matrix.locator(f'td button[popovertarget="{cell}"]').click()
        matrix.locator(f"#{cell} summary").evaluate_all("all => all.forEach(one => one.click())")
        assert offences(matrix) == []
        matrix.keyboard.press("Escape")
