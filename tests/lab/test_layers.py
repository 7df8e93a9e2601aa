"""`shoko prove --dynamic --layers` on the converged lab: the others hold, and all is back, even after kill -9."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Any

from segments.site import CHECKOUT, SITE, Site
from segments.slips import rule

from shoko.lab.machines import machine

COMMAND = [sys.executable, "-m", "shoko.cli", "prove", "-i", str(SITE)]
HOSTS = ["db1", "db2", "tb-central", "home"]


def layers(*hosts: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the demonstration for machines, between some hosts."""
    named = [word for host in hosts for word in ("--host", host)]
    done = subprocess.run(
        [*COMMAND, "--dynamic", "--layers", "--json", *named],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stderr
    (suite,) = json.loads(done.stdout)["dynamic"]["suites"]
    return done.returncode, suite


def cell(suite: dict[str, Any], source: str, destination: str) -> list[dict[str, Any]]:
    """The attempts of a cell."""
    return next(
        one["attempts"] for one in suite["cells"] if (one["source"], one["destination"]) == (source, destination)
    )


def taken_away(site: Site, hosts: list[str]) -> list[str]:
    """What of a demonstration stands in some hosts and in the switch."""
    found = []
    for host in hosts:
        look = "nft list ruleset; ip rule; ip -6 rule; true"
        said = site.inside(host, "sh", "-c", look)
        found += [host] if "layer-removed" in said or "lookup 990" in said else []
    ports = site.inside(next(iter(site.declaration.switches)), "ovs-vsctl", "--columns=external_ids", "list", "port")
    return [*found, *(["the switch"] if "layer-removed" in ports else [])]


def test_with_one_layer_taken_away_the_others_hold_and_each_holds_alone(site: Site) -> None:
    code, suite = layers(*HOSTS)
    assert code == 0, suite
    assert suite["unaccounted"] == 0
    for one in cell(suite, "business.central", "data.servers"):
        assert one["layers"] == ["route", "sender", "gateway", "receiver", "vlan"]
        assert one["open"] == "reached", "with everything open it arrives"
        assert "reached" not in one["without"].values()
        assert one["alone"]["gateway"] == "gateway"
        assert one["alone"]["receiver"] == "receiver"
        assert one["alone"]["vlan"] == "vlan"
        assert one["straight"] == "receiver"
    for one in cell(suite, "data.servers", "data.servers"):
        assert one["layers"] == ["sender", "receiver"], "inside a segment only the hosts' own rules"
        assert one["without"]["sender"] == "receiver"
        assert one["without"]["receiver"] == "sender"
    for one in cell(suite, "internet.line", "data.servers"):
        assert one["layers"] == ["route", "gateway", "receiver"]
    assert {one["source"] for one in suite["proxy"]} == {"business.central", "data.servers"}
    assert taken_away(site, ["fw1", "fw2", "db1", "db2", "tb-central"]) == []


def test_a_layer_that_somebody_has_opened_is_missing_in_the_table(site: Site) -> None:
    with rule(site, "db2", "input", "ip", "saddr", "10.10.50.11", "tcp", "dport", "22", "accept"):
        code, suite = layers("db1", "db2")
    assert code == 0, suite
    ipv4, ipv6 = cell(suite, "data.servers", "data.servers")
    assert ipv4["layers"] == ["sender"], "one layer, and said so"
    assert ipv4["without"]["sender"] == "reached"
    assert ipv6["layers"] == ["sender", "receiver"]


def test_the_layers_come_back_when_the_command_is_killed(site: Site) -> None:
    hosts = ["fw1", "fw2", "db1", "db2", "tb-central"]
    named = [word for host in hosts[2:] for word in ("--host", host)]
    command = subprocess.Popen(
        [*COMMAND, "--dynamic", "--layers", *named],
        cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert command.stderr is not None
    try:
        for line in command.stderr:
            if "everything taken away" in line:
                break
        look = machine(site.settings, "db2").entry(["nft", "list", "chain", "inet", "shoko", "input"])
        give_up = time.monotonic() + 30
        while "layer-removed" not in subprocess.run(look, capture_output=True, text=True, check=True).stdout:
            assert time.monotonic() < give_up, "nothing was taken away"
    finally:
        command.kill()
    command.stderr.close()
    command.wait(timeout=60)
    assert command.returncode == -signal.SIGKILL
    give_up = time.monotonic() + 30
    while (left := taken_away(site, hosts)) and time.monotonic() < give_up:
        time.sleep(0.5)  # the guard is at work
    assert left == []
    proof = subprocess.run([*COMMAND, "--static"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert proof.returncode == 0, proof.stdout
