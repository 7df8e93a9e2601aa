"""Firewall changes that would cut something off, on the converged lab: the host returns to what it had."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from segments.site import CHECKOUT, SITE, Site

BOUND = 14
# A gateway's shared addresses and an ordinary host's rules in one play: what the role does, with a text that is broken.
PLAY = """\
- hosts: {host}
  gather_facts: false
  any_errors_fatal: true
  vars_files: ["{checkout}/roles/firewall/vars/main.yml"]
  tasks:
    - name: Apply a ruleset that cuts something off
      shoko.core.firewall:
        content: "{{{{ lookup('ansible.builtin.template', '{checkout}/roles/firewall/templates/ruleset.nft.j2')
          | regex_replace({pattern}, '') }}}}"
        tables: "{{{{ firewall_tables }}}}"
        forwarding: "{{{{ firewall_gateway }}}}"
        bound: {bound}
        through: {through}
        confirm_command: {confirm}
"""


@dataclass(frozen=True)
class Cut:
    """A broken change: on which host, what is taken out of its ruleset, how it is proven."""

    host: str
    pattern: str
    through: list[str]
    confirm: list[str]


@pytest.fixture
def rules(site: Site) -> Iterator[list[str]]:
    """Hosts whose rules must be, after the test, exactly what they were before it."""
    hosts: list[str] = []
    before = {host: ruleset(site, host) for host in ("db1", *site.declaration.gateways.hosts)}
    yield hosts
    for host in hosts:
        assert ruleset(site, host) == before[host], f"{host}: the former rules are not back"


def ruleset(site: Site, host: str) -> str:
    """The running rules without counters and timeouts."""
    text = site.inside(host, "nft", "--stateless", "list", "table", "inet", "shoko")
    return re.sub(r" (?:expires|timeout) \S+", "", text)


def management_cut(site: Site) -> Cut:
    """Nobody comes in any more."""
    assert "db1" in site.running
    return Cut("db1", "'(?m)^.*comment .manage.$'", [], [])


def play(tmp_path: Path, cut: Cut) -> list[str]:
    """Write the playbook; return the command that runs it."""
    file = tmp_path / "cut.yml"
    file.write_text(
        PLAY.format(host=cut.host, checkout=CHECKOUT, pattern=cut.pattern, bound=BOUND,
                    through=cut.through, confirm=cut.confirm)
    )  # fmt: skip
    return [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(SITE / "shoko.yml"), str(file)]


def refused(tmp_path: Path, cut: Cut) -> str:
    """Run a change that must not stand; return what Ansible said."""
    done = subprocess.run(play(tmp_path, cut), cwd=CHECKOUT, capture_output=True, text=True, timeout=180, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "a new connection saw the former rules back" in said, said
    return said


def test_a_ruleset_that_cuts_management_off_undoes_itself(site: Site, rules: list[str], tmp_path: Path) -> None:
    cut = management_cut(site)
    rules.append(cut.host)
    assert f"no new connection to {cut.host}" in refused(tmp_path, cut)


def test_a_gateway_that_would_forward_nothing_undoes_itself(site: Site, rules: list[str], tmp_path: Path) -> None:
    """The gateway itself still answers, so only the way through it shows the fault."""
    gateway = site.active_gateway
    rules.append(gateway)
    cut = Cut(gateway, "'iifname . oifname vmap @pair'", ["rp1", "db1"], [])
    assert f"no new connection through {gateway} to" in refused(tmp_path, cut)


def test_a_gateway_that_would_not_hear_its_peer_undoes_itself(site: Site, rules: list[str], tmp_path: Path) -> None:
    """The standby would take the addresses too, and there would be two."""
    gateways = site.declaration.gateways
    standby = next(host for host in gateways.hosts if host != site.active_gateway)
    rules.append(standby)
    confirm = ["sudo", "-n", "/usr/local/libexec/shoko/vrrp-goes-on", "standby"]
    said = refused(tmp_path, Cut(standby, "'(?m)^ *iifname.*plumbing:vrrp.*$'", [], confirm))
    assert "vrrp-goes-on" in said
    deadline = time.monotonic() + 10
    address = str(site.declaration.gateway_vip(gateways.manage, "ipv4"))
    while sum(address in str(site.interfaces(host)) for host in gateways.hosts) != 1:
        assert time.monotonic() < deadline, "two gateways, or none, hold the shared addresses"
        time.sleep(0.5)


@pytest.mark.parametrize("word", ["armed", "applied"])
def test_a_killed_run_leaves_the_former_rules(site: Site, rules: list[str], tmp_path: Path, word: str) -> None:
    """The controller dies while the change waits: nobody is there to confirm or to take it back."""
    cut = management_cut(site)
    rules.append(cut.host)
    state = ["cat", "/run/shoko-firewall/state"]
    former = site.inside(cut.host, *state, check=False)
    process = subprocess.Popen(
        play(tmp_path, cut), cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    # "armed" lasts for a moment only: the first word of a new change is soon enough to die at.
    while (now := site.inside(cut.host, *state, check=False)) == former or (
        word == "applied" and now.split()[0] != word
    ):
        assert time.monotonic() < deadline, f"the change never began: {now}"
        assert process.poll() is None, "the run ended by itself"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + BOUND + 20
    while not site.inside(cut.host, *state).startswith("undone"):
        assert time.monotonic() < deadline, "the host did not undo the change"
        time.sleep(1)


def test_a_rule_added_by_hand_is_gone_after_the_next_run(site: Site, rules: list[str]) -> None:
    rules.append("db1")
    site.inside("db1", "nft", "insert", "rule", "inet", "shoko", "input", "tcp", "dport", "1", "accept")
    subprocess.run(
        [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(SITE / "shoko.yml"), "playbooks/network.yml",
         "--limit", "db1", "--tags", "firewall"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
