"""What cannot be read, understood or written ends as UNPROVED, with the host and what to do; never as a pass."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shoko import cli
from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.expected.permissions import permissions
from shoko.proof.load import LARGEST, listing, loaded
from shoko.proof.owners import advice
from shoko.proof.prove import prove_host
from shoko.proof.report import lines
from shoko.proof.ruleset import Where

from .test_running import SITE, hosts, prove

assert hosts  # a fixture
ROOT = Path(__file__).resolve().parents[3]
SHOWN = "srv1: UNPROVED: "


@pytest.fixture(scope="module")
def museum():
    declaration = declared(ROOT / SITE)
    return declaration, permissions(declaration), rendered.listings(declaration, ["srv1"])["srv1"]


@pytest.fixture
def said(museum):
    """What people read about srv1 with another listing."""
    declaration, every, _listing = museum

    def tell(changed):
        proof = prove_host(declaration, every, "srv1", changed)
        assert not proof.proven
        verdict, *rest = lines([proof])
        assert verdict.startswith("unproved: 0 of 1")
        assert rest
        assert all(line.startswith(SHOWN) for line in rest)
        return "\n".join(rest)

    return tell


def beside(museum, text):
    """The host's listing with another program's table."""
    return {"nftables": [*museum[2]["nftables"], *loaded(text, "another program")["nftables"][1:]]}


@pytest.mark.parametrize(
    ("table", "chain", "owner"),
    [
        ("ip nat", "DOCKER", "Docker"),
        ("ip docker-bridges", "raw", "Docker"),
        ("ip libvirt_network", "guest_nat", "libvirt"),
        ("ip f2b-table", "f2b-chain", "fail2ban"),
        ("ip nat", "PREROUTING", "a program that uses iptables"),
        ("ip helpful", "prerouting", "another program"),
    ],
)
def test_a_table_of_somebody_else_is_named_with_its_owner(museum, said, table, chain, owner):
    rule = "type nat hook prerouting priority -100;\n tcp dport 80 dnat to 10.0.0.1"
    text = said(beside(museum, f"table {table} {{\n chain {chain} {{\n {rule}\n }}\n}}\n"))
    assert f"table {table} chain {chain} handle" in text
    assert f"belongs to {owner}" in text
    assert f"`nft delete table {table}`" in text


def test_a_table_that_a_program_owns_is_unproved(museum, said):
    owned = {"nftables": [*museum[2]["nftables"], {"table": {"family": "inet", "name": "firewalld", "flags": "owner"}}]}
    text = said(owned)
    assert "table inet firewalld: table with flags owner" in text
    assert "belongs to firewalld: stop that on this host" in text


def test_something_odd_in_our_own_table_asks_for_another_run():
    assert "run site.yml for this host" in advice(Where("inet", "shoko", "input", 4))


FULL = "is full (2 of 2 elements), and what did not fit is missing: give it a larger size"


@pytest.mark.parametrize(
    ("about", "why"), [({"size": 2}, FULL), ({"size": 9, "flags": ["dynamic"]}, "is filled by packets")]
)
def test_a_set_that_may_say_less_than_it_should_is_unproved(museum, said, about, why):
    table = (
        "table inet more {\n set seen { type ipv4_addr; size 9; elements = { 10.0.0.1, 10.0.0.2 }; }\n"
        " chain c {\n type filter hook input priority 5;\n ip saddr @seen drop\n }\n}\n"
    )
    changed = beside(museum, table)
    next(item["set"] for item in changed["nftables"] if item.get("set", {}).get("name") == "seen").update(about)
    assert f"set @seen {why}" in said(changed)


def test_a_rule_that_fills_a_set_is_unproved(museum, said):
    """nft 1.0.6 does not say in JSON that a set is dynamic; the rule that fills it tells."""
    table = (
        "table inet more {\n set seen { type ipv4_addr; flags dynamic; size 9; }\n"
        " chain c {\n type filter hook input priority 5;\n add @seen { ip saddr }\n ip saddr @seen drop\n }\n}\n"
    )
    assert "table inet more chain c handle" in said(beside(museum, table))


def test_a_set_with_room_left_is_read(museum):
    declaration, every, _listing = museum
    table = (
        "table inet more {\n set seen { type ipv4_addr; size 3; elements = { 10.0.0.1, 10.0.0.2 }; }\n"
        " chain c {\n type filter hook input priority 5;\n ip saddr @seen accept\n }\n}\n"
    )
    assert prove_host(declaration, every, "srv1", beside(museum, table)).proven


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"nftables": [1]},
        {"nftables": [{"table": 1}]},
        {"nftables": [{"chain": {"family": "inet"}}]},
        {"nftables": [{"set": {"family": "inet", "table": "t", "name": "s", "type": "ifname", "elem": 5, "size": 1}}]},
        {"nftables": [{"table": {"family": "inet", "name": "shoko"}, "chain": {}}]},
    ],
)
def test_json_of_an_unknown_shape_says_what_is_read(said, document):
    text = said(document)
    assert "the prover reads nft 1.0.6 to 1.1.3" in text or "JSON of an unknown shape" in text


def test_a_listing_that_is_cut_short_is_unproved(hosts, capsys):
    (hosts / "srv1.nft").write_text("table inet t {}\n")
    ssh = hosts.parent / "bin" / "ssh"
    ssh.write_text(ssh.read_text().replace("$command", "$command | head -c 40"))
    assert prove("--host", "srv1") == 2
    said = capsys.readouterr().out
    assert SHOWN + "answers something else than asked" in said


def test_a_listing_beyond_measure_is_refused_before_it_is_taken_apart():
    with pytest.raises(Exception, match="at most 32 are read: see with `nft list ruleset` what fills it"):
        listing("[" * (LARGEST + 1), "srv1")


def test_json_without_end_is_no_json():
    with pytest.raises(Exception, match="no whole JSON"):
        listing("[" * 1_000_000, "srv1")


def test_odd_characters_reach_no_terminal(museum, said):
    odd = json.loads(json.dumps(museum[2]))
    odd["nftables"].append({"table": {"family": "inet", "name": "\x1b]0;owned\x07\u202e\ud800", "flags": ["owner"]}})
    text = said(odd)
    assert text.isprintable() or set(text) - set(map(chr, range(32, 127))) <= {"\n"}
    assert "\\x1b]0;owned\\x07\\u202e\\ud800" in text


def test_nothing_to_prove_is_no_counterexample(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert cli.main(["prove", "--static", "-i", str(tmp_path / "nowhere")]) == 2
    assert str(tmp_path / "nowhere") in capsys.readouterr().err
    assert prove("--host", "nobody") == 2
    assert "no such host: nobody (there are: fw1, " in capsys.readouterr().err


def test_a_missing_ssh_is_said_for_each_host(hosts, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(hosts))
    assert prove("--host", "srv1") == 2
    assert SHOWN + "cannot be read: ssh cannot be run here: No such file or directory" in capsys.readouterr().out


def test_a_missing_nft_or_unshare_is_said(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prove("--rendered", "--host", "srv1") == 2
    assert "srv1: unshare cannot be run (No such file or directory): install util-linux" in capsys.readouterr().err
    for name in ("unshare", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    assert prove("--rendered", "--host", "srv1") == 2
    said = capsys.readouterr().err
    assert "nft installed" in said
    assert "not found" in said


def test_without_leave_to_make_namespaces_nothing_is_proven(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    refused = tmp_path / "unshare"
    refused.write_text('#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n')
    refused.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert prove("--rendered", "--host", "srv1") == 2
    assert (
        "run as root, with nft installed): unshare: unshare failed: Operation not permitted" in capsys.readouterr().err
    )


def test_what_cannot_be_written_is_said_before_anything_is_read(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    for more, why in (
        (["--json", "--jsonl"], "--json and --jsonl would mix on standard output"),
        (["--json", str(tmp_path / "x"), "--junit", str(tmp_path / "x")], "two formats would be written to one file"),
        (["--junit", str(tmp_path / "no" / "x")], "cannot be written"),
        (["--json", str(tmp_path)], "cannot be written"),
    ):
        assert prove("--host", "srv1", *more) == 2
        assert why in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_beside_the_report(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    places = {name: tmp_path / f"proof.{name}" for name in ("json", "jsonl", "junit")}
    options = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    assert prove("--rendered", "--host", "srv1", *options) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "proven: 1 of 1 hosts enforce exactly what the declaration permits"
    assert said[1].startswith("together: only some hosts were asked")
    record = json.loads(places["json"].read_text())
    assert (record["judged"], record["result"]) == ("rendered", "proven")
    assert record["hosts"][0]["kernel"] == os.uname().release
    assert sorted(one.name for one in tmp_path.iterdir()) == ["proof.json", "proof.jsonl", "proof.junit"]
    assert prove("--rendered", "--host", "srv1", "--jsonl") == 0
    assert [json.loads(line)["record"] for line in capsys.readouterr().out.splitlines()] == ["run", "host"]


def test_the_record_of_what_runs_has_what_would_be_written_beside_it(hosts, capsys):
    prove("--host", "srv1", "--progress", "--json")
    told = capsys.readouterr()
    (host,) = json.loads(told.out)["hosts"]
    assert host["equal"] == {"text": True, "sets": True}
    assert host["running"]["digest"] == host["rendered"]["digest"]
    assert host["kernel"] == os.uname().release
    assert told.err == "read 1 of 1 hosts: srv1\n"


# A shell starts what runs in the background deaf to interrupts, and so these tests perhaps.
HEARS_INTERRUPTS = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from shoko.cli import main; sys.exit(main(sys.argv[1:]))"
)


def test_an_interrupted_proof_leaves_nothing(hosts, tmp_path):
    ssh = hosts.parent / "bin" / "ssh"
    asked = tmp_path / "asked"
    ssh.write_text(f"#!/bin/sh\ntouch {asked}\nexec sleep 900\n")
    before = set(os.listdir("/run/netns")) if Path("/run/netns").exists() else set()
    words = ["prove", "--static", "-i", SITE, "--host", "srv1", "--json", tmp_path / "out"]
    running = subprocess.Popen(
        [sys.executable, "-c", HEARS_INTERRUPTS, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not asked.exists():
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to ssh as well
    out, err = running.communicate(timeout=300)
    assert (running.returncode, out, err.strip()) == (130, "", "shoko: interrupted")
    assert list(tmp_path.glob("*out*")) == []
    after = set(os.listdir("/run/netns")) if Path("/run/netns").exists() else set()
    assert not {one for one in after - before if str(running.pid) in one}
