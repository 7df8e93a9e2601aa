"""`shoko prove` on what the hosts of the converged lab hold now: proven as it is, a counterexample for each slip."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from segments.site import CHECKOUT, SITE, Site
from segments.slips import rule


def prove(*more: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the result for machines."""
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "prove", "--static", "-i", str(SITE), "--json", *more],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {"said": done.stderr}


def test_every_host_enforces_the_declaration(site: Site) -> None:
    code, result = prove()
    assert code == 0, result
    assert {one["host"] for one in result["hosts"]} == set(site.declaration.hosts)
    together = result["composed"]
    assert (together["result"], together["running"], together["missing"]) == ("proven", True, [])
    assert {one["sentence"]: one["result"] for one in together["sentences"]} == dict.fromkeys(
        site.declaration.expect, "holds"
    )
    layers = {(one["from"], one["to"]): one["layers"] for one in together["layers"]["zones"]}
    assert layers["webopac", "data"] == dict.fromkeys(("vlan", "gateway", "sender", "route", "receiver"), "all")


def open_port(site: Site) -> AbstractContextManager[None]:
    """A port of a database that anybody may reach."""
    return rule(site, "db1", "input", "tcp", "dport", "9999", "counter", "accept")


def shut_out(site: Site) -> AbstractContextManager[None]:
    """A proxy that no longer answers the citizens."""
    return rule(site, "rp1", "input", "tcp", "dport", "443", "drop")


def out_of_business(site: Site) -> AbstractContextManager[None]:
    """A gateway that lets the business zone out, for one family only."""
    return rule(site, "fw2", "forward", "meta", "nfproto", "ipv6", "iifname", "business", "accept")


@contextmanager
def router(site: Site) -> Iterator[None]:
    """A server that forwards packets between its legs."""
    site.inside("app1", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    try:
        yield
    finally:
        site.inside("app1", "sysctl", "-qw", "net.ipv4.ip_forward=0")


@contextmanager
def foreign_table(site: Site) -> Iterator[None]:
    """A table of somebody else's that rewrites where packets go."""
    site.inside("px1", "nft", "add", "table", "ip", "helpful")
    chain = "{ type nat hook prerouting priority -100; policy accept; }"
    try:
        site.inside("px1", "nft", "add", "chain", "ip", "helpful", "prerouting", chain)
        site.inside(
            "px1", "nft", "add", "rule", "ip", "helpful", "prerouting", "tcp", "dport", "80", "redirect", "to", "3128"
        )
        yield
    finally:
        site.inside("px1", "nft", "delete", "table", "ip", "helpful")


@pytest.mark.parametrize(
    ("slip", "host", "code"),
    [
        (open_port, "db1", 1),
        (shut_out, "rp1", 1),
        (out_of_business, "fw2", 1),
        (router, "app1", 1),
        (foreign_table, "px1", 2),
    ],
)
def test_a_slip_made_by_hand_is_found_where_it_is(
    site: Site, slip: Callable[[Site], AbstractContextManager[None]], host: str, code: int
) -> None:
    with slip(site):
        found, result = prove()
        assert found == code, result
        wrong = [one["host"] for one in result["hosts"] if one["result"] != "proven"]
        assert wrong == [host]
        shown = [finding for one in result["hosts"] for finding in one["findings"]]
        assert code == 2 or shown, "a counterexample is shown"
    assert prove("--host", host)[0] == 0, "the proof holds again once the slip is taken back"


@contextmanager
def done(site: Site, host: str, do: str, undo: str) -> Iterator[None]:
    """A command that somebody gives by hand, and what takes it back."""
    site.inside(host, "sh", "-c", do)
    try:
        yield
    finally:
        site.inside(host, "sh", "-c", undo)


BESIDE_THE_RULES = {
    "route": (
        "db1",
        "ip route add 10.10.61.0/24 via 10.10.50.1 dev data metric 9",
        "ip route del 10.10.61.0/24 via 10.10.50.1 dev data metric 9",
        "can now be addressed: ti-central, information.central",
    ),
    "address": (
        "db2",
        "ip address add 10.10.50.77/32 dev data",
        "ip address del 10.10.50.77/32 dev data",
        "10.10.50.77 on data is not declared",
    ),
    "retagged port": (
        "sw1",
        "ovs-vsctl set port mon1.mgmt tag=50",
        "ovs-vsctl set port mon1.mgmt tag=80",
        "mon1's leg mgmt stands in data.servers, and reaches without a gateway fw1, fw2, db1, db2, db3",
    ),
    "OpenFlow rule": (
        "sw1",
        "ovs-ofctl add-flow br0 priority=5,dl_type=0x88b5,actions=drop",
        "ovs-ofctl --strict del-flows br0 priority=5,dl_type=0x88b5",
        "has the OpenFlow rule",
    ),
    "classifier": ("bak1", "tc qdisc add dev mgmt clsact", "tc qdisc del dev mgmt clsact", "mgmt: tc handles"),
}


@pytest.mark.parametrize("slip", BESIDE_THE_RULES)
def test_a_slip_beside_the_rules_is_found_and_told_with_its_meaning(site: Site, slip: str) -> None:
    host, do, undo, words = BESIDE_THE_RULES[slip]
    with done(site, host, do, undo):
        code, result = prove("--host", host)
    (one,) = result["hosts"]
    assert code == (2 if slip == "classifier" else 1), result
    assert words in json.dumps([one["findings"], one["unproved"]]), result
    assert prove("--host", host)[0] == 0, "the proof holds again once the slip is taken back"


def test_a_host_that_does_not_answer_is_unproved_and_named(site: Site) -> None:
    site.inside("bak1", "systemctl", "stop", "ssh.service")
    try:
        code, result = prove("--host", "bak1")
    finally:
        site.inside("bak1", "systemctl", "start", "ssh.service")
    assert code == 2, result
    assert "bak1" in json.dumps(result)
