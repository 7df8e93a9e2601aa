"""A window between two instants in the declaration, on real hosts: shut, then open, and its session ends with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from held import Held
from segments.site import CHECKOUT, SITE, Site

FLOW = "one-evening"
SOURCE, TARGET = "log1", "app1"
PREPARE = 150  # seconds that the run before the window may take; two busy cores
LASTS = 60
BEFORE_END = 10  # seconds: sshd itself sends a stranger away after thirty


def instant(seconds: float) -> str:
    """A moment as a declaration writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def apply(inventory: Path) -> None:
    """Bring the rules of the hosts concerned to a declaration, as an operator does."""
    done = subprocess.run(
        [str(CHECKOUT / ".venv/bin/ansible-playbook"), "-i", str(inventory / "shoko.yml"), "playbooks/network.yml",
         "--tags", "firewall", "--limit", f"gateways,{SOURCE},{TARGET}"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.fixture
def window(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A copy of the declaration with one flow more, applied; start and end of its window."""
    copy = tmp_path / "lab"
    shutil.copytree(SITE, copy)
    # The hosts look at their windows every minute, so it begins at a full one.
    start = (int(time.time()) + PREPARE) // 60 * 60 + 60
    end = start + LASTS
    flows = copy / "declaration/flows.yml"
    declared = yaml.safe_load(flows.read_text())
    declared["flows"][FLOW] = {
        "from": {"host": SOURCE},
        "to": {"host": TARGET, "leg": "business"},
        "services": ["ssh"],
        "window": {"from": instant(start), "to": instant(end)},
        "why": {"operation": "一晩だけの作業"},
        "owner": "library-systems",
    }
    flows.write_text(yaml.safe_dump(declared, allow_unicode=True))
    numbers = copy / "declaration/numbers.yml"
    given = yaml.safe_load(numbers.read_text())
    given["numbers"][FLOW] = max(*given["numbers"].values(), *given["retired"]) + 1
    numbers.write_text(yaml.safe_dump(given))
    apply(copy)
    yield start, end
    apply(SITE)


def reaches(site: Site) -> bool:
    """Whether the source gets a connection."""
    source, target = (str(site.declaration.hosts[host].manage_leg.ipv4) for host in (SOURCE, TARGET))
    answer = site.work(SOURCE, "connect", {"attempts": [["x", source, target, 22, 0]], "seconds": 3.5})
    return answer["x"] in ("open", "refused")


def test_a_declared_window_opens_and_ends_by_itself(site: Site, window: tuple[int, int]) -> None:
    start, end = window
    assert time.time() < start - 5, "the run took longer than the time before the window: nothing would be shown"
    assert not reaches(site), "open before its time"
    time.sleep(max(0.0, start - time.time()))
    while not reaches(site):
        assert time.time() < start + 20, "shut although its time has come"
    time.sleep(max(0.0, end - BEFORE_END - time.time()))
    held = Held([*site.network(SOURCE), sys.executable], str(site.declaration.hosts[TARGET].manage_leg.ipv4))
    try:
        assert held.greeting.startswith("SSH-2.0"), held.greeting
        time.sleep(max(0.0, end - time.time()) + 2)
        assert held.say("not SSH") == "TimeoutError", "the session outlives its window"
    finally:
        held.end()
    assert not reaches(site), "open after its time"
