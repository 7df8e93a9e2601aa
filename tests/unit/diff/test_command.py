"""`shoko diff` as people and machines use it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from shoko.cli import main

ROOT = Path(__file__).parents[3]
LAB = ROOT / "inventories" / "lab"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The lab, but staff look at the WebOPAC from the business zone, and research reaches one site less."""
    site = tmp_path / "lab"
    shutil.copytree(LAB, site)
    flows = site / "declaration" / "flows.yml"
    text = flows.read_text(encoding="utf-8")
    for old, new in (
        (
            "from: {zone: information, segments: [central, south]}\n    to: {vip: opac}",
            "from: {zone: business, segments: [central]}\n    to: {vip: opac}",
        ),
        ("sites: [ndlsearch, reference]", "sites: [ndlsearch]"),
    ):
        assert old in text, "the lab has changed: this test changes nothing"
        text = text.replace(old, new, 1)
    flows.write_text(text, encoding="utf-8")
    return site


def test_a_change_is_shown_by_zone_pair_and_flow(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(LAB), str(changed)]) == 1
    flow = "    staff-looks-at-opac (情報系端末から公開画面を確認する; library-systems)  tcp/443"
    assert capsys.readouterr().out.splitlines() == [
        "newly permitted", "  business → dmz", flow, "      central → opac",
        "newly denied", "  information → dmz", flow, "      central → opac", "      south → opac",
        "newly denied by the forward proxies", "  information → www.reference.example port 80",
        "  information → www.reference.example port 443",
    ]  # fmt: skip


def test_the_same_declaration_differs_in_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(LAB), str(LAB / "shoko.yml")]) == 0
    assert capsys.readouterr().out == "no packet is newly permitted or newly denied\n"


def test_machines_get_addresses(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(LAB), str(changed), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    permitted = [one for one in result["changes"] if one["verb"] == "permitted" and one["family"] == "ipv4"]
    assert [(one["sources"], one["destinations"]) for one in permitted] == [(["10.10.41.0/24"], ["198.51.100.20/32"])]
    assert result["old"] != result["new"]
    gone = {"verb": "denied", "zone": "information", "domain": "www.reference.example"}
    assert result["sites"] == [gone | {"port": 80}, gone | {"port": 443}]


def test_storage_at_a_terminal_that_had_none_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "lab"
    shutil.copytree(LAB, site)
    usb = site / "declaration" / "usb.yml"
    text = usb.read_text(encoding="utf-8")
    assert "media: never" in text, "the lab has changed: this test changes nothing"
    usb.write_text(text.replace("media: never", "media: registered"), encoding="utf-8")
    assert main(["diff", str(LAB), str(site)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "no packet is newly permitted or newly denied",
        "device control: changed",
        "  policy opac_terminals (H-11)  media never → registered",
    ]
    assert main(["diff", str(LAB), str(site), "--json"]) == 1
    (change,) = json.loads(capsys.readouterr().out)["usb"]
    assert (change["verb"], change["kind"], change["name"]) == ("changed", "policy", "opac_terminals")
    assert (change["before"]["media"], change["after"]["media"]) == ("never", "registered")


def test_git_knows_the_old_one(
    changed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = changed.parent
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run([*git, "init", "-q"], cwd=repository, check=True)
    subprocess.run([*git, "add", "."], cwd=repository, check=True)
    subprocess.run([*git, "commit", "-qm", "changed"], cwd=repository, check=True)
    monkeypatch.chdir(repository)
    assert main(["diff", "HEAD:lab", "lab"]) == 0
    assert main(["diff", "HEAD:lab", str(LAB)]) == 1
    assert "newly permitted by the forward proxies" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("nowhere", "nowhere: no declaration there"),
        ("docs", "docs: no declaration there"),
        ("no-such-revision:inventories/lab", "no-such-revision:inventories/lab: git cannot give it"),
        ("HEAD:no/such/site", "HEAD:no/such/site: git cannot give it"),
        ("--output=/tmp/x:inventories/lab", "git cannot give it"),
        ("tests/broken/empty-ends", "tests/broken/empty-ends: not a valid declaration"),
    ],
)
def test_what_cannot_be_read_gets_one_line(
    old: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["diff", "--", old, str(LAB)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
