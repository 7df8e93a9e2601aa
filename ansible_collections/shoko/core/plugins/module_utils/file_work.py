"""All files of a part of a host, in one step: how ``files`` and ``part`` keep them."""

from __future__ import annotations

import os
import re

from ansible_collections.shoko.core.plugins.module_utils import marks as marks_util
from ansible_collections.shoko.core.plugins.module_utils.entries import Entry
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.payload import unpack
from ansible_collections.shoko.core.plugins.module_utils.preview import below, find_program, run_checkers
from ansible_collections.shoko.core.plugins.module_utils.settled import Scope, Settled
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR, read_json, write_json
from ansible_collections.shoko.core.plugins.module_utils.task import Task
from ansible_collections.shoko.core.plugins.module_utils.tree_apply import Transaction
from ansible_collections.shoko.core.plugins.module_utils.tree_diff import diff
from ansible_collections.shoko.core.plugins.module_utils.tree_plan import Change, compare, lstat, removals

FILE: dict = {
    "path": {"type": "path", "required": True},
    "template": {"type": "str"}, "vars": {"type": "dict"}, "content": {"type": "str"},
    "source": {"type": "str"}, "link": {"type": "str"}, "directory": {"type": "bool"},
    "absent": {"type": "bool"}, "mode": {"type": "str"},
    "owner": {"type": "str", "default": "root"}, "group": {"type": "str", "default": "root"},
    "secret": {"type": "bool", "default": False, "no_log": False},
    "package": {"type": "str"},
    "restart": {"type": "list", "elements": "str"}, "reload": {"type": "list", "elements": "str"},
}  # fmt: skip
CHECKER: dict = {
    "command": {"type": "list", "elements": "str", "required": True},
    "when": {"type": "list", "elements": "str"},
}
OPTIONS: dict = {
    "part": {"type": "str", "required": True},
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
    "validate": {"type": "list", "elements": "dict", "default": [], "options": CHECKER},
    "state_dir": {"type": "path", "default": STATE_DIR},
    "payload": {"type": "str", "no_log": True},
}

_PART = re.compile(r"[a-z0-9][a-z0-9_.-]*")


class Manifests:
    """What each part of this host wrote: ``{path: memo}`` per part."""

    def __init__(self, state_dir: str, part: str) -> None:
        self._folder = os.path.join(state_dir, "files")
        self.path = os.path.join(self._folder, f"{part}.json")
        self.own: dict = read_json(self.path, {})

    def others(self) -> dict[str, tuple[str, str]]:
        """Return ``{path: (part, kind)}`` of all other parts."""
        found = {}
        names = os.listdir(self._folder) if os.path.isdir(self._folder) else []
        for name in sorted(names):
            file = os.path.join(self._folder, name)
            if name.endswith(".json") and file != self.path:
                for path, memo in read_json(file, {}).items():
                    found[path] = (name.removesuffix(".json"), memo["kind"])
        return found

    def write(self, content: dict) -> None:
        """Replace this part's manifest if it differs."""
        if content != read_json(self.path, {}):
            write_json(self.path, content)


def validate(checkers: list[dict], changes: list[Change], check_mode: bool) -> list[str]:
    """Run the checkers that a change touches; return what could not be checked, raise what was refused."""
    skipped, ready = [], []
    for checker in checkers:
        command, prefixes = checker["command"], checker.get("when") or ["/"]
        touched = [change for change in changes if any(below(change.path, prefix) for prefix in prefixes)]
        if not touched:
            continue
        notes = sorted({change.note for change in touched if change.note})
        if find_program(command) is None:
            skipped.append(f"{command[0]} absent")
        elif notes:
            skipped.append(f"{command[0]}: {', '.join(notes)}")
        else:
            ready.append(command)
    if not ready:
        return skipped
    for command, result in zip(ready, run_checkers(ready, changes), strict=True):
        if result["rc"] == 0:
            continue
        if check_mode and "No such file or directory" in result["output"]:
            # An earlier task of the real run (a package, a certificate) may bring it.
            tail = result["output"].strip()[-300:]
            skipped.append(f"{command[0]}: a file is missing that an earlier task may bring: {tail}")
            continue
        lines = result["output"].strip().splitlines()[-12:] or [f"exit code {result['rc']}"]
        raise HostError(f"{' '.join(command)} refuses the new files, nothing was changed: {' | '.join(lines)}")
    return skipped


