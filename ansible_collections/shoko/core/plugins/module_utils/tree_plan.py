"""Compare wanted entries with the host and list what would change; touches nothing."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from dataclasses import dataclass

from ansible_collections.shoko.core.plugins.module_utils.entries import Entry
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError

DPKG = "/var/lib/dpkg/info"  # where dpkg lists the files of each package that is installed


@dataclass
class Change:
    """One path that differs. ``change`` is create, modify, mode (rights only) or remove."""

    path: str
    change: str
    kind: str
    entry: Entry | None  # None: a removal, or a parent directory that nobody listed
    uid: int = 0
    gid: int = 0
    mode: int = 0o755
    secret: bool = False
    note: str = ""  # why the prediction is incomplete, e.g. an owner that does not exist yet
    implicit: bool = False  # a parent directory

    def report(self) -> dict:
        """Return what the task's result shows."""
        shown = {"path": self.path, "change": self.change, "kind": self.kind}
        if self.note:
            shown["note"] = self.note
        return shown


def kind_of(status: os.stat_result) -> str:
    """Return file, link, directory or other."""
    if stat.S_ISLNK(status.st_mode):
        return "link"
    if stat.S_ISDIR(status.st_mode):
        return "directory"
    return "file" if stat.S_ISREG(status.st_mode) else "other"


def lstat(path: str) -> os.stat_result | None:
    """Return the status of a path itself, or None if there is nothing."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


class Names:
    """Users and groups of the host, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int | None] = {}

    def _find(self, what: str, name: str) -> int | None:
        if (what, name) not in self._known:
            number: int | None = None
            if name.isdigit():
                number = int(name)
            else:
                with contextlib.suppress(KeyError):
                    number = pwd.getpwnam(name).pw_uid if what == "owner" else grp.getgrnam(name).gr_gid
            self._known[(what, name)] = number
        return self._known[(what, name)]

    def resolve(self, entry: Entry) -> tuple[int | None, int | None, str]:
        """Return uid, gid and a note naming what is missing."""
        uid, gid = self._find("owner", entry.owner), self._find("group", entry.group)
        missing = [
            f"{what} {name} absent"
            for what, name, number in (("owner", entry.owner, uid), ("group", entry.group, gid))
            if number is None
        ]
        return uid, gid, ", ".join(missing)


def awaited(entries: list[Entry], dpkg: str = DPKG) -> set[str]:
    """Return the paths that a package will have brought before they are written, and the directories above them.

    Only a real run waits for the package; check mode has to know what it will meet.
    """
    names = os.listdir(dpkg) if os.path.isdir(dpkg) else []
    installed = {name.removesuffix(".list").partition(":")[0] for name in names if name.endswith(".list")}
    found: set[str] = set()
    for entry in entries:
        if entry.package and entry.package not in installed and lstat(entry.path) is None:
            found |= {entry.path, *_parents(entry.path)}
    return found


def compare(entries: list[Entry], check_mode: bool) -> list[Change]:
    """Return the changes that make the host as listed, parents before children.

    In check mode an owner or group that does not exist yet is noted; otherwise it is an error, because
    nothing may be written with other rights than asked for.
    """
    names = Names()
    coming = awaited(entries) if check_mode else set()
    changes: dict[str, Change] = {}
    for entry in sorted(entries, key=lambda item: item.path):
        if entry.kind == "absent":
            _compare_absent(entry, changes)
            continue
        uid, gid, note = names.resolve(entry) if entry.kind != "link" else (0, 0, "")
        if note and not check_mode:
            raise HostError(f"{entry.path}: {note}; create it with shoko.core.accounts or a package first")
        if entry.path in coming:
            note = ", ".join(filter(None, [f"package {entry.package} absent", note]))
        _compare_parents(entry.path, changes, coming)
        current = lstat(entry.path)
        change = Change(entry.path, "", entry.kind, entry, uid or 0, gid or 0, entry.mode, entry.secret, note)
        if current is None:
            brought = "" if entry.kind == "directory" else "modify"
            change.change = brought if entry.path in coming else "create"
        elif kind_of(current) != entry.kind:
            if kind_of(current) in ("directory", "other") or entry.kind == "directory":
                raise HostError(
                    f"{entry.path}: is a {kind_of(current)} on the host, {entry.kind} is wanted; move it away by hand"
                )
            change.change = "modify"
        else:
            change.change = _difference(entry, current, uid, gid)
        if change.change:
            changes[entry.path] = change
    return list(changes.values())


def _compare_absent(entry: Entry, changes: dict[str, Change]) -> None:
    current = lstat(entry.path)
    if current is None:
        return
    if kind_of(current) not in ("file", "link"):
        raise HostError(f"{entry.path}: absent: is a {kind_of(current)}; only files and links are removed")
    changes[entry.path] = Change(entry.path, "remove", kind_of(current), None, secret=entry.secret)


def _compare_parents(path: str, changes: dict[str, Change], coming: set[str]) -> None:
    missing = []
    parent = os.path.dirname(path)
    while parent != "/" and parent not in changes and parent not in coming:
        current = lstat(parent)
        if current is not None:
            if not os.path.isdir(parent):
                raise HostError(f"{path}: {parent} is not a directory on the host")
            break
        missing.append(parent)
        parent = os.path.dirname(parent)
    for folder in reversed(missing):
        changes[folder] = Change(folder, "create", "directory", None, implicit=True)


def _difference(entry: Entry, current: os.stat_result, uid: int | None, gid: int | None) -> str:
    if entry.kind == "link":
        return "" if os.readlink(entry.path) == entry.target else "modify"
    if entry.kind == "file":
        with open(entry.path, "rb") as stream:
            if current.st_size != len(entry.data) or stream.read() != entry.data:
                return "modify"
    rights = (stat.S_IMODE(current.st_mode), current.st_uid, current.st_gid)
    return "" if rights == (entry.mode, uid, gid) else "mode"


def removals(manifest: dict, others: set[str], entries: list[Entry]) -> list[Change]:
    """Return what the part once wrote and no longer lists, children before parents.

    ``others`` are paths that other parts claim; they are left to them. A directory goes only when nothing
    but removed paths is in it: what a service or a person put there is never deleted.
    """
    wanted = {entry.path for entry in entries}
    kept = {parent for path in wanted for parent in _parents(path)} | wanted | others
    kept |= {parent for path in others for parent in _parents(path)}
    gone: dict[str, Change] = {}
    for path in sorted(manifest, reverse=True):
        if path in kept:
            continue
        current = lstat(path)
        memo = manifest[path]
        if current is None or kind_of(current) == "other" or memo["kind"] == "absent":
            continue
        if kind_of(current) == "directory" and (
            memo["kind"] != "directory" or {os.path.join(path, name) for name in os.listdir(path)} - set(gone)
        ):
            continue
        gone[path] = Change(path, "remove", kind_of(current), None, secret=bool(memo.get("secret")))
    return list(gone.values())


def _parents(path: str) -> list[str]:
    found = []
    while (path := os.path.dirname(path)) != "/":
        found.append(path)
    return found
