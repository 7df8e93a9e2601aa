"""The diagram is current, self-contained, and shows what is declared."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from shoko.cli import main
from shoko.declaration import Declaration, load
from shoko.proof.differences import Difference
from shoko.proof.kept import Kept
from shoko.topology.arrows import GREY, INK, RED
from shoko.topology.columns import COLORS, tint
from shoko.topology.columns import GREY as OUTSIDE
from shoko.topology.describe import describe
from shoko.topology.diagram import draw
from shoko.topology.lanes import zones_of
from shoko.topology.standing import standings
from shoko.topology.svg import fit, measure, wrap
from shoko.topology.words import Language

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


def test_nothing_is_fetched_and_it_prints_on_a4(declaration: Declaration) -> None:
    text = draw(declaration, "ja")
    without_namespace = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(|@import|<image|<script|<foreignObject", without_namespace)
    root = ElementTree.fromstring(text)  # noqa: S314 - our own output
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    assert width / height == pytest.approx(297 / 210, rel=1e-3)
    assert (root.attrib["width"], root.attrib["height"]) == ("297mm", "210mm")


def arrows(text: str) -> dict[str, ElementTree.Element]:
    """The rows of the flows in a diagram, by what stands in their number."""
    root = ElementTree.fromstring(text)  # noqa: S314 - our own output
    rows = [one for one in root.iter(f"{SVG}g") if one.attrib.get("class") == "flow"]
    found = {one.attrib["data-flow"]: one for one in rows}
    assert len(found) == len(rows), "two arrows of one number"
    return found


def words(row: ElementTree.Element) -> str:
    return " ".join("".join(text.itertext()) for text in row.iter(f"{SVG}text"))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_flow_has_an_arrow_with_its_service_and_reason(declaration: Declaration, language: Language) -> None:
    text = draw(declaration, language)
    rows = arrows(text)
    for flow in declaration.flows.values():
        said = describe(declaration, flow, language)
        if flow.platform:
            assert f"{flow.number} {flow.name} → {said.destination}" in text
            continue
        row = rows.pop(str(flow.number))
        shown = words(row)
        assert said.services in shown, flow.name
        assert said.why in shown, flow.name
        sources, destinations = zones_of(declaration, flow)
        assert len([one for one in row if one.tag == f"{SVG}circle"]) == len(sources), flow.name
        heads = [one for one in row.iter(f"{SVG}path") if one.attrib["d"].endswith("z")]
        assert len(heads) == len(destinations), flow.name
    assert rows == {}


def kept(declaration: Declaration, **more: Any) -> Kept:
    """A proof that found everything as declared."""
    whole: dict[str, Any] = {
        "result": "proven", "digest": declaration.digest, "current": True, "running": True,
        "kernels": ("6.18",), "unproved": (),
        "when": datetime(2026, 11, 28, 20, 15, tzinfo=UTC), "hosts": tuple(declaration.hosts), "differences": (),
    }  # fmt: skip
    whole |= more
    return Kept(proven=frozenset(whole["hosts"]), **whole)


def test_a_proof_tells_of_every_flow_how_it_stands() -> None:
    lab = load(ROOT / "inventories" / "lab")
    blocked = Difference(("fw1",), "forward", "blocked", "…", ("business", "information"), flow="bibliography")
    strange = Difference(("fw2",), "forward", "passes", "…", ("information", "data"), service="tcp/22")
    proof = kept(lab, differences=(blocked, strange), unproved=(("bas1", "did not answer"),))
    found = standings(lab, proof)
    assert {name for name, one in found.items() if one == "differs"} == {"bibliography"}
    # What every host takes part in, the platform's flows, is not proven where one host is not.
    unproved = {name for name, one in found.items() if one == "unproved"}
    assert unproved == {"vendor-maintenance", "manage", "logs", "time", "updates"}
    rows = arrows(draw(lab, "en", proof))
    assert "#check" in ElementTree.tostring(rows["1"], encoding="unicode")
    assert "#question" in ElementTree.tostring(rows["15"], encoding="unicode")
    assert "#cross" in ElementTree.tostring(rows["8"], encoding="unicode")
    assert "differs in reality: fw1" in words(rows["8"])
    assert words(rows["!"]) == "tcp/22 ! passes, and no flow permits it: fw2"
    dashes = {rows[one].find(f"{SVG}path").attrib.get("stroke-dasharray") for one in ("1", "8", "15")}
    assert len(dashes) == 3, "colour alone would tell them apart"
    assert "2026-11-28 20:15 UTC" in draw(lab, "en", proof)


def test_a_host_that_was_not_looked_at_leaves_its_flows_unproved() -> None:
    lab = load(ROOT / "inventories" / "lab")
    found = standings(lab, kept(lab, hosts=tuple(host for host in lab.hosts if host != "fw2")))
    assert found["database-cluster"] == "proven"
    assert found["citizen"] == "unproved"


def test_a_proof_of_another_declaration_proves_no_flow() -> None:
    lab = load(ROOT / "inventories" / "lab")
    proof = kept(lab, current=False)
    assert set(standings(lab, proof).values()) == {"unproved"}
    assert "of another declaration" in draw(lab, "en", proof)


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


@pytest.mark.parametrize("shade", [INK, GREY, RED])
def test_text_and_arrows_can_be_read_in_every_lane(shade: str) -> None:
    for ground in (*COLORS, OUTSIDE):
        light, dark = _luminance(tint(ground, 0.07)), _luminance(shade)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, ground


@pytest.mark.parametrize("shade", [*COLORS, OUTSIDE])
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
