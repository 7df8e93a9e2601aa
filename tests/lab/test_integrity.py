"""`shoko integrity` on the converged lab: over a hundred planted changes are told; an untouched host has none."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from converged import Converged
from segments.site import CHECKOUT, SITE

HOST = "ti-central"
PLANTER = (Path(__file__).parent / "planter.py").read_text(encoding="utf-8")


def integrity(verb: str, kept: Path, host: str = HOST) -> tuple[int, dict[str, Any]]:
    """The exit code, and the result for machines about one host."""
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "integrity", verb, "-i", str(SITE), "--host", host, "--json",
         "--kept", str(kept)],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stderr
    (found,) = json.loads(done.stdout)["hosts"]
    return done.returncode, found


@dataclass(frozen=True)
class Told:
    """What was planted, and what was told before, while it stood, and after it was taken back."""

    planted: list[tuple[str, str, str]]
    first: tuple[int, dict[str, Any]]
    before: tuple[int, dict[str, Any]]
    standing: tuple[int, dict[str, Any]]
    after: tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the accepted state lies."""
    return tmp_path_factory.mktemp("integrity")


@pytest.fixture(scope="module")
def told(converged: Converged, kept: Path) -> Told:
    """Plant everything at once, look, and take it back."""
    nothing_yet = integrity("check", kept)
    assert nothing_yet[0] == 2, "before anything was accepted nothing can be said"
    first = integrity("accept", kept)
    before = integrity("check", kept)
    try:
        planted = json.loads(converged.said(HOST, "python3", "-I", "-c", PLANTER, "plant"))
        standing = integrity("check", kept)
    finally:
        converged.said(HOST, "python3", "-I", "-c", PLANTER, "undo")
    return Told([tuple(one) for one in planted], first, before, standing, integrity("check", kept))


def test_an_untouched_host_has_nothing_to_tell(told: Told) -> None:
    assert told.first[0] == 0
    assert told.first[1]["first"] is True
    assert told.before == (0, told.before[1] | {"findings": [], "unknown": None})


def test_every_planted_change_is_told_by_its_path_and_what_changed(told: Told) -> None:
    assert len(told.planted) >= 100
    code, found = told.standing
    assert code == 1, found["unknown"]
    by_path = {finding["path"]: finding for finding in found["findings"]}
    missed = [
        (path, kind, word)
        for path, kind, word in told.planted
        if path not in by_path or by_path[path]["kind"] != kind or word not in ", ".join(by_path[path]["what"])
    ]
    assert missed == []


def test_nothing_else_is_told(told: Told) -> None:
    planted = {path for path, _, _ in told.planted}
    assert [finding for finding in told.standing[1]["findings"] if finding["path"] not in planted] == []


def test_what_was_taken_back_is_no_longer_told(told: Told) -> None:
    assert told.after == (0, told.after[1] | {"findings": [], "unknown": None})


def test_who_narrows_what_is_watched_is_seen(told: Told, converged: Converged, kept: Path) -> None:
    conf = "/etc/shoko/integrity.conf"
    converged.said(HOST, "sh", "-ec", f"cp -p {conf} /run/integrity.conf; echo '!/usr/local' >>{conf}")
    try:
        code, found = integrity("check", kept)
    finally:
        converged.said(HOST, "cp", "-p", "/run/integrity.conf", conf)
    assert code == 1
    gone = {finding["path"] for finding in found["findings"] if finding["kind"] == "gone"}
    assert "/usr/local/sbin/shoko-fingerprint" in gone


def test_a_fingerprint_that_somebody_changed_or_put_there_for_another_host_is_refused(told: Told, kept: Path) -> None:
    file, seal = kept / f"{HOST}.db", kept / f"{HOST}.db.sig"
    good = file.read_bytes()
    file.write_bytes(good.replace(b"/etc/passwd", b"/etc/passwx", 1))
    try:
        assert integrity("check", kept)[0] == 2
        file.write_bytes(good)
        (kept / "px1.db").write_bytes(good)
        (kept / "px1.db.sig").write_bytes(seal.read_bytes())
        code, found = integrity("check", kept, "px1")
        assert code == 2
        assert "not what was signed for px1" in found["unknown"]
        assert integrity("accept", kept, "px1")[0] == 2, "what cannot be compared is not accepted either"
    finally:
        file.write_bytes(good)


def test_a_host_that_does_not_answer_is_no_pass(converged: Converged, kept: Path) -> None:
    converged.said(HOST, "mv", "/usr/local/sbin/shoko-fingerprint", "/run/shoko-fingerprint")
    try:
        code, found = integrity("check", kept)
    finally:
        converged.said(HOST, "mv", "/run/shoko-fingerprint", "/usr/local/sbin/shoko-fingerprint")
    assert code == 2
    assert "cannot be read" in found["unknown"]
