"""`shoko prove --dynamic --suite hosts` on the converged lab: ordinary sessions, as they are and with slips by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from segments.site import CHECKOUT, SITE, Site
from segments.slips import rule


def prove(*hosts: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the suite for machines, of sessions from and to some hosts."""
    named = [word for host in hosts for word in ("--host", host)]
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "prove", "-i", str(SITE), "--dynamic", "--suite", "hosts", "--json",
         "--sample", "1", *named],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stderr
    (suite,) = json.loads(done.stdout)["dynamic"]["suites"]
    return done.returncode, suite


def fates(suite: dict[str, Any], *, permitted: bool) -> dict[str, int]:
    """How many attempts ended where."""
    return {one["fate"]: one["attempts"] for one in suite["fates"] if one["permitted"] == permitted}


def test_every_session_from_and_to_these_hosts_does_what_is_declared(site: Site) -> None:
    """Hosts with two legs and processes, with a shared address, and a citizen outside: every kind of end is there."""
    code, suite = prove("app1", "rp1", "home")
    assert code == 0, suite
    assert suite["unaccounted"] == 0
    permitted, denied = fates(suite, permitted=True), fates(suite, permitted=False)
    assert set(permitted) == {"reached"}
    assert permitted["reached"] >= 80
    assert "reached" not in denied
    assert "lost" not in denied
    # Each of the ways to be denied is met, so that each of them is shown to be seen.
    assert min(denied[fate] for fate in ("route", "sender", "gateway", "receiver", "outside")) >= 50
    assert sum(denied.values()) >= 10_000


def test_a_service_shut_out_by_hand_is_found_from_everybody_who_may_use_it(site: Site) -> None:
    with rule(site, "px1", "input", "tcp", "dport", "53", "drop"):
        code, suite = prove("px1")
    assert code == 1, suite["unproved"]
    assert {(one["kind"], one["where"]) for one in suite["findings"]} == {("blocked", "px1")}
    flows = {one["flow"] for one in suite["findings"]}
    assert flows == {"terminal-names", "business-terminal-names", "opac-terminal-names"}
    assert len(suite["findings"]) == 10, "five terminals, IPv4 and IPv6"


def test_a_session_let_through_by_hand_at_both_ends_is_found_where_it_arrives(site: Site) -> None:
    """Inside one segment no gateway stands between."""
    with (
        rule(site, "db1", "output", "ip", "daddr", "10.10.50.12", "tcp", "dport", "443", "accept"),
        rule(site, "db2", "input", "ip", "saddr", "10.10.50.11", "tcp", "dport", "443", "accept"),
    ):
        code, suite = prove("db2")
    assert code == 1, suite
    assert [(one["kind"], one["where"]) for one in suite["findings"]] == [("passes", "db2")]
    assert "10.10.50.11 -> 10.10.50.12#443" in suite["findings"][0]["packet"]


def test_a_session_without_its_flows_mark_is_found(site: Site) -> None:
    """It passes as declared, but revoking the flow would not end it."""
    with rule(site, "bas1", "input", "ip", "saddr", "10.10.80.10", "tcp", "dport", "22", "accept"):
        code, suite = prove("bas1")
    assert code == 1, suite
    assert {(one["kind"], one["where"], one["flow"]) for one in suite["findings"]} == {("mark", "bas1", "manage")}
