"""What the path suite says: what is wrong about a packet, how findings are put together, exit codes, both reports."""

import json
from pathlib import Path

import pytest

from shoko.cli import main
from shoko.proof.compare import Step
from shoko.proof.dynamic.bench import Gate
from shoko.proof.dynamic.found import Found, wrong
from shoko.proof.dynamic.report import lines, record, verdict
from shoko.proof.dynamic.result import Counts, Finding, SuiteResult
from shoko.proof.report import worst


@pytest.mark.parametrize(
    ("passed", "must", "may", "let", "kind"),
    [
        (True, True, True, True, None),
        (False, False, False, False, None),
        (True, False, False, True, "passes"),
        (True, False, False, False, "passes"),
        (False, True, True, False, "blocked"),
        (False, True, True, True, "blocked"),
        (True, False, True, False, "model"),
        (True, True, True, False, "model"),
        (False, False, False, True, "model"),
        (True, False, True, True, None),  # a window is open
    ],
)
def test_a_packet_is_held_against_declaration_and_analysis(passed, must, may, let, kind):
    assert wrong(passed, must, may, let) == kind


class Judge:
    """A judge who blames one rule for everything."""

    gate = Gate("fw9", Path(), {})

    def steps(self, packet):
        return (Step(f"rule {packet['dport'] // 100}", "accept"),)

    def flow(self, packet):
        return ""

    def words(self, packet):
        return f"packet to {packet['dport']}"


def test_one_slip_is_one_finding_however_many_packets_show_it():
    found = Found(Judge())
    for port in (100, 101, 102, 200):
        found.add("passes", {"dport": port, "iif": 1, "oif": 2}, b"\1", True)
    first, second = found.findings()
    assert (first.what, second.what) == ("packet to 100", "packet to 200")
    assert "3 packets" in first.detail
    assert first.where == "fw9"


FOUND = Finding("passes", "fw9", "a packet", b"\xca\xfe", (Step("table t", "accept"),), "", "why")


def result(sent=10, seen=10, findings=(), unproved=()):
    return SuiteResult("every port", "fw9", Counts(sent, seen, 1, seen - 1), list(findings), list(unproved))


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result()], 0),
        ([result(), result(findings=[FOUND])], 1),
        ([result(unproved=["lost"]), result(findings=[FOUND])], 1),
        ([result(), result(unproved=["lost"])], 2),
        ([result(seen=9)], 2),
        ([], 2),
    ],
)
def test_only_what_is_whole_counts_as_proven(results, code):
    assert verdict(results) == code
    assert record(results)["result"] == {0: "proven", 1: "counterexample", 2: "unproved"}[code]


def test_a_counterexample_counts_most_then_what_is_unproved():
    assert [worst(codes) for codes in ([0], [0, 2], [2, 1], [0, 1])] == [0, 2, 1, 1]


def test_both_reports_show_packet_bytes_and_rule():
    results = [result(findings=[FOUND])]
    text = "\n".join(lines(results))
    for part in ("a packet", "bytes cafe", "table t: accept", "counterexample: 10 packets sent, 0 unaccounted for"):
        assert part in text
    (suite,) = json.loads(json.dumps(record(results)))["suites"]
    assert suite["findings"][0]["bytes"] == "cafe"
    assert (suite["sent"], suite["seen"], suite["passed"], suite["dropped"]) == (10, 10, 1, 9)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--pairs", "data.servers:cellar"], "no segment 'cellar'"),
        (["--pairs", "data.servers:data.servers"], "no gateway decides"),
        (["--pairs", "maintenance.vpn:data.servers"], "nothing can be sent from there"),
        (["--gateway", "db1"], "no such gateway: db1"),
        (["--rendered"], "packets prove what runs"),
        ([], "shoko lab up"),
    ],
)
def test_what_cannot_be_proven_is_one_line_and_no_pass(more, said, capsys, monkeypatch):
    monkeypatch.setenv("SHOKO_LAB_ID", "nobody")
    assert main(["prove", "--dynamic", "-i", "inventories/lab", *more]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert said in told.err