def owed(changes: list[Change], manifest: dict) -> dict:
    """Return the units that the changes concern, by what they need."""
    due: dict = {"restart": [], "reload": []}
    for change in changes:
        memo = change.entry.memo() if change.entry else manifest.get(change.path, {})
        due = marks_util.merge(due, {"restart": memo.get("restart", []), "reload": memo.get("reload", [])})
    return due


def new_manifest(entries: list[Entry], changes: list[Change], old: dict) -> dict:
    """Return the manifest after the run: all listed paths, and the parents once made for them."""
    wanted = {entry.path: entry.memo() for entry in entries if entry.kind != "absent"}
    removed = {change.path for change in changes if change.change == "remove"}
    parents = {path: memo for path, memo in old.items() if memo.get("implicit") and path not in removed}
    parents |= {c.path: {"kind": "directory", "implicit": True} for c in changes if c.implicit}
    kept = {path: memo for path, memo in parents.items() if path not in wanted and lstat(path)}
    return {**kept, **wanted}


def absent_memos(entries: list[Entry]) -> dict:
    """Return the memos of entries that ask for absence, so that their removal concerns their units."""
    return {entry.path: entry.memo() for entry in entries if entry.kind == "absent"}


def work(task: Task) -> dict:
    """Carry out a task with the options of ``files``; return the result."""
    part, state_dir = task.params["part"], task.params["state_dir"]
    if not _PART.fullmatch(part):
        raise HostError(f"part: {part!r} must be of a-z, 0-9, dot, dash, underscore")
    if not task.params["payload"]:
        raise HostError("no payload: this is run as an Ansible task, whose action plugin renders the files")
    entries = unpack(task.params["payload"])
    manifests, marks = Manifests(state_dir, part), marks_util.Marks(state_dir)
    transaction = Transaction(os.path.join(state_dir, "files", f"{part}.journal"))
    if not task.check:
        transaction.sweep()
    others = manifests.others()
    for entry in entries:
        owner, kind = others.get(entry.path, ("", ""))
        if owner and not (kind == entry.kind == "directory"):
            raise HostError(f"{entry.path}: belongs to part {owner} on this host; two parts cannot keep one path")
    changes = compare(entries, task.check)
    changes += removals(manifests.own, set(others), entries)
    for change in changes:  # what was secret stays it, also when it goes or is called secret no longer
        change.secret = change.secret or bool(manifests.own.get(change.path, {}).get("secret"))
    left = marks.due(part)
    due = marks_util.merge(left, owed(changes, {**manifests.own, **absent_memos(entries)}))
    skipped = validate(task.params["validate"], changes, task.check) if changes else []
    result = {
        "changed": bool(changes) or bool(left["restart"] or left["reload"]),
        "files": [change.report() for change in changes],
        "due": due,
        "not_validated": skipped,
    }
    if task.diff:
        result["diff"] = [diff(change) for change in changes]
        result["diff"] += [{"prepared": f"not validated: {reason}\n"} for reason in skipped]
    if task.check:
        return result
    if changes:
        try:
            # First what a killed run must not forget: who owns the paths, and who must restart.
            manifests.write({**manifests.own, **new_manifest(entries, changes, manifests.own)})
            marks.set(part, due)
            transaction.apply(changes)
        except (HostError, OSError):
            marks.replace(part, left)
            manifests.write(manifests.own)
            raise
        transaction.finish()
    manifests.write(new_manifest(entries, changes, manifests.own))
    return result


def note(module: str, task: Task) -> None:
    """Note that a task with at least the options of ``files`` ended well."""
    part, state_dir = task.params["part"], task.params["state_dir"]
    scope = Scope.of(task.params, unpack(task.params["payload"]), Manifests(state_dir, part).path)
    Settled(state_dir).note(module, part, task.params["request"], scope)
