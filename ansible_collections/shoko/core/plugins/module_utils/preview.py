"""Run a product's own checker on the host as it *would be*: the whole new tree at its real paths.

A checker that follows includes (nginx, sshd, rsyslog, squid) tells the truth only about a whole tree. A
child process takes a mount namespace of its own, lays an overlay (upper layer on a tmpfs) over every
touched top directory, writes the changes there and runs the checkers. The host sees nothing of it, and it
vanishes with the child. overlayfs allows two levels, so a host whose root is an overlay itself is fine.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import stat
import subprocess
import tempfile

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.tree_apply import Transaction
from ansible_collections.shoko.core.plugins.module_utils.tree_plan import Change

_CLONE_NEWNS = 0x00020000  # linux/sched.h
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18  # sys/mount.h
_TIMEOUT = 120  # seconds for one checker
_SHARED_TOPS = ("/usr",)  # below these the second level is overlaid, the first is far too large a view


def below(path: str, prefix: str) -> bool:
    """Tell whether ``path`` is ``prefix`` or lies below it."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def top_of(path: str) -> str:
    """Return the directory to lay an overlay over: ``/etc``, ``/usr/local`` …"""
    parts = path.split("/")
    first = f"/{parts[1]}"
    return f"{first}/{parts[2]}" if first in _SHARED_TOPS else first


def find_program(command: list[str]) -> str | None:
    """Return the full path of a checker's program, or None if it is not installed."""
    search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return shutil.which(command[0], path=search)


def run_checkers(commands: list[list[str]], changes: list[Change]) -> list[dict]:
    """Return for each command ``{"rc": int, "output": str}`` as run in the previewed host.

    Raises HostError if the private view cannot be made (no CAP_SYS_ADMIN, no overlayfs).
    """
    scratch = tempfile.mkdtemp(prefix="shoko-preview-")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(writer, scratch, commands, changes)  # never returns
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        os.rmdir(scratch)
    if not answer:
        raise HostError("the private view of the new files ended without an answer")
    result = json.loads(answer)
    if "error" in result:
        raise HostError(f"no private view of the new files can be made on this host: {result['error']}")
    return result["results"]


def _child(writer: int, scratch: str, commands: list[list[str]], changes: list[Change]) -> None:
    code = 0
    try:
        _private_view(scratch, sorted({top_of(change.path) for change in changes}))
        Transaction(os.path.join(scratch, "journal")).apply(changes)
        answer = {"results": [_check(command) for command in commands]}
    except (OSError, HostError) as error:
        answer = {"error": str(error)}
    except BaseException as error:  # the parent must hear of everything; this process ends here
        answer = {"error": f"{type(error).__name__}: {error}"}
    try:
        os.write(writer, json.dumps(answer).encode())
    except OSError:
        code = 1
    os._exit(code)


def _check(command: list[str]) -> dict:
    try:
        done = subprocess.run(
            [find_program(command) or command[0], *command[1:]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=_TIMEOUT, check=False, cwd="/",
            env={**os.environ, "LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"rc": 124, "output": f"did not end within {_TIMEOUT} s"}
    return {"rc": done.returncode, "output": done.stdout.decode(errors="replace")[-20_000:]}


def _private_view(scratch: str, tops: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def checked(result: int, what: str) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{what}: {os.strerror(number)}")

    def mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
        checked(
            libc.mount(
                source.encode(), target.encode(), kind.encode() if kind else None,
                ctypes.c_ulong(flags), data.encode() if data else None,
            ),
            f"mount {kind or 'bind'} on {target}",
        )  # fmt: skip

    checked(libc.unshare(_CLONE_NEWNS), "unshare")
    mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)
    mount("shoko-preview", scratch, "tmpfs", 0, "mode=0700")
    for number, top in enumerate(tops):
        before = os.stat(top)
        inner = [(path, os.open(path, os.O_PATH)) for path in _mounts_below(top) if os.path.exists(path)]
        upper, work = os.path.join(scratch, f"u{number}"), os.path.join(scratch, f"w{number}")
        os.mkdir(upper)
        os.mkdir(work)
        # The merged root takes its rights from the upper layer.
        os.chown(upper, before.st_uid, before.st_gid)
        os.chmod(upper, stat.S_IMODE(before.st_mode))
        mount("overlay", top, "overlay", 0, f"lowerdir={top},upperdir={upper},workdir={work}")
        for path, handle in inner:
            # An overlay shows one file system only: what is mounted below must be laid over it again.
            mount(f"/proc/self/fd/{handle}", path, None, _MS_BIND | _MS_REC, None)
            os.close(handle)


def _mounts_below(top: str) -> list[str]:
    """Return where something is mounted below ``top``, without what is mounted below that again."""
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        points = sorted({line.split()[4].encode().decode("unicode_escape") for line in stream})
    found: list[str] = []
    for point in points:
        if point != top and below(point, top) and not any(below(point, outer) for outer in found):
            found.append(point)
    return found
