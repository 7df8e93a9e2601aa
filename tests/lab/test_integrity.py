"""Files of hosts on the converged lab: over a hundred planted changes are told, by the command and, without anybody
asking, by the control node at both collectors; a run accepts what it changes, and nothing that stood there before it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collected import COLLECTORS, DOMAIN, KEPT, eventually
from converged import Converged
from segments.site import CHECKOUT, SITE

HOST = "ti-central"
PLANTER = (Path(__file__).parent / "planter.py").read_text(encoding="utf-8")
STORE = "/var/lib/shoko-integrity"
PLANTED = "/usr/local/bin/shoko-test-before-the-run"


def integrity(verb: str, host: str = HOST) -> tuple[int, dict[str, Any]]:
    """The exit code, and the result for machines about one host; under `said` where there is none."""
    done = subprocess.run(
        [sys.executable, "-m", "shoko.cli", "integrity", verb, "-i", str(SITE), "--host", host, "--json"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    if not done.stdout.startswith("{"):
        return done.returncode, {"said": done.stderr}
    (found,) = json.loads(done.stdout)["hosts"]
    return done.returncode, found


def paths(found: dict[str, Any]) -> set[str]:
    """Where something was found."""
    return {finding["path"] for finding in found["findings"]}


def told_of(lab: Converged, collector: str, since: int) -> list[str]:
    """What the control node has said about files since then, as a collector holds it."""
    file = f"{KEPT}/ctl1{DOMAIN}"
    command = f"tail -c +{since + 1} {file} | grep -F ' shoko-integrity['"
    return lab.inside(collector, "sh", "-c", command).stdout.splitlines()


def sizes(lab: Converged) -> dict[str, int]:
    """Bytes that each collector holds of the control node."""
    return {one: int(lab.said(one, "stat", "-c", "%s", f"{KEPT}/ctl1{DOMAIN}")) for one in COLLECTORS}


@dataclass(frozen=True)
class Told:
    """What was planted, what was told before, while it stood, and after it was taken back."""

    planted: list[tuple[str, str, str]]
    before: tuple[int, dict[str, Any]]
    standing: tuple[int, dict[str, Any]]
    alerts: dict[str, list[str]]  # by collector
    after: tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def told(converged: Converged) -> Told:
    """What was told of everything that can be planted; the watch looks when it is asked to, and at no other time."""
    converged.said("ctl1", "systemctl", "stop", "shoko-integrity.timer")
    try:
        return plant(converged)
    finally:
        converged.said("ctl1", "systemctl", "start", "shoko-integrity.timer")


def plant(converged: Converged) -> Told:
    """Plant everything at once, look, let the control node's own watch look, and take it back."""
    assert eventually(lambda: converged.at_rest("ctl1", "shoko-integrity.service"), 600)
    converged.said("ctl1", "rm", "-f", f"{STORE}/run.json")  # a run that failed holds the watch back for half an hour
    assert integrity("accept")[0] == 0
    before = integrity("check")
    since = sizes(converged)
    alerts: dict[str, list[str]] = {}
    try:
        planted = json.loads(converged.said(HOST, "python3", "-I", "-c", PLANTER, "plant"))
        standing = integrity("check")
        converged.inside("ctl1", "systemctl", "start", "shoko-integrity.service", timeout=900)

        def all_there() -> bool:
            alerts.update({one: told_of(converged, one, since[one]) for one in COLLECTORS})
            return all(
                sum(f"FILES {HOST}: " in line for line in alerts[one]) >= len(standing[1]["findings"])
                for one in COLLECTORS
            )

        eventually(all_there, 180)
    finally:
        converged.said(HOST, "python3", "-I", "-c", PLANTER, "undo")
    return Told([tuple(one) for one in planted], before, standing, alerts, integrity("check"))


def test_an_untouched_host_has_nothing_to_tell(told: Told) -> None:
    assert told.before == (0, told.before[1] | {"findings": [], "unknown": None, "first": False})


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
    assert paths(told.standing[1]) - {path for path, _, _ in told.planted} == set()


@pytest.mark.parametrize("collector", COLLECTORS)
def test_the_watch_tells_each_of_them_once_at_both_collectors(told: Told, collector: str) -> None:
    said = [line for line in told.alerts[collector] if f"FILES {HOST}: " in line]
    assert len(said) == len(told.standing[1]["findings"])
    assert all("daemon.alert" in line for line in said)
    for path, kind, _word in told.planted:
        assert any(f"FILES {HOST}: {kind:7} {path} " in line for line in said), path


