"""The diagram is current, self-contained, and shows what is declared."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from shoko.cli import main
from shoko.declaration import Declaration, load
from shoko.topology.columns import COLORS
from shoko.topology.diagram import draw
from shoko.topology.svg import fit, measure, wrap

ROOT = Path(__file__).parents[3]
SVG = "{http://www.w3.org/2000/svg}"
SITES = ("lab", "museum")


@pytest.fixture(scope="module", params=SITES)
def declaration(request: pytest.FixtureRequest) -> Declaration:
    return load(ROOT / "inventories" / request.param)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_diagram_of_the_readme_is_current(language: str, tmp_path: Path) -> None:
    made = tmp_path / "made.svg"
    assert main(["topology", "-i", str(ROOT / "inventories/lab"), "--svg", str(made), "--lang", language]) == 0
    kept = ROOT / "docs" / "images" / f"topology.{language}.svg"
    assert made.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8"), (
        f"run: shoko topology -i inventories/lab --lang {language} --svg {kept.relative_to(ROOT)}"
    )


def test_every_zone_host_and_vip_is_in_it(declaration: Declaration) -> None:
    text = draw(declaration, "ja")
    root = ElementTree.fromstring(text)  # noqa: S314 - our own output
    shown = [element.text or "" for element in root.iter(f"{SVG}text")]
    for zone in declaration.zones.values():
        assert any(zone.title.ja in line for line in shown), zone.name
    for host in declaration.hosts:
        assert any(host in line for line in shown), host
    for vip in declaration.vips:
        assert any(vip in line for line in shown), vip
    numbers = {str(flow.number) for flow in declaration.flows.values() if not flow.platform}
    assert numbers <= set(shown)


def test_nothing_is_fetched_and_it_prints_on_a4(declaration: Declaration) -> None:
    text = draw(declaration, "ja")
    without_namespace = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(|@import|<image|<script|<foreignObject", without_namespace)
    root = ElementTree.fromstring(text)  # noqa: S314 - our own output
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    assert width / height == pytest.approx(297 / 210, rel=1e-3)
    assert (root.attrib["width"], root.attrib["height"]) == ("297mm", "210mm")


def test_title_and_description_are_there_for_those_who_listen(declaration: Declaration) -> None:
    root = ElementTree.fromstring(draw(declaration, "en"))  # noqa: S314 - our own output
    assert root.attrib["role"] == "img"
    names = {element.attrib.get("id"): element.text for element in root if element.text}
    for name in root.attrib["aria-labelledby"].split():
        assert names[name]
    assert declaration.title.en in (names["title"] or "")


def test_nothing_lies_outside_the_page(declaration: Declaration) -> None:
    root = ElementTree.fromstring(draw(declaration, "ja"))  # noqa: S314 - our own output
    left, top, width, height = (float(part) for part in root.attrib["viewBox"].split())
    drawn = [element for element in root.iter(f"{SVG}rect") if element not in set(root.iter(f"{SVG}defs"))]
    for element in drawn:
        x, y = float(element.attrib["x"]), float(element.attrib["y"])
        assert left <= x
        assert x + float(element.attrib["width"]) <= left + width + 0.2
        assert top <= y
        assert y + float(element.attrib["height"]) <= top + height + 0.2


def _luminance(shade: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(shade[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("shade", COLORS)
def test_white_text_on_zone_colours_can_be_read(shade: str) -> None:
    assert 1.05 / (_luminance(shade) + 0.05) >= 4.5


def test_text_is_made_smaller_then_cut() -> None:
    assert fit("short", 10, 100) == ("short", 10)
    text, size = fit("総合市民図書館", 10, 60)
    assert text == "総合市民図書館"
    assert size < 10
    text, size = fit("総合市民図書館総合市民図書館", 10, 60)
    assert text.endswith("…")
    assert measure(text, size) <= 60


def test_lines_break_after_separators_only() -> None:
    assert wrap("管理ノード・ログ収集・バックアップ", 10, 120) == ["管理ノード・ログ収集・", "バックアップ"]
