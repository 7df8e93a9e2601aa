"""The diagram as Chromium draws it: no text over text, no arrow through text, nothing off the page, readable on A4."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from drawn import CHROMIUM, doubtful, site
from playwright.sync_api import Playwright

from shoko.topology.diagram import draw
from shoko.topology.words import Language

NAMES = ("lab", "museum", "wide", "doubtful")
MILLIMETRES = 297 / 1485  # of a pixel, where the page is 1485 wide
SMALLEST = 5.0  # points, of text on A4
BOXES = """root => {
  const box = e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
  const shown = list => [...list].filter(e => !e.closest('defs'));
  return {
    texts: shown(root.querySelectorAll('text')).map(e => ({
      said: e.textContent, box: box(e), row: e.closest('.flow')?.dataset.flow ?? null,
      size: parseFloat(e.getAttribute('font-size')) * e.getScreenCTM().a,
      grounded: [...(e.parentNode.querySelectorAll('.ground, circle'))].some(g => {
        const [a, b] = [box(g), box(e)];
        return a[0] <= b[0] + 1 && a[2] >= b[2] - 1 && e.compareDocumentPosition(g) & 2;
      }),
    })),
    lines: shown(root.querySelectorAll('.flow path')).map(e => ({box: box(e), row: e.closest('.flow').dataset.flow})),
  };
}"""


def overlap(one: list[float], other: list[float], slack: float = 1.0) -> bool:
    """True if two boxes share more than an edge."""
    return all(
        min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis]) > slack
        for axis in (0, 1)
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(driver: Playwright) -> dict[tuple[str, str], dict[str, Any]]:
    """What stands where, for each site and language."""
    found = {}
    with driver.chromium.launch(executable_path=CHROMIUM) as browser:
        page = browser.new_page(viewport={"width": 1485, "height": 1050})
        for name in NAMES:
            declaration = site("lab" if name == "doubtful" else name)
            proof = doubtful(declaration) if name == "doubtful" else None
            for language in ("ja", "en"):
                drawing = draw(declaration, language, proof).partition("?>")[2]
                page.set_content(f"<style>* {{ margin: 0 }} svg {{ width: 1485px; height: 1050px }}</style>{drawing}")
                found[name, language] = page.locator("svg").first.evaluate(BOXES)
    return found


SITES = [(name, language) for name in NAMES for language in ("ja", "en")]


@pytest.mark.parametrize("drawn", SITES, ids="-".join)
def test_no_text_lies_over_another(measured: dict[Any, Any], drawn: tuple[str, Language]) -> None:
    texts = measured[drawn]["texts"]
    assert len(texts) > 60
    # A line's box is higher than its letters: those of two lines may touch.
    both = [
        (one["said"], other["said"]) for one, other in combinations(texts, 2) if overlap(_letters(one), _letters(other))
    ]
    assert both == []


@pytest.mark.parametrize("drawn", SITES, ids="-".join)
def test_no_arrow_runs_through_text(measured: dict[Any, Any], drawn: tuple[str, Language]) -> None:
    page = measured[drawn]
    assert page["lines"]
    struck = [
        (text["said"], line["row"])
        for text in page["texts"]
        for line in page["lines"]
        if not text["grounded"] and overlap(_letters(text), _inked(line["box"]), 0.0)
    ]
    assert struck == []


@pytest.mark.parametrize("drawn", SITES, ids="-".join)
def test_all_text_is_on_the_page_and_large_enough(measured: dict[Any, Any], drawn: tuple[str, Language]) -> None:
    for text in measured[drawn]["texts"]:
        left, top, right, bottom = text["box"]
        assert left >= 0 and top >= 0 and right <= 1485 and bottom <= 1050, text["said"]  # noqa: PT018 - one box
        if drawn[0] != "wide":
            assert text["size"] * MILLIMETRES / 25.4 * 72 >= SMALLEST, text["said"]


def _letters(text: dict[str, Any]) -> list[float]:
    left, top, right, bottom = text["box"]
    rest = (bottom - top) * 0.2
    return [left, top + rest, right, bottom - rest]


def _inked(box: list[float]) -> list[float]:
    """A horizontal line has no height as a box: its stroke has."""
    left, top, right, bottom = box
    return [left, min(top, (top + bottom) / 2 - 1), right, max(bottom, (top + bottom) / 2 + 1)]
