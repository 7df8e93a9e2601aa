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


def test_a_host_that_does_not_answer_is_unproved_and_named(site: Site) -> None:
    site.inside("bak1", "systemctl", "stop", "ssh.service")
    try:
        code, result = prove("--host", "bak1")
    finally:
        site.inside("bak1", "systemctl", "start", "ssh.service")
    assert code == 2, result
    assert "bak1" in json.dumps(result)
