"""Runs modules of the collection for real on a private copy of the system."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "ansible_collections.shoko.core.plugins"
_NEWNS, _NEWPID, _NEWNET = 0x00020000, 0x20000000, 0x40000000  # linux/sched.h
_PDEATHSIG = 1  # linux/prctl.h
_NOSUID, _NODEV, _NOEXEC, _REC, _PRIVATE = 0x2, 0x4, 0x8, 0x4000, 1 << 18  # sys/mount.h


@dataclass
class FakeModule:
    """What a module's own functions use of AnsibleModule."""

    params: dict[str, Any]
    check_mode: bool = False
    _diff: bool = False
    warnings: list[str] = field(default_factory=list)


@pytest.fixture
def module() -> type[FakeModule]:
    """Return the stand-in for AnsibleModule."""
    return FakeModule


def _private_copy(scratch: Path, tops: tuple[str, ...], *, network: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def checked(result: int, what: str) -> None:
        if result:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

    checked(libc.unshare(_NEWNS | _NEWPID | (_NEWNET if network else 0)), "unshare")
    if child := os.fork():  # who asks for another process tree is not in it, its children are
        try:
            os.waitpid(child, 0)
        finally:  # whatever interrupts it, it has nothing to answer
            os._exit(0)
    checked(libc.prctl(_PDEATHSIG, signal.SIGKILL), "prctl")
    checked(libc.mount(b"none", b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None), "private")
    checked(libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC), None), "proc")
    checked(libc.mount(b"sandbox", bytes(scratch), b"tmpfs", ctypes.c_ulong(0), b""), "tmpfs")
    for number, top in enumerate(tops):
        upper, work = scratch / f"u{number}", scratch / f"w{number}"
        upper.mkdir()
        work.mkdir()
        upper.chmod(0o755)
        data = f"lowerdir={top},upperdir={upper},workdir={work}".encode()
        checked(libc.mount(b"overlay", top.encode(), b"overlay", ctypes.c_ulong(0), data), f"overlay {top}")


@pytest.fixture
def sandbox(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that runs another one as root on a private copy of parts of this system.

    ``sandbox(work, "/etc", network=True)`` forks; the child gets its own processes, its own mounts (an overlay over
    each named directory) and, if asked, its own network; what ``work`` returns or raises comes back. Without processes
    of its own, work that ends those of a user would end everything on this machine that has this user's number, hosts
    in containers included.
    """
    if os.geteuid() != 0:
        pytest.skip("namespaces of one's own need root")
    scratch = tmp_path / "sandbox"
    scratch.mkdir()

    def run(work: Callable[[], Any], *tops: str, network: bool = False) -> Any:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reader)
                _private_copy(scratch, tops, network=network)
                answer = (True, work())
            except BaseException:
                answer = (False, traceback.format_exc())
            with os.fdopen(writer, "wb") as stream:
                pickle.dump(answer, stream)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            good, answer = pickle.load(stream)  # noqa: S301 - written by our own child
        os.waitpid(child, 0)
        assert good, answer
        return answer

    return run
