"""Tables and report tell what is declared."""

import json
from pathlib import Path

import pytest

from shoko.cli import main
from shoko.declaration import load
from shoko.topology import tables

ROOT = Path(__file__).parents[3]
LAB = ROOT / "inventories" / "lab"


def test_flows_have_via_in_a_column_of_their_own_and_platform_is_folded() -> None:
    shown = tables.flows(load(LAB), "en", unfold=False)
    header = next(line for line in shown.splitlines() if line.startswith("no."))
    row = next(line for line in shown.splitlines() if " bibliography " in line)
    start = header.index("via proxy")
    assert row[start:].startswith("ndlsearch")
    assert "manage 16" in shown.splitlines()[-1]
    assert " manage " not in "\n".join(shown.splitlines()[:-1])


def test_unfolded_platform_flows_stand_as_rows() -> None:
    shown = tables.flows(load(LAB), "en", unfold=True)
    assert any(line.startswith("16 ") and " manage " in line for line in shown.splitlines())


def test_flow_inside_one_segment_says_that_only_hosts_guard_it() -> None:
    row = next(line for line in tables.flows(load(LAB), "en", unfold=False).splitlines() if "database-cluster" in line)
    assert row.endswith("data → data (hosts only)")


def test_columns_align_with_japanese_text() -> None:
    lines = tables.zones(load(LAB), "ja").splitlines()
    rule = next(line for line in lines if line.startswith("---"))
    starts = [index for index, sign in enumerate(rule) if sign == "-" and (index == 0 or rule[index - 1] == " ")]
    row = next(line for line in lines if line.startswith("dmz"))
    columns = [tables.width(row[: row.index(cell)]) for cell in ("公開系", "N-08", "servers", "VLAN 20")]
    assert set(columns) <= set(starts)


def test_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topology", "-i", str(LAB / "shoko.yml"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["flows"]["entry-to-ils"]["to"] == ["app1.webopac", "app2.webopac"]
    assert report["flows"]["entry-to-ils"]["zones"] == [["dmz", "webopac"]]
    assert report["hosts"]["fw1"]["legs"]["dmz"]["ipv4"] == "198.51.100.18"
    assert report["zones"]["patron"]["outside"] is True


def test_file_that_cannot_be_written_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topology", "-i", str(LAB), "--svg", str(tmp_path / "no" / "x.svg")]) == 1
    assert capsys.readouterr().err == f"shoko: {tmp_path}/no/x.svg: cannot be written: No such file or directory\n"
