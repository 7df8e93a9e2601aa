"""All enforcing points together: proven as declared; a packet that gets through or does not is shown with its way."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as Tree

import jsonschema
import pytest

from shoko.declaration.load import load as declared
from shoko.policy import slices
from shoko.proof import rendered, running
from shoko.proof.composed.compose import compose
from shoko.proof.composed.report import lines, table
from shoko.proof.evidence import Analysis, Sources, record
from shoko.proof.expected.ends import ends
from shoko.proof.expected.permissions import permissions
from shoko.proof.formats import as_json, as_junit, as_lines
from shoko.proof.prove import prove_host, prove_site

from .made import dropped, pages, port, seen

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def museum():
    declaration = declared(ROOT / "inventories" / "museum")
    return declaration, pages(declaration, rendered.listings(declaration))


@pytest.fixture(scope="module")
def lab(observed_lab):
    """The lab as observed, with the proofs of its rulesets."""
    declaration, made = observed_lab
    return declaration, made, prove_site(declaration, running.listings(seen(made)))


def composed_lab(lab, made):
    """The proof of the lab with some pages changed; rulesets that were not are not judged once more."""
    declaration, before, proofs = lab
    observations = seen(made)
    listings, every = running.listings(observations), permissions(declaration)
    proofs = [
        one if made[one.host] is before[one.host] else prove_host(declaration, every, one.host, listings[one.host])
        for one in proofs
    ]
    return compose(declaration, proofs, observations)


def changed(lab, *hosts):
    """The pages of the lab, with those of some hosts free to be changed."""
    return {host: deepcopy(page) if host in hosts else page for host, page in lab[1].items()}


PORT_9999 = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 9999}}


def by_hand(page, chain, *matches):
    """Put a rule at the head of a chain that accepts what matches."""
    rules = page["ruleset"]["nftables"]
    first = next(i for i, one in enumerate(rules) if one.get("rule", {}).get("chain") == chain)
    rule = {**rules[first]["rule"], "expr": [*matches, {"accept": None}], "comment": "by hand"}
    rules.insert(first, {"rule": rule})


def told(proofs):
    """What is wrong, by host, in the words of the report."""
    return {
        one.host: [*(found.detail for found in one.findings), *one.unproved]
        for one in proofs
        if one.findings or one.unproved
    }


def test_a_converged_museum_is_proven_from_end_to_end(museum):
    declaration, made = museum
    observations = seen(made)
    proofs = prove_site(declaration, running.listings(observations))
    judged, composed = compose(declaration, proofs, observations)
    assert told(judged) == {}
    assert not composed.differs
    assert composed.missing == ()
    assert set(map(composed.of_sentence, composed.sentences)) == {"holds"}
    assert composed.ways > len(declaration.hosts)


def test_a_converged_lab_is_proven_from_end_to_end(lab):
    proofs, composed = composed_lab(lab, lab[1])
    assert told(proofs) == {}
    assert not composed.differs
    assert composed.missing == ()
    assert set(map(composed.of_sentence, composed.sentences)) == {"holds"}
    assert {one.segment for one in ends(lab[0])} >= {"internet.line", "business.central", "maintenance.vpn"}


def test_rendered_rulesets_are_composed_over_declared_routes_and_vlans(lab):
    _proofs, composed = compose(lab[0], lab[2], None)
    assert not composed.differs
    assert "routes and switch are no part" in next(lines(composed))
    assert all({"vlan", "route"}.isdisjoint(cell.layers) for cell in composed.segments)


def test_what_is_denied_is_denied_by_several_layers(lab):
    _proofs, composed = composed_lab(lab, lab[1])
    zones = {(cell.source, cell.destination): cell.layers for cell in composed.zones}
    assert zones["webopac", "data"] == dict.fromkeys(("vlan", "gateway", "sender", "route", "receiver"), "all")
    # Devices that nobody declared may stand in the business zone: no rules of ours bind them.
    assert zones["business", "data"]["sender"] == "part"
    assert zones["internet", "data"] == {"vlan": "all", "gateway": "all", "receiver": "all"}
    # Inside one segment the hosts' own rules are all there is.
    assert zones["data", "data"] == {"sender": "all", "receiver": "all"}
    assert zones["dmz", "data"]["route"] == "none", "the proxies have a default route"
    assert any(line.split() == ["data", "internet", "all", "all", "all", "all"] for line in table(composed))


def test_an_opened_rule_is_told_to_end_nowhere_or_to_reach_somebody(lab):
    made = changed(lab, "db1", "app1")
    for host, chain in (("db1", "input"), ("app1", "output")):
        by_hand(made[host], chain, PORT_9999)
    proofs, composed = composed_lab(lab, made)
    assert set(told(proofs)) == {"db1", "app1"}
    assert composed.crossings == (), "the gateways let neither through"
    cells = {(cell.source, cell.destination): cell.layers for cell in composed.segments}
    assert cells["business.servers", "data.servers"]["receiver"] == "part"
    assert cells["business.servers", "data.servers"]["gateway"] == "all"


def test_a_packet_that_passes_every_layer_is_shown_with_its_whole_way(lab):
    made = changed(lab, "db1", "app1", "fw1")
    for host, chain in (("db1", "input"), ("app1", "output"), ("fw1", "forward")):
        by_hand(made[host], chain, PORT_9999)
    _proofs, composed = composed_lab(lab, made)
    said = "\n".join(lines(composed))
    assert "from app1/business through fw1 to db1/data" in said
    one = next(one for one in composed.crossings if one.way.sender.host == "app1" and one.way.receiver.host == "db1")
    assert [(stage.host, stage.path, stage.passes) for stage in one.stages] == [
        ("app1", "output", True),
        ("fw1", "forward", True),
        ("db1", "input", True),
    ]
    assert all('"by hand"' in stage.steps[-1].rule for stage in one.stages)
    assert "fw1 and fw2 are not equal" in said
    assert composed.differs


def test_a_sentence_that_what_runs_breaks_is_told_with_its_packet(lab):
    made = changed(lab, "fw1", "fw2")
    for host in ("fw1", "fw2"):
        by_hand(made[host], "forward")
    _proofs, composed = composed_lab(lab, made)
    assert composed.of_sentence("business-not-out") == "broken"
    assert composed.of_sentence("data-not-out") == "holds", "the databases' own rules hold"
    assert "expect business-not-out: BROKEN" in "\n".join(lines(composed))


def test_a_host_that_is_unproved_leaves_its_ways_and_the_sentences_unproved(lab):
    proofs, composed = composed_lab(lab, {**lab[1], "db1": "cannot be read: no route"})
    assert list(told(proofs)) == ["db1"]
    assert composed.missing == ("db1",)
    assert not composed.crossings
    assert set(map(composed.of_sentence, composed.sentences)) == {"unproved"}


def test_some_hosts_alone_are_not_composed(lab):
    proofs = [one for one in lab[2] if one.host == "db1"]
    assert compose(lab[0], proofs, seen({"db1": lab[1]["db1"]}))[1] is None


def test_a_flow_that_a_missing_route_breaks_is_shown_to_end_there(lab):
    made = changed(lab, "fw1")
    dropped(made["fw1"], "4", "10.10.50.0/24")
    _proofs, composed = composed_lab(lab, made)
    one = next(one for one in composed.crossings if one.flow == "ils-to-data")
    assert (one.kind, one.way.gateway, one.stages[-1].host, one.stages[-1].path) == ("blocked", "fw1", "fw1", "routes")


def test_a_retagged_port_cuts_its_flows_and_takes_the_vlan_layer_away(lab):
    made = changed(lab, "sw1")
    port(made["sw1"], "db1.data", tag=41)
    _proofs, composed = composed_lab(lab, made)
    cells = {(cell.source, cell.destination): cell.layers for cell in composed.segments}
    assert cells["business.central", "data.servers"]["vlan"] == "part"
    assert cells["business.south", "data.servers"]["vlan"] == "all"
    assert any(one.kind == "blocked" and one.flow == "ils-to-data" for one in composed.crossings)
    assert all(one.kind == "blocked" for one in composed.crossings), "the databases' own rules hold"


def test_an_open_window_may_pass_and_its_lasting_element_is_shown(lab):
    made = changed(lab, "bas1", "fw1", "fw2")
    (window,) = [one["ipv4"][0] for one in slices(lab[0])["bas1"]["firewall"]["windows"]]
    for life, kinds in (({"timeout": 3600, "expires": 3599}, set()), ({}, {"passes"})):
        for host in ("bas1", "fw1", "fw2"):
            for item in made[host]["ruleset"]["nftables"]:
                if item.get("set", {}).get("name") == "open4":
                    value = {"concat": window}
                    item["set"]["elem"] = [{"elem": {"val": value, **life}} if life else value]
        _proofs, composed = composed_lab(lab, made)
        assert {one.kind for one in composed.crossings} == kinds


def test_the_record_tells_machines_the_same(lab):
    made = changed(lab, "sw1", "fw1", "fw2")
    port(made["sw1"], "db1.data", tag=41)
    for host in ("fw1", "fw2"):
        by_hand(made[host], "forward")
    proofs, composed = composed_lab(lab, {**made, "mon1": "cannot be read: no route"})
    listings = running.listings(seen(made))
    analysis = Analysis(tuple(proofs), composed, Sources("running", listings, {}))
    page = record(lab[0], analysis, None, datetime.now(UTC))
    schema = json.loads((ROOT / "schema" / "proof.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(as_json(page)))
    each = jsonschema.Draft202012Validator({"$defs": schema["$defs"], "$ref": "#/$defs/line"})
    for line in as_lines(page).splitlines():
        each.validate(json.loads(line))
    together = page["composed"]
    assert (page["result"], together["result"], together["missing"]) == ("counterexample", "counterexample", ["mon1"])
    blocked = next(one for one in together["crossings"] if one["flow"] == "ils-to-data")
    assert blocked["bytes"].startswith("45")
    assert [one["passes"] for one in blocked["stages"]][-1] is False
    junit = Tree.fromstring(as_junit(page))  # noqa: S314 - our own
    suite = next(one for one in junit if one.get("name") == "together")
    assert int(suite.get("failures")) >= 2
    assert int(suite.get("errors")) >= 1
