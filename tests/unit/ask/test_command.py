"""The command: exit codes, one clear line for what is no question, the text and the JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from shoko.cli import main

from .sites import LAB


def _ask(start: str, end: str, service: str, *more: str, site: Path = LAB) -> int:
    return main(["ask", "-i", str(site), "--from", start, "--to", end, "--service", service, *more])


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (("nowhere", "db1", "ssh"), "nowhere: no zone, segment, host, vip, person, external party or address"),
        (("app1", "business.north", "ssh"), "business.north: no zone, segment"),
        (("opac", "db1", "ssh"), "opac: is a zone and a vip; write zone:opac or vip:opac"),
        (("vip:opak", "db1", "ssh"), "vip:opak: no such vip (there are: opac, ils-staff, proxy)"),
        (("10.99.0.1", "db1", "ssh"), "10.99.0.1: belongs to no segment of the site and not to the internet"),
        (("fe80::1", "db1", "ssh"), "fe80::1: belongs to no segment"),
        (("app1", "db1", "gopher"), "gopher: no such service (there are: https,"),
        (("app1", "db1", "tcp/70000"), "tcp/70000: no such service"),
        (("app1", "db1", "tcp/0"), "tcp/0: no such service"),
        (("app1", "db1", "icmp"), "icmp: flows permit TCP and UDP ports only"),
        (("app1", "app1", "ssh"), "app1 and app1 are one host"),
        (("app1", "10.10.30.11", "ssh"), "app1 and 10.10.30.11 are one host"),
        (("internet", "patron", "https"), "internet and patron both stand outside"),
        (("home", "8.8.8.8", "https"), "home and 8.8.8.8 both stand outside"),
    ],
    ids=str,
)
def test_what_has_no_answer_is_one_line_and_exit_code_two(
    question: tuple[str, str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ask(*question) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"shoko: {said}")
    assert printed.err.count("\n") == 1


def test_a_declaration_with_mistakes_has_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(LAB / "declaration", tmp_path / "declaration")
    flows = tmp_path / "declaration/flows.yml"
    flows.write_text(flows.read_text(encoding="utf-8").replace("why: N-08", "why: N-99", 1), encoding="utf-8")
    assert _ask("app1", "db1", "postgresql", site=tmp_path) == 2
    assert "N-99" in capsys.readouterr().err


def test_yes_says_flow_reason_owner_time_and_every_hop(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("app1", "db1", "postgresql") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("yes: app1 may open postgresql (tcp/5432) to db1\n")
    for part in (
        "flow ils-to-data (6): Library system -> Database, postgresql (5432)",
        "why    I-11 ユーザ毎のサーバ・DBアクセス制御",
        "owner  Library systems office",
        "when   always",
        "only   processes of ils-public, ils-staff, ils-owner",
        "ipv4 app1 chain output: out business: 10.10.40.11 -> 10.10.50.11 tcp/5432",
        "ipv6 fw1, fw2 chain business__data: in business, out data: fd5e:c0:0:40::11 -> fd5e:c0:0:50::11 tcp/5432",
        "ipv4 db1 chain input: in data: 10.10.40.11 -> 10.10.50.11 tcp/5432",
    ):
        assert part in shown
    assert "db2" not in shown
    assert "app2" not in shown


def test_a_window_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("vendor-engineer", "bas1", "ssh") == 0
    assert "only while opened by `shoko window open vendor-maintenance`, 4h at most" in capsys.readouterr().out


def test_partly_lists_exactly_who_may_reach_whom(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("ctl1", "business", "ssh", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answer"] == "partly"
    pairs = [(pair["from"], pair["to"]) for flow in told["flows"] for pair in flow["pairs"]]
    assert pairs == [("ctl1", "app1"), ("ctl1", "app2"), ("ctl1", "tb-central"), ("ctl1", "tb-south")]


def test_an_undeclared_device_has_no_output_chain(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("10.10.41.99", "ils-staff", "https", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    chains = {hop["chain"] for flow in told["flows"] for hop in flow["hops"]}
    assert chains == {"biz-central__business", "input"}
    assert told["flows"][0]["pairs"][0]["families"] == ["ipv4"]


def test_no_says_what_denies_and_what_forbids_the_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("business", "internet", "https") == 1
    shown = capsys.readouterr().out
    assert shown.startswith("no: business may not open https (tcp/443) to internet\n")
    for part in (
        "no route from business.servers to internet.line (app1, app2)",
        "fw1, fw2 chain forward: no flow crosses from biz-central to line: the pair has no chain",
        "from: {zone: business}",
        "joins business and internet, which the policy keeps apart (N-04)",
        "expect.business-not-out.never: ",
    ):
        assert part in shown


def test_inside_one_segment_the_hosts_are_the_only_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("db1", "db2", "ssh") == 1
    shown = capsys.readouterr().out
    assert "no gateway between them" in shown
    assert "fw1" not in shown


def test_devices_that_nobody_declared_are_told_to_reach_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("10.10.41.98", "10.10.41.99", "ssh") == 1
    shown = capsys.readouterr().out
    assert "nothing of ours: no flow permits it, and no chain of ours sees it" in shown
    assert "devices in it that nobody declared reach each other" in shown
    assert _ask("10.10.41.98", "tb-central", "ssh") == 1
    shown = capsys.readouterr().out
    assert "tb-central chain input" in shown
    assert "devices in it" not in shown
    assert _ask("business.central", "business.central", "ssh") == 1
    assert "devices in it that nobody declared reach each other" in capsys.readouterr().out


def test_json_of_a_no_has_the_layers_and_the_lines_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ask("bas1", "mon1", "tcp/8080", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["answer"] == "no"
    assert told["service"] is None
    assert told["flows"] == []
    assert [layer["kind"] for layer in told["denied"][0]["layers"]] == ["route", "output", "forward", "input"]
    assert told["change"]["additions"]["services"] == {"tcp-8080": {"tcp": [8080]}}
    assert told["change"]["forbidden"] == []
    assert "why: FILL IN" in told["change"]["yaml"]
