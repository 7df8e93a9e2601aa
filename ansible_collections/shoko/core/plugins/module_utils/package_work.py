"""Debian packages present or absent: how ``packages`` and ``part`` bring them there."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator

from ansible_collections.shoko.core.plugins.module_utils.commands import Done, run
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.task import Task

OPTIONS: dict = {
    "packages": {"type": "list", "elements": "str", "default": []},
    "absent": {"type": "list", "elements": "str", "default": []},
}
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?")
POLICY = "/usr/sbin/policy-rc.d"
SAVED = "/usr/sbin/policy-rc.d.before-shoko"
SIGN = "# Written by shoko.core.packages for the time of one installation."
UPDATES = "/var/lib/dpkg/updates"  # holds files only while dpkg was interrupted
STAMP = "/var/lib/shoko/apt-lists-refreshed"
SOURCES = ("/etc/apt", "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d", "/etc/apt/keyrings")
TIMEOUT = 900  # seconds that one call of apt-get may take
FRESH = 600  # seconds: lists of this age serve several roles of one run
APT = [
    "apt-get", "--yes", "--quiet", "--no-install-recommends",
    "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
    "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120",
    # Without it apt-get update ends with 0 although a source was not reached.
    "-o", "APT::Update::Error-Mode=any",
]  # fmt: skip
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_SUSPEND": "1",  # it would restart services, which is for the units that are due
}


def states(names: list[str]) -> dict[str, str]:
    """Return dpkg's state per known package: installed, config-files, half-configured …"""
    if not names:
        return {}
    form = "${Package}\t${Package}:${Architecture}\t${db:Status-Status}\n"
    found = {}
    for line in run(["dpkg-query", "--show", f"--showformat={form}", *names]).out.splitlines():
        plain, qualified, state = line.split("\t")
        for name in (plain, qualified):
            if found.get(name) != "installed":
                found[name] = state
    return found


def restore_policy() -> None:
    """Take our policy-rc.d away, also one that a killed run left; put the host's own back."""
    with contextlib.suppress(FileNotFoundError):
        with open(POLICY, encoding="utf-8", errors="replace") as stream:
            ours = SIGN in stream.read()
        if ours:
            os.unlink(POLICY)
    if os.path.lexists(SAVED) and not os.path.lexists(POLICY):
        os.rename(SAVED, POLICY)


@contextlib.contextmanager
def no_starts(*, stops: bool) -> Iterator[None]:
    """Refuse actions on services while a package is handled (policy-rc.d, exit code 101: forbidden).

    ``stops`` lets a removed package stop its service. During an installation even stops are refused: an
    upgraded service keeps running instead of being stopped and not started again.
    """
    if os.path.lexists(POLICY):
        os.rename(POLICY, SAVED)
    rule = 'case "$2" in stop|force-stop) exit 0 ;; esac\n' if stops else ""
    handle = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f"#!/bin/sh\n{SIGN}\n{rule}exit 101\n")
        os.fchmod(handle, 0o755)
    try:
        yield
    finally:
        restore_policy()


def lists_age() -> float:
    """Return the age of the package lists in seconds; infinite if unknown or the sources are newer."""
    try:
        stamp = os.stat(STAMP).st_mtime
    except FileNotFoundError:
        return float("inf")
    for place in SOURCES:
        with contextlib.suppress(OSError):
            inside = [entry.stat().st_mtime for entry in os.scandir(place)] if os.path.isdir(place) else []
            if max([os.stat(place).st_mtime, *inside]) > stamp:
                return float("inf")
    return max(0.0, time.time() - stamp)


def complaint(done: Done) -> str:
    """Return apt's own words about what failed, with the source it failed at."""
    lines = [line.strip() for line in f"{done.out}\n{done.err}".splitlines()]
    said: list[str] = []
    for number, line in enumerate(lines):
        if line.startswith("Err:"):
            said += [line, *lines[number + 1 : number + 2]]
        elif line.startswith(("E:", "dpkg: error")):
            said.append(line)
    return " | ".join(list(dict.fromkeys(said))[:6]) or done.tail()


def refresh(missing: list[str]) -> None:
    """Fetch the package lists; any source that fails is an error that also names what waits for it."""
    done = run([*APT, "update"], TIMEOUT, **ENVIRONMENT)
    if done.rc != 0:
        waiting = f"{', '.join(missing)}: cannot be installed, because " if missing else ""
        raise HostError(f"{waiting}package lists cannot be fetched: {complaint(done)}")
    os.makedirs(os.path.dirname(STAMP), mode=0o755, exist_ok=True)
    with open(STAMP, "w", encoding="utf-8"):
        os.utime(STAMP)


def repair(found: dict[str, str]) -> None:
    """Finish an installation that was interrupted, so that apt-get works again."""
    half = sorted(name for name, state in found.items() if state in ("half-installed", "half-configured", "unpacked"))
    if not half and not os.listdir(UPDATES):
        return
    with no_starts(stops=False):
        done = run(["dpkg", "--configure", "--pending", "--force-confdef", "--force-confold"], TIMEOUT, **ENVIRONMENT)
    if done.rc != 0:
        raise HostError(f"an interrupted installation ({', '.join(half)}) cannot be finished: {complaint(done)}")


def install(missing: list[str], *, refreshed: bool) -> bool:
    """Install packages; return whether the lists were fetched for it."""
    with no_starts(stops=False):
        done = run([*APT, "install", "--", *missing], TIMEOUT, **ENVIRONMENT)
        if done.rc != 0 and not refreshed:
            refresh(missing)
            refreshed = True
            done = run([*APT, "install", "--", *missing], TIMEOUT, **ENVIRONMENT)
    if done.rc != 0:
        raise HostError(f"{', '.join(missing)}: cannot be installed: {complaint(done)}")
    found = states(missing)
    broken = [name for name in missing if found.get(name) != "installed"]
    if broken:
        raise HostError(f"{', '.join(broken)}: apt-get reported success, dpkg does not know it as installed")
    return refreshed


def work(task: Task) -> dict:
    """Carry out a task with the options of ``packages``; return the result."""
    wanted, absent = task.params["packages"], task.params["absent"]
    for name in [*wanted, *absent]:
        if not NAME.fullmatch(name):
            raise HostError(f"{name!r} is not the name of a Debian package")
    both = sorted({*wanted} & {*absent})
    if both:
        raise HostError(f"{', '.join(both)}: asked for as present and as absent")
    found = states([*wanted, *absent])
    missing = [name for name in dict.fromkeys(wanted) if found.get(name) != "installed"]
    surplus = [
        name
        for name in dict.fromkeys(absent)
        if found.get(name, "not-installed") not in ("not-installed", "config-files")
    ]
    result = {"changed": bool(missing or surplus), "installed": missing, "removed": surplus, "refreshed": False}
    if task.diff and result["changed"]:
        result["diff"] = {
            "prepared": "".join([f"install {name}\n" for name in missing] + [f"remove {name}\n" for name in surplus])
        }
    if task.check:
        return result
    restore_policy()
    if missing and lists_age() > FRESH:
        refresh(missing)
        result["refreshed"] = True
    if missing or surplus:
        repair(found)
    if surplus:
        with no_starts(stops=True):
            done = run([*APT, "remove", "--", *surplus], TIMEOUT, **ENVIRONMENT)
        if done.rc != 0:
            raise HostError(f"{', '.join(surplus)}: cannot be removed: {complaint(done)}")
    if missing:
        result["refreshed"] = install(missing, refreshed=result["refreshed"])
    return result
