"""`shoko prove --dynamic` on the converged lab: proven as it is; slips made by hand are found with their packet."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from segments.site import CHECKOUT, SITE, Site
from segments.slips import retagged, rule

COMMAND = [sys.executable, "-m", "shoko.cli", "prove", "--dynamic", "-i", str(SITE)]
ONE_PAIR = ["--quick", "--pairs", "data.servers:dmz.servers"]


def prove(*more: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the result for machines."""
    done = subprocess.run(
        [*COMMAND, "--json", *more], cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)["dynamic"]


def findings(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything that was found, whatever the suite."""
    return [one for suite in result["suites"] for one in suite["findings"]]


def test_both_gateways_and_the_switch_do_what_is_declared(site: Site) -> None:
    code, result = prove("--quick")
    assert code == 0, result
    assert result["unaccounted"] == 0
    suites = {(one["suite"], one["at"]): one for one in result["suites"]}
    for gateway in site.declaration.gateways.hosts:
        for suite in ("corners", "sample", "scans", "forged sources", "replies"):
            assert suites[suite, gateway]["sent"] > 0
        assert suites["corners", gateway]["passed"] > 0
        assert suites["replies", gateway]["passed"] > 0
    opened, closed = suites["self-test, open", "probe-gate"], suites["self-test, closed", "probe-gate"]
    assert opened["passed"] == opened["sent"] > 0
    assert closed["passed"] == 0 < closed["sent"]
    assert suites["leaks", next(iter(site.declaration.switches))]["passed"] > 0
    assert left_behind(site) == []


def test_a_rule_added_by_hand_on_one_gateway_is_found_with_its_packet(site: Site) -> None:
    words = ["iifname", "data", "tcp", "dport", "8181", "tcp", "flags", "syn", "accept", "comment", "slip"]
    with rule(site, "fw2", "forward", *words):
        code, result = prove(*ONE_PAIR)
    assert code == 1, result
    found = findings(result)
    assert {one["where"] for one in found} == {"fw2"}
    one = next(one for one in found if one["kind"] == "passes")
    frame = bytes.fromhex(one["bytes"])
    upper = 14 + (20 if frame[12:14] == b"\x08\x00" else 40)
    assert int.from_bytes(frame[upper + 2 : upper + 4]) == 8181
    assert "slip" in one["steps"][-1]["rule"]
    assert one["steps"][-1]["verdict"] == "accept"


def test_a_flow_that_no_longer_passes_is_found(site: Site) -> None:
    """Answers are cut off in one family: first packets still pass, so that only the way back shows it."""
    words = ["ct", "direction", "reply", "meta", "nfproto", "ipv6", "iifname", "mgmt", "drop"]
    with rule(site, "fw1", "forward", *words):
        code, result = prove("--quick", "--gateway", "fw1", "--pairs", "dmz.servers:management.servers")
    assert code == 1, result
    found = findings(result)
    assert {one["kind"] for one in found} == {"blocked"}
    assert all("an answer in a session of logs" in one["packet"] for one in found)


def test_a_port_in_another_vlan_is_found(site: Site) -> None:
    with retagged(site, "to-central.opac", 50):
        code, result = prove(*ONE_PAIR, "--gateway", "fw1")
    assert code == 1, result
    leaks = [one for one in findings(result) if one["kind"] == "leak"]
    assert {one["where"] for one in leaks} == {"to-central.opac"}
    assert any("an ARP question from data.servers (VLAN 50)" in one["packet"] for one in leaks)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_behind_when_it_is_interrupted(site: Site, how: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--quick", "--pairs", "dmz.servers:management.servers"],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "corners" in line:  # sessions have been opened by then
            break
    assert probing(site) != []
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode != 0
    end = time.monotonic() + 30
    while left_behind(site) and time.monotonic() < end:
        time.sleep(0.2)
    assert left_behind(site) == []


def test_a_segment_that_does_not_exist_is_one_line_and_no_pass() -> None:
    done = subprocess.run(
        [*COMMAND, "--pairs", "data.servers:cellar"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "cellar" in done.stderr
    assert "dmz.servers" in done.stderr


def probing(site: Site) -> list[str]:
    """The prober's namespaces."""
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in namespaces if name.startswith(site.settings.machine("probe"))]


def left_behind(site: Site) -> list[str]:
    """Everything of a prober that is in the lab now."""
    switch = next(iter(site.declaration.switches))
    found = probing(site)
    found += [port for port in site.inside(switch, "ovs-vsctl", "list-ports", "br0").split() if "probe" in port]
    found += [row for row in site.inside(switch, "ovs-ofctl", "dump-flows", "br0").splitlines() if "0x5368" in row]
    links = site.inside(switch, "ip", "-brief", "link").splitlines()
    found += [row for row in links if row.startswith("probe.")]
    for gateway in site.declaration.gateways.hosts:
        rows = site.inside(gateway, "cat", "/proc/net/nf_conntrack").splitlines()
        found += [row for row in rows if any(f"sport={port} " in row for port in range(61000, 61008))]
    return found