def test_what_was_taken_back_is_no_longer_told(told: Told) -> None:
    assert told.after == (0, told.after[1] | {"findings": [], "unknown": None})


@contextmanager
def done(lab: Converged, host: str, there: str, back: str) -> Iterator[None]:
    """A change on a host by a shell line, and another one that takes it back."""
    lab.said(host, "sh", "-ec", there)
    try:
        yield
    finally:
        lab.said(host, "sh", "-ec", back)


def run_of_a_part(*more: str) -> str:
    """What `site.yml` begins and ends with, around a part of it on one host, as of a commit that it has not had."""
    finished = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(SITE / "shoko.yml"), "playbooks/begin.yml",
         "playbooks/base.yml", "playbooks/end.yml", "--limit", HOST, "--tags", "access",
         "-e", "begin_inputs=", "-e", "end_inputs=", *more],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-2000:]
    return finished.stdout


def test_what_a_run_changes_is_accepted_and_what_was_planted_before_it_is_told_and_stays(
    told: Told, converged: Converged
) -> None:
    since = sizes(converged)
    with done(converged, HOST, f"echo planted >{PLANTED}", f"rm {PLANTED}"):
        said = run_of_a_part("-e", "access_idle_seconds=300")
        assert "TMOUT=300" in converged.said(HOST, "cat", "/etc/profile.d/shoko.sh")
        code, found = integrity("check")
    assert f"new     {PLANTED}" in said
    assert (code, paths(found)) == (1, {PLANTED})
    alert = f"FILES {HOST}: new     {PLANTED}"
    for collector in COLLECTORS:
        assert eventually(lambda one=collector: any(alert in line for line in told_of(converged, one, since[one])), 60)
    run_of_a_part()
    assert "TMOUT=600" in converged.said(HOST, "cat", "/etc/profile.d/shoko.sh")
    assert integrity("check")[0] == 0


def test_a_change_by_hand_is_told_until_it_is_taken_back(told: Told, converged: Converged) -> None:
    change = "sed -i.kept 's/TMOUT=.*/TMOUT=/; s/^umask 077/umask 022/' /etc/profile.d/shoko.sh"
    with done(converged, HOST, change, "mv /etc/profile.d/shoko.sh.kept /etc/profile.d/shoko.sh"):
        assert paths(integrity("check")[1]) == {"/etc/profile.d/shoko.sh", "/etc/profile.d/shoko.sh.kept"}
    assert integrity("check")[0] == 0


def test_compiled_code_of_ours_is_watched_too(told: Told, converged: Converged) -> None:
    """What runs is not the source; nobody writes it after its release was set up, so it is quiet by itself."""
    find = "find /srv -path '*/shoko/__pycache__/errors.*.pyc'"
    (compiled,) = converged.said("ctl1", "sh", "-ec", find).splitlines()
    assert integrity("accept", "ctl1")[0] == 0
    flip = f"cp -p {compiled} /run/compiled; printf '\\0' | dd of={compiled} bs=1 seek=99 conv=notrunc status=none"
    with done(converged, "ctl1", flip, f"cp -p /run/compiled {compiled}"):
        assert paths(integrity("check", "ctl1")[1]) == {compiled}
    assert integrity("check", "ctl1")[0] == 0


# A program in a package of its own, made and installed by hand.
PACKAGE = r"""
cd $(mktemp -d) && chmod 755 . && mkdir -p p/DEBIAN p/usr/bin && printf '#!/bin/sh\n' >p/usr/bin/shoko-nothing
for line in 'Package: shoko-nothing' 'Version: 1' 'Architecture: all' 'Maintainer: nobody' 'Description: nothing'; do
    echo "$line" >>p/DEBIAN/control
done
chmod -R 755 p && dpkg-deb --build p p.deb >/dev/null
setpriv --reuid nobody --regid nogroup --clear-groups dpkg -i p.deb 2>/dev/null && echo somebody installs
dpkg -i p.deb >/dev/null; rm -r "$PWD"
"""


