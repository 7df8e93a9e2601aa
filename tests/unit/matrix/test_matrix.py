"""The page of who may open what to whom: what stands in its cells, and what a proof adds."""

import json
import re
from itertools import product
from pathlib import Path

import pytest

from shoko.cli import main
from shoko.declaration import load
from shoko.matrix.cells import cells
from shoko.matrix.layers import layers
from shoko.matrix.page import page
from shoko.matrix.rules import rules
from shoko.policy.expand import expand
from shoko.policy.rules import inputs, outputs, pairs
from shoko.proof.expected.permissions import permissions
from shoko.proof.kept import read

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
    finding["packet"] |= {"family": 4}
    finding |= {"bytes": "4500", "rule": None}
    host = {"host": "fw1", "kernel": "6.18", "result": "counterexample", "unproved": [], "findings": [finding]}
    other = {"host": "db1", "kernel": None, "result": "proven", "unproved": [], "findings": []}
    return {
        "format": 2,
        "judged": "running",
        "site": declaration.key,
        "ended": "2026-11-28T11:20:11Z",
        "composed": None,
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


def single(hosts, chain, rule):
    """A rule as the single ways that it lets through."""
    ends = product(rule["sources"], rule["destinations"], rule["ports"])
    return {(host, chain, rule["flow"], rule["protocol"], *end) for host in hosts for end in ends}


@pytest.mark.parametrize("site", ["lab", "museum"])
def test_the_rules_of_all_cells_together_are_those_of_all_hosts(site):
    declaration = load(ROOT / "inventories" / site)
    passes = expand(declaration)
    told = set()
    for cell in cells(declaration).values():
        for carried in cell.carried:
            told |= {
                way for hop in rules(declaration, carried.passes) for way in single(hop.hosts, hop.chain, hop.rule)
            }
    rendered = set()
    for host in declaration.hosts:
        for chain, made in (("output", outputs), ("input", inputs)):
            rendered |= {way for rule in made(declaration, passes, host) for way in single([host], chain, rule)}
    for pair in pairs(declaration, passes):
        rendered |= {way for rule in pair["rules"] for way in single(declaration.gateways.hosts, pair["chain"], rule)}
    assert told == rendered


def test_a_proof_leaves_unproved_what_a_host_enforces_that_it_did_not_see(lab, tmp_path):
    text = page(lab, "en", read(lab, written(tmp_path, proof(lab))))  # of fw1 and db1 alone
    assert "cells without a mark are proven" in text
    assert text.count(" unsure") >= len(lab.zones) ** 2 - 1, "fw2 stands at every cell"


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


def whole(declaration, **dynamic):
    """A proof of the whole site that found a way through it, and what packets showed."""
    hosts = [
        {"host": name, "kernel": "6.18", "result": "proven", "unproved": [], "findings": []}
        for name in declaration.hosts
    ]
    packet = {"saddr": "10.10.61.21", "daddr": "10.10.50.11", "proto": 6, "dport": 22}
    stage = {"host": "fw2", "path": "forward", "passes": True, "steps": [{"rule": "rule 7", "verdict": "accept"}]}
    crossing = {
        "kind": "passes", "meaning": "gets through, and no flow permits it", "flow": None, "packet": packet,
        "bytes": "45", "from": "ti-central info-central", "through": "fw2", "to": "db1 data", "stages": [stage],
        "more": 0,
    }  # fmt: skip
    sentence = {"sentence": "data-only-by-ils", "result": "broken", "packet": packet, "bytes": "45"}
    composed = {
        "missing": [], "crossings": [crossing], "gateways": [], "sentences": [sentence],
        "layers": {"zones": [
            {"from": "business", "to": "data", "layers": {"vlan": "all", "gateway": "none", "route": "part"}},
        ]},
    }  # fmt: skip
    return proof(declaration, hosts=hosts, composed=composed, **dynamic)


def test_a_proof_of_rules_that_do_not_run_yet_is_called_that(lab, tmp_path):
    assert "not of those that run" in page(lab, "en", read(lab, written(tmp_path, whole(lab, judged="rendered"))))
    assert "not of those that run" not in page(lab, "en", read(lab, written(tmp_path, whole(lab))))


def test_a_whole_way_through_the_site_is_red_with_its_rule_and_the_broken_sentence(lab, tmp_path):
    kept = read(lab, written(tmp_path, whole(lab)))
    assert {one.pair for one in kept.differences} == {("information", "data")}
    text = page(lab, "en", kept)
    assert text.count(" differs") >= 1
    assert "together: 10.10.61.21 → 10.10.50.11 tcp/22: passes, and no flow permits it — rule 7" in text
    assert "breaks the sentence data-only-by-ils" in text


def test_the_layers_that_the_proof_found_stand_beside_those_that_are_claimed(lab, tmp_path):
    kept = read(lab, written(tmp_path, whole(lab)))
    rows = {row["name"]: row for row in layers(cells(lab)["business", "data"], kept, "en")}
    assert (
        rows["separate VLANs"] | {"extent": "denies all", "claimed": True, "lacking": False} == rows["separate VLANs"]
    )
    assert rows["the gateways' forward rules"]["lacking"], "it is claimed, and denies nothing"
    assert not rows["the sender's routes"]["claimed"]
    assert rows["the sender's own output rules"]["extent"] == ""


def test_packets_that_were_sent_are_counted_and_mark_their_cell(lab, tmp_path):
    path = {
        "suite": "path", "at": "fw1", "unproved": ["the sink did not answer"], "sent": 1000, "passed": 10,
        "dropped": 989, "unaccounted": 1,
        "findings": [{
            "kind": "passes", "meaning": "passed, and no flow permits it", "where": "fw1", "bytes": "45", "flow": None,
            "packet": "tcp fd5e:c0:0:61::21#40000 -> fd5e:c0:0:50::11#22, new", "steps": [], "detail": None,
        }],
    }  # fmt: skip
    attempt = {
        "layers": ["vlan", "gateway"], "without": {"vlan": "gateway", "gateway": "reached"},
        "alone": {"vlan": "vlan", "gateway": "gateway"},
    }  # fmt: skip
    cell = {"source": "business.central", "destination": "data.servers", "attempts": [attempt, attempt]}
    removal = path | {"suite": "layers", "findings": [], "unproved": [], "cells": [cell]}
    kept = read(lab, written(tmp_path, whole(lab, dynamic={"suites": [path, removal]})))
    assert ("information", "data") in {one.pair for one in kept.differences if one.path == "path"}
    assert kept.packets.sent == 2000
    assert kept.packets.unaccounted == 2
    assert ("path fw1", "the sink did not answer") in kept.unproved
    rows = {row["name"]: row for row in layers(cells(lab)["business", "data"], kept, "en")}
    assert (rows["separate VLANs"]["removed"], rows["separate VLANs"]["alone"]) == ("2 / 2", "2 / 2")
    assert rows["the gateways' forward rules"]["removed"] == "0 / 2"
    assert "2,000 sent" in page(lab, "en", kept)


def test_a_proof_of_another_declaration_marks_nothing_and_says_so(lab, tmp_path):
    text = page(lab, "en", read(lab, written(tmp_path, proof(lab, declaration_digest="0" * 64))))
    assert "of another declaration" in text
    assert "differs" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no result of `shoko prove --static --json`"),
        ("[1]", "no result of `shoko prove --static --json`"),
        ({"site": "lab"}, "no result of `shoko prove --static --json`"),
        ({"site": "lab", "format": 1}, "run shoko prove again"),
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
