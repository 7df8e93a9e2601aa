"""The control node's copy of the checkout: what its lock holds and how a copy is named."""

from __future__ import annotations

import re
from pathlib import Path

from shoko.control.release import LOCK, identity

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def test_the_control_node_runs_the_versions_that_were_tested():
    whole = dict(PIN.findall((ROOT / "requirements.txt").read_text()))
    part = dict(PIN.findall((ROOT / LOCK).read_text()))
    assert "ansible-core" in part
    assert {name: version for name, version in part.items() if whole.get(name) != version} == {}


def test_every_package_of_its_lock_has_a_hash():
    text = (ROOT / LOCK).read_text()
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)


def test_a_copy_is_named_by_commit_and_lock():
    assert identity("a" * 40, b"lock") == identity("a" * 40, b"lock")
    assert len({identity("a" * 40, b"lock"), identity("b" * 40, b"lock"), identity("a" * 40, b"other")}) == 3