def test_nobody_installs_a_package_and_one_that_root_installs_by_hand_is_told(told: Told, converged: Converged) -> None:
    try:
        assert converged.said(HOST, "sh", "-c", PACKAGE) == ""
        found = paths(integrity("check")[1])
    finally:
        converged.said(HOST, "dpkg", "--purge", "shoko-nothing")
    assert {"/usr/bin/shoko-nothing", "/var/lib/dpkg/info/shoko-nothing.list"} <= found
    assert integrity("check")[0] == 0


def test_who_narrows_what_is_watched_is_seen(told: Told, converged: Converged) -> None:
    conf = "/etc/shoko/integrity.conf"
    with done(
        converged, HOST, f"cp -p {conf} /run/integrity.conf; echo '!/usr/local' >>{conf}",
        f"cp -p /run/integrity.conf {conf}",
    ):  # fmt: skip
        code, found = integrity("check")
    assert code == 1
    gone = {finding["path"] for finding in found["findings"] if finding["kind"] == "gone"}
    assert "/usr/local/sbin/shoko-fingerprint" in gone


def test_an_answer_of_another_time_is_refused(told: Told, converged: Converged) -> None:
    observer, aside = "/usr/local/sbin/shoko-observe", "/run/shoko-observe.kept"
    forge = (
        f"mv {observer} {aside}; echo 'files 0' | {aside} --each-line >/run/recorded; "
        f"printf '#!/bin/sh\\nread line\\ncat /run/recorded\\n' >{observer}; chmod 755 {observer}"
    )
    with done(converged, HOST, forge, f"mv {aside} {observer}; rm /run/recorded"):
        code, found = integrity("check")
    assert code == 2
    assert "repeats what it told at another time" in found["unknown"]


def test_a_host_that_does_not_answer_is_no_pass(told: Told, converged: Converged) -> None:
    tool = "/usr/local/sbin/shoko-fingerprint"
    with done(converged, HOST, f"mv {tool} /run/shoko-fingerprint", f"mv /run/shoko-fingerprint {tool}"):
        code, found = integrity("check")
    assert code == 2
    assert "cannot be read" in found["unknown"]


def test_whoever_changes_what_is_kept_on_the_control_node_is_found_out(told: Told, converged: Converged) -> None:
    accepted = f"{STORE}/accepted.json"
    keep = f"cp -p {accepted} /run/accepted.kept"
    back = f"cp -p /run/accepted.kept {accepted}"
    with done(converged, "ctl1", f"{keep}; sed -i 's/{HOST}/somebody/' {accepted}", back):
        code, said = integrity("check")
        assert code == 2
        assert "is not what was signed" in said["said"]
        assert integrity("accept")[0] == 2, "what cannot be compared is not accepted either"
    digest = json.loads(json.loads(converged.said("ctl1", "cat", accepted))["statement"])["hosts"][HOST]["files"]
    file = f"{STORE}/fingerprints/{digest}"
    with done(converged, "ctl1", f"cp -p {file} /run/print.kept; sed -i 's,/etc/passwd ,/etc/passwx ,' {file}",
              f"cp -p /run/print.kept {file}"):  # fmt: skip
        code, found = integrity("check")
    assert code == 2
    assert "is not what was signed" in found["unknown"]
    assert integrity("check")[0] == 0


def test_the_key_that_signs_is_not_where_what_it_signs_lies(told: Told, converged: Converged) -> None:
    public = (CHECKOUT / ".lab/keys/integrity.pub").read_text(encoding="utf-8").split()[1]
    assert public in converged.said("ctl1", "cat", "/etc/shoko/integrity.signers")
    private = (CHECKOUT / ".lab/keys/integrity").read_text(encoding="utf-8").splitlines()[2]
    assert converged.inside("ctl1", "grep", "-rlF", private, "/etc", "/var/lib", "/root", "/srv").stdout == ""


def test_who_compares_may_look_and_nothing_else(told: Told, converged: Converged) -> None:
    as_user = ("runuser", "-u", "shoko-integrity", "--")
    for command in (["cat", "/etc/shoko/keys/controller"], ["cat", "/etc/shadow"], ["sudo", "-n", "id"]):
        tried = converged.inside("ctl1", *as_user, *command)
        assert tried.returncode != 0, command
        assert tried.stdout == ""
    assert converged.inside("ctl1", *as_user, "test", "-r", "/etc/shoko/keys/observer").returncode == 0
    assert converged.said("ctl1", "systemctl", "is-active", "shoko-integrity.timer") == "active"
