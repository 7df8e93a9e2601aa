"""A browser that sits at a lab host: the machine's own Chromium in that host's network, names and trust.

`wrapper` writes a program that Playwright takes as `executable_path`. Run, it enters the host's network
namespace, sees the host's resolv.conf and hosts file, and becomes an unprivileged user whose certificate
store (NSS) holds the given authorities, so that no certificate error has to be ignored.
"""

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from shoko.lab.errors import LabError
from shoko.lab.machine import Machine
from shoko.lab.run import run
from shoko.lab.settings import CHECKOUT, LabSettings

NOBODY = 65534  # user and group "nobody"/"nogroup" of Debian
_CLONE_NEWNET, _CLONE_NEWNS = 0x40000000, 0x00020000  # linux/sched.h
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18  # sys/mount.h
_NAME_FILES = ("resolv.conf", "hosts")


def wrapper(
    settings: LabSettings,
    machine: Machine,
    folder: Path,
    authorities: Sequence[Path],
    browser: str = "/usr/bin/chromium",
) -> Path:
    """Write and return a program that starts `browser` at the host; `folder` becomes the user's home.

    `authorities` are PEM files that the browser trusts. Copies the host's name files as they are now.
    """
    if shutil.which("certutil") is None:
        raise LabError("no certutil on this machine: apt-get install libnss3-tools")
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / ".pki/nssdb"
    if not store.exists():
        store.mkdir(parents=True)
        run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"])
    for number, authority in enumerate(authorities):
        run(["certutil", "-A", "-d", f"sql:{store}", "-n", f"authority {number}", "-t", "C,,", "-i", authority])
    for name in _NAME_FILES:
        content = subprocess.run(machine.entry(["cat", f"/etc/{name}"]), capture_output=True, text=True, check=False)
        (folder / name).write_text(content.stdout)
    _give(folder)
    program = folder / "browser"
    program.write_text(
        "#!/bin/sh\n"
        f'PYTHONPATH="{CHECKOUT}" exec "{sys.executable}" -m shoko.lab.browser '
        f'"{settings.machine(machine.host.name)}" "{folder}" "{browser}" "$@"\n'
    )
    program.chmod(0o755)
    return program


def _give(folder: Path) -> None:
    """Make everything below `folder` the unprivileged user's."""
    os.chown(folder, NOBODY, NOBODY)
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            os.chown(Path(parent) / name, NOBODY, NOBODY, follow_symlinks=False)


def _checked(result: int, what: str) -> None:
    if result != 0:
        raise LabError(f"{what}: {os.strerror(ctypes.get_errno())}")


def enter(namespace: str, folder: Path, program: Sequence[str]) -> None:
    """Become `program` in the namespace, as nobody, with the name files of `folder`. Does not return."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open("rb") as handle:
        os.setns(handle.fileno(), _CLONE_NEWNET)
    _checked(libc.unshare(_CLONE_NEWNS), "unshare")
    _checked(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "mount / private")
    for name in _NAME_FILES:
        source, target = os.fsencode(folder / name), f"/etc/{name}".encode()
        _checked(libc.mount(source, target, None, _MS_BIND, None), f"bind {folder / name}")
    for argument in program:  # the driver made the profile as root
        if argument.startswith("--user-data-dir="):
            profile = Path(argument.partition("=")[2])
            profile.mkdir(parents=True, exist_ok=True)
            _give(profile)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    os.execvpe(program[0], list(program), {**environment, "HOME": str(folder), "PYTHONPATH": ""})  # noqa: S606


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("namespace")
    parser.add_argument("folder", type=Path)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    enter(given.namespace, given.folder, given.program)
