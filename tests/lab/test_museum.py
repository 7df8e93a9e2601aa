"""The small site, five servers with several groups each: from nothing to a search and a log-in, in a lab of its own.

In order: each test stands on the ones before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import CHECKOUT, LabCommand
from visitor import MELOS, OPAC, Visitor, found, log_in

SITE = CHECKOUT / "inventories/museum"
PASSWORD = "a-demonstration-in-a-lab"


@dataclass(frozen=True)
class Museum:
    """A running lab of the museum, and where its authority and its secrets lie: nobody's real ones."""

    lab: LabCommand
    keys: Path

    @property
    def root_certificate(self) -> Path:
        """What a browser of the site has to trust."""
        return self.keys / "ca/root.pem"

    @property
    def ports(self) -> tuple[int, int]:
        """The machine's ports that lead to the collection and to the staff screens."""
        public, staff = json.loads((self.lab.folder / "lab.json").read_text())["ports"]
        return int(public), int(staff)

    def play(self, playbook: str) -> dict[str, dict[str, int]]:
        """Run a playbook as its operator does; what Ansible counted, by host."""
        variables = {
            "trust_ca_dir": str(self.keys / "ca"),
            "control_ca_dir": str(self.keys / "ca"),
            "ils_secrets_directory": str(self.keys / "secrets"),
            "demo_wanted": True,
            "demo_password": PASSWORD,
        }
        command = str(Path(sys.executable).parent / "ansible-playbook")
        done = subprocess.run(
            [command, "-i", str(SITE), playbook, "-e", json.dumps(variables)],
            env={**self.lab.environment, "SHOKO_SSH_CONFIG": str(self.lab.link), "ANSIBLE_FORCE_COLOR": "0"},
            cwd=CHECKOUT, capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
        recap = re.findall(r"^(\S+)\s+: (ok=.*)$", done.stdout, re.MULTILINE)
        return {host: {key: int(n) for key, n in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in recap}


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Museum]:
    """The museum's hosts on day 0 with an authority; taken down and removed at the end."""
    folder = tmp_path_factory.mktemp("museum")
    lab = LabCommand(f"tm{os.getpid() % 100000}", folder / "state", SITE)
    site = Museum(lab, folder / "keys")
    try:
        lab.run("up", "--ports", "auto")
        subprocess.run(
            [sys.executable, "-m", "shoko.cli", "trust", "init", "-i", str(SITE), "--ca-dir", str(site.keys / "ca")],
            cwd=CHECKOUT, check=True, timeout=60,
        )  # fmt: skip
        yield site
    finally:
        lab.end()


def test_one_run_makes_the_appliance(museum):
    counted = museum.play("playbooks/site.yml")
    assert {"fw1", "fw2", "srv1", "srv2", "srv3", "sw1", "tb-main"} <= set(counted)
    museum.play("playbooks/demo.yml")


def test_a_second_run_changes_nothing(museum):
    counted = museum.play("playbooks/site.yml")
    assert {host: counts["changed"] for host, counts in counted.items() if counts["changed"]} == {}


def test_every_host_runs_without_a_failed_unit(museum):
    states = museum.lab.states()
    assert set(states.values()) == {"running"}, states


def test_a_citizen_finds_a_record_through_the_entry(museum):
    citizen = Visitor(OPAC, museum.ports[0], museum.root_certificate)
    assert MELOS in found(citizen.get("/search/?q=" + urllib.parse.quote("走れメロス")))


def test_staff_log_in_at_a_terminal(museum):
    staff = log_in(museum.ports[1], museum.root_certificate, PASSWORD)
    assert "<form" in staff.get("/lend/")


def test_the_way_in_names_the_terminal(museum):
    said = museum.lab.run("url").stdout
    assert f"https://staff.shoko.localhost:{museum.ports[1]}/  (as seen from tb-main" in said
