"""An ssh session dies under a task. The host goes on with it, and the run knows in the end what the host did."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from collected import eventually
from converged import Converged
from segments.site import CHECKOUT, SITE

HOST, FILE = "mon1", "/var/tmp/shoko-broken-connection"  # noqa: S108 - on a host of the lab
STATE = "/var/tmp/shoko-broken-state"  # noqa: S108 - the host's own notes are left alone
SECONDS = 25  # that the task is at work, within which its connection is cut


@pytest.fixture
def play(tmp_path, converged: Converged):
    """A playbook whose one task takes a while, with a handler; the folder is where its page goes."""
    task = {
        "name": "Keep a file",
        "shoko.core.files": {
            "part": "broken",
            "state_dir": STATE,
            "files": [{"path": FILE, "content": "done once\n"}],
            "validate": [{"command": ["sleep", str(SECONDS)]}],
        },
        "notify": "Say it",
    }
    handler = {"name": "Say it", "ansible.builtin.debug": {"msg": "the handler was told"}}
    plays = [{"name": "Break", "hosts": HOST, "gather_facts": False, "tasks": [task], "handlers": [handler]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    yield tmp_path
    converged.said(HOST, "rm", "-rf", FILE, STATE)


def test_a_session_that_dies_under_a_task_loses_nothing(converged: Converged, play: Path, monkeypatch):
    monkeypatch.setenv("SHOKO_PLAN_FILE", str(play / "page.json"))
    run = subprocess.Popen(
        [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(SITE / "shoko.yml"), str(play / "play.yml")],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    at_work = ["pgrep", "-f", f"sleep {SECONDS}$"]
    assert eventually(lambda: converged.inside(HOST, *at_work).returncode == 0, 120)
    converged.said(HOST, "pkill", "--signal", "KILL", "--full", "^sshd-session: shoko")
    said, _ = run.communicate(timeout=600)
    assert run.returncode == 0, said
    page = json.loads((play / "page.json").read_text())
    assert page["sent_twice"] == {HOST: ["Keep a file"]}, said
    assert page["files"] == {HOST: {FILE: "create"}}
    assert "the handler was told" in said
    assert converged.said(HOST, "cat", FILE) == "done once"
