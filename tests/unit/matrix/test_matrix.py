"""The page of who may open what to whom: what stands in its cells, and what a proof adds."""

import json
import re
from pathlib import Path

import pytest

from shoko.cli import main
from shoko.declaration import load
from shoko.matrix.cells import cells
from shoko.matrix.page import page
from shoko.matrix.proofs import read
from shoko.proof.expected.permissions import permissions

ROOT = Path(__file__).parents[3]
LAB = ROOT / "inventories" / "lab"


@pytest.fixture(scope="module")
def lab():
    return load(LAB)


def proof(declaration, **more):
    finding = {
        "kind": "passes", "meaning": "passes, and no flow permits it", "path": "forward", "flow": None, "detail": None,
        "packet": {"saddr": "10.10.41.21", "daddr": "192.0.2.2", "proto": 6, "dport": 443},
        "steps": [{"rule": 'table inet shoko chain forward handle 9 "<by hand>"', "verdict": "accept"}],
    }  # fmt: skip
    host = {"host": "fw1", "kernel": "6.18", "result": "counterexample", "unproved": [], "findings": [finding]}
    other = {"host": "db1", "kernel": None, "result": "proven", "unproved": [], "findings": []}
    return {
        "site": declaration.key,
        "declaration_digest": declaration.digest,
        "result": "counterexample",
        "hosts": [host, other],
    } | more


def written(tmp_path, content):
    file = tmp_path / "proof.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize("site", ["lab", "museum"])
def test_the_open_cells_are_those_of_the_independent_reading(site):
    declaration = load(ROOT / "inventories" / site)
    zone = {name: segment.zone for name, segment in declaration.segments.items()}
    expected = {(zone[one.source.segment], zone[one.destination.segment], one.flow) for one in permissions(declaration)}
    outside_lines = {segment.zone for segment in declaration.segments.values() if segment.own_uplink}
    found = {
        (*pair, carried.flow)
        for pair, cell in cells(declaration).items()
        for carried in cell.carried
        if not outside_lines & set(pair)
    }
    assert found == expected


def test_a_patron_may_what_the_internet_may(lab):
    found = cells(lab)
    for zone in lab.zones:
        if zone != "patron":
            assert found["patron", zone].carried == found["internet", zone].carried
    assert [one.flow for one in found["patron", "dmz"].carried] == ["citizen"]


def test_what_is_kept_apart_is_denied_by_four_layers(lab):
    assert cells(lab)["business", "data"].layers == ("vlan", "gateway", "sender", "receiver")
    assert cells(lab)["internet", "business"].layers == ("vlan", "gateway", "receiver")
    assert cells(lab)["data", "data"].layers == ("sender", "receiver")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_takes_nothing_from_outside_and_has_every_pair(lab, language):
    text = page(lab, language)
    assert not re.search(r"(?:src|href|url)\s*[=(]", text)
    assert text.count(" popover id=") == len(lab.zones) ** 2
    assert f'<html lang="{language}">' in text
    assert lab.digest in text


def test_a_difference_marks_its_cell_and_no_other(lab, tmp_path):
    text = page(lab, "en", read(lab, written(tmp_path, proof(lab))))
    assert text.count('class="shut differs"') + text.count('class="open differs"') == 1
    assert "&lt;by hand&gt;" in text, "what a host says is text, never markup"
    assert "1 / 2" in text


def test_a_proof_of_another_declaration_marks_nothing_and_says_so(lab, tmp_path):
    text = page(lab, "en", read(lab, written(tmp_path, proof(lab, declaration_digest="0" * 64))))
    assert "of another declaration" in text
    assert "differs" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no result of `shoko prove --json`"),
        ("[1]", "no result of `shoko prove --json`"),
        ({"site": "lab"}, "no result of `shoko prove --json`"),
        ({"site": "elsewhere"}, "a proof of elsewhere, not of lab"),
    ],
)
def test_what_is_no_proof_gets_one_line_and_writes_nothing(content, said, tmp_path, capsys):
    target = tmp_path / "page.html"
    given = ["--proof", str(written(tmp_path, content))]
    assert main(["matrix", "-i", str(LAB), "--html", str(target), *given]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not target.exists()


def test_a_file_that_cannot_be_written_gets_one_line(tmp_path, capsys):
    assert main(["matrix", "-i", str(LAB), "--html", str(tmp_path / "no" / "page.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
