"""The record of a proof: what a machine finds in each format, and that it is the same in all of them."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from xml.etree import ElementTree as Tree

import jsonschema
import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.evidence import Analysis, Sources, record
from shoko.proof.formats import as_json, as_junit, as_lines
from shoko.proof.prove import prove_site

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "schema" / "proof.schema.json").read_text())
WHOLE = jsonschema.Draft202012Validator(SCHEMA)
LINE = jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/line"})
BY_HAND = 'odd "name" \x1b[31m <&>'


@pytest.fixture(scope="module")
def museum():
    declaration = declared(ROOT / "inventories" / "museum")
    return declaration, rendered.listings(declaration)


@pytest.fixture(scope="module")
def made(museum):
    """A proof with a host of each kind: proven, two with differences, one that could not be read."""
    declaration, listings = museum
    changed = json.loads(json.dumps(listings))
    opened = next(item["rule"] for item in changed["fw1"]["nftables"] if item.get("rule", {}).get("chain") == "forward")
    opened.update(expr=[{"accept": None}], comment=BY_HAND)
    changed["srv2"]["nftables"] = [{"metainfo": {"version": "1.0.6"}}]
    changed["srv1"] = "cannot be read: no route"
    analysis = Analysis(tuple(prove_site(declaration, changed)), None, Sources("running", changed, listings))
    return record(declaration, analysis, None, datetime.now(UTC))


def of(made, host):
    return next(one for one in made["hosts"] if one["host"] == host)


def test_the_record_is_of_its_schema_in_json_and_line_by_line(made, museum):
    declaration, listings = museum
    analysis = Analysis(tuple(prove_site(declaration, listings)), None, Sources("rendered", {}, listings))
    before = record(declaration, analysis, None, datetime.now(UTC))
    for page in (made, before):
        WHOLE.validate(json.loads(as_json(page)))
        for line in as_lines(page).splitlines():
            LINE.validate(json.loads(line))
    assert before["result"] == "proven"
    with pytest.raises(jsonschema.ValidationError):
        WHOLE.validate({**made, "more": 1})


def test_the_record_says_what_was_proven_of_what(made, museum):
    declaration, _listings = museum
    assert list(made)[:6] == ["format", "proof", "site", "declaration_digest", "judged", "result"]
    assert (made["site"], made["declaration_digest"]) == (declaration.key, declaration.digest)
    assert made["result"] == "counterexample"
    assert {one["host"]: one["result"] for one in made["hosts"]} == {
        **dict.fromkeys(declaration.hosts, "proven"),
        "fw1": "counterexample", "srv2": "counterexample", "srv1": "unproved",
    }  # fmt: skip
    for host in made["hosts"]:
        if host["result"] == "proven":
            assert host["equal"] == {"text": True, "sets": True}
            assert host["running"]["digest"] == host["rendered"]["digest"]
            assert [one["path"] for one in host["paths"]] == ["input", "forward", "output"]
            assert host["paths"][0]["accepted_boxes"] > 0 < host["paths"][0]["expected_boxes"]
    assert of(made, "fw1")["equal"] == {"text": False, "sets": False}
    assert of(made, "srv1")["equal"] == {"text": None, "sets": None}
    assert of(made, "srv1")["running"]["missing"] == "cannot be read: no route"


def test_a_finding_has_its_packet_in_fields_and_in_bytes_and_the_rule(made):
    found = next(one for one in of(made, "fw1")["findings"] if one["kind"] == "passes")
    data, packet = bytes.fromhex(found["bytes"]), found["packet"]
    assert data[0] >> 4 == packet["family"]
    ends, proto = ((12, 16, 20), 9) if packet["family"] == 4 else ((8, 24, 40), 6)
    assert str(ip_address(data[ends[0] : ends[1]])) == packet["saddr"]
    assert str(ip_address(data[ends[1] : ends[2]])) == packet["daddr"]
    assert data[proto] == packet["proto"]
    assert (found["rule"]["table"], found["rule"]["chain"], found["rule"]["verdict"]) == ("shoko", "forward", "accept")
    assert (found["rule"]["comment"], found["rule"]["handle"] > 0) == (BY_HAND, True)
    flushed = next(one for one in of(made, "srv2")["findings"] if one["kind"] == "default")
    assert (flushed["packet"], flushed["bytes"], flushed["rule"]) == (None, None, None)


def test_each_line_stands_alone(made):
    lines = [json.loads(line) for line in as_lines(made).splitlines()]
    kinds = [line["record"] for line in lines]
    findings = sum(len(one["findings"]) for one in made["hosts"])
    assert (kinds[0], kinds.count("host"), kinds.count("finding")) == ("run", len(made["hosts"]), findings)
    assert {line["declaration_digest"] for line in lines} == {made["declaration_digest"]}
    assert all(line["host"] for line in lines[1:])


def test_junit_has_a_case_for_each_path_of_each_host(made):
    suites = Tree.fromstring(as_junit(made))  # noqa: S314 - our own
    cases = suites.findall("testsuite/testcase")
    assert len(cases) == int(suites.get("tests")) == 3 * len(made["hosts"])
    failed = {(one.get("classname"), one.get("name")) for one in cases if one.find("failure") is not None}
    assert failed == {
        (f"museum.{host['host']}", one["path"]) for host in made["hosts"] for one in host["findings"]
    }  # fmt: skip
    assert int(suites.get("failures")) == len(failed)
    errors = [one.get("classname") for one in cases if one.find("error") is not None]
    assert errors == ["museum.srv1"] * 3
    assert int(suites.get("errors")) == 3
    text = next(one.find("failure").text for one in cases if one.get("classname") == "museum.fw1" and len(one))
    assert "bytes: 45" in text
    assert 'odd "name" \ufffd[31m <&>' in text, "what XML cannot hold is replaced, the rest is kept"


def test_a_host_that_differs_and_is_unproved_in_part_is_both(made):
    host = {**of(made, "fw1"), "unproved": ["routes: cannot be read"]}
    (suite,) = Tree.fromstring(as_junit({**made, "hosts": [host]}))  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "1")
