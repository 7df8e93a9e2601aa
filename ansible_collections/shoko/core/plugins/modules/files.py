#!/usr/bin/python
"""The host's half of ``shoko.core.files``: compare, validate, replace all or nothing."""

from __future__ import annotations

import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import marks as marks_util
from ansible_collections.shoko.core.plugins.module_utils.entries import Entry
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.payload import unpack
from ansible_collections.shoko.core.plugins.module_utils.preview import below, find_program, run_checkers
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR, read_json, write_json
from ansible_collections.shoko.core.plugins.module_utils.tree_apply import Transaction
from ansible_collections.shoko.core.plugins.module_utils.tree_diff import diff
from ansible_collections.shoko.core.plugins.module_utils.tree_plan import Change, compare, lstat, removals

DOCUMENTATION = r"""
---
module: files
short_description: Keep all files of a part of a host as listed, in one step
version_added: "0.1.0"
author: The Shoko authors
description:
  - Renders all templates on the controller, sends them in one piece, and replaces what differs on the host, all of
    it or nothing.
  - Runs the product's own checker on the whole new tree before anything is replaced, in a mount namespace of its own
    where the new files lie at their real paths, so includes are followed.
  - Removes what the same I(part) once wrote and no longer lists; what other parts list is left alone.
  - Leaves a mark "restart due" for each unit that a changed file names. The mark survives a failed run, makes the
    next run report a change, and is cleared by M(shoko.core.units) only when the unit runs again.
  - In check mode predicts everything, also for owners, groups, directories and checkers that are not there yet.
options:
  part:
    description: Owner of these files on the host; its manifest is C(/var/lib/shoko/files/<part>.json).
    type: str
    required: true
  files:
    description: >-
      What to keep. Each item has C(path) and one of C(template), C(content), C(source), C(link), C(directory),
      C(absent).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      template:
        description: Jinja template, found as M(ansible.builtin.template) finds it. Block lines leave no empty line.
        type: str
      vars:
        description: Additional variables of the template, for this file only.
        type: dict
      content:
        description: The content itself.
        type: str
      source:
        description: File to copy byte for byte, found as M(ansible.builtin.copy) finds it.
        type: str
      link:
        description: Target; the path becomes a symbolic link.
        type: str
      directory:
        description: The path is a directory. It is removed with its part only when it is empty.
        type: bool
      absent:
        description: The path, a file or link that somebody else put there, is removed.
        type: bool
      mode:
        description: Quoted octal rights; V("0755") for directories, V("0644") for files if not given.
        type: str
      owner:
        description: Owner.
        type: str
        default: root
      group:
        description: Group.
        type: str
        default: root
      secret:
        description: The content is never shown in a diff.
        type: bool
        default: false
      package:
        description: >-
          Debian package that brings this path itself, installed by an earlier task. While it is not installed, check
          mode predicts what the real run will meet: the package's file, which is changed, or its directory.
        type: str
      restart:
        description: Units that must be restarted when this file changes.
        type: list
        elements: str
      reload:
        description: Units that must be reloaded when this file changes.
        type: list
        elements: str
  validate:
    description: Checkers of the whole new tree.
    type: list
    elements: dict
    default: []
    suboptions:
      command:
        description: Program and arguments. A program that is not installed is reported, not run.
        type: list
        elements: str
        required: true
      when:
        description: Run it only if a path below one of these changes. Without it, at any change.
        type: list
        elements: str
  state_dir:
    description: Where manifests and marks lie.
    type: path
    default: /var/lib/shoko
  payload:
    description: The rendered files. Set by the action plugin, never by a person.
    type: str
attributes:
  check_mode:
    support: full
    description: Predicts all changes.
  diff_mode:
    support: full
    description: Shows each change; secrets are named only.
"""

EXAMPLES = r"""
- name: Configure nginx
  shoko.core.files:
    part: entry
    files:
      - {path: /etc/nginx/nginx.conf, template: nginx.conf.j2, restart: [nginx]}
      - {path: /etc/nginx/tls/site.key, content: "{{ entry_key }}", mode: "0600", secret: true, reload: [nginx]}
      - {path: /etc/nginx/sites-enabled/default, absent: true, reload: [nginx]}
    validate:
      - {command: [nginx, -t], when: [/etc/nginx]}
  register: entry_files
  notify: Apply entry changes
"""

RETURN = r"""
files:
  description: What changed or would change, by path.
  type: list
  elements: dict
  returned: always
  sample: [{path: /etc/nginx/nginx.conf, change: modify, kind: file}]
due:
  description: Units that must be restarted or reloaded, from this run and from earlier failed ones.
  type: dict
  returned: always
  sample: {restart: [nginx], reload: []}
not_validated:
  description: Checkers that could not be run, with the reason.
  type: list
  elements: str
  returned: always
  sample: ["nginx absent"]
"""

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


def run(module: AnsibleModule) -> dict:
    """Carry out the task; return the result."""
    part, state_dir = module.params["part"], module.params["state_dir"]
    if not _PART.fullmatch(part):
        raise HostError(f"part: {part!r} must be of a-z, 0-9, dot, dash, underscore")
    entries = unpack(module.params["payload"])
    manifests, marks = Manifests(state_dir, part), marks_util.Marks(state_dir)
    transaction = Transaction(os.path.join(state_dir, "files", f"{part}.journal"))
    if not module.check_mode:
        transaction.sweep()
    others = manifests.others()
    for entry in entries:
        owner, kind = others.get(entry.path, ("", ""))
        if owner and not (kind == entry.kind == "directory"):
            raise HostError(f"{entry.path}: belongs to part {owner} on this host; two parts cannot keep one path")
    changes = compare(entries, module.check_mode)
    changes += removals(manifests.own, set(others), entries)
    left = marks.due(part)
    due = marks_util.merge(left, owed(changes, {**manifests.own, **absent_memos(entries)}))
    skipped = validate(module.params["validate"], changes, module.check_mode) if changes else []
    result = {
        "changed": bool(changes) or bool(left["restart"] or left["reload"]),
        "files": [change.report() for change in changes],
        "due": due,
        "not_validated": skipped,
    }
    if module._diff:
        result["diff"] = [diff(change) for change in changes]
        result["diff"] += [{"prepared": f"not validated: {reason}\n"} for reason in skipped]
    if module.check_mode:
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


def main() -> None:
    """Entry point of the module."""
    file_spec = {
        "path": {"type": "path", "required": True},
        "template": {"type": "str"}, "vars": {"type": "dict"}, "content": {"type": "str"},
        "source": {"type": "str"}, "link": {"type": "str"}, "directory": {"type": "bool"},
        "absent": {"type": "bool"}, "mode": {"type": "str"},
        "owner": {"type": "str", "default": "root"}, "group": {"type": "str", "default": "root"},
        "secret": {"type": "bool", "default": False, "no_log": False},
        "package": {"type": "str"},
        "restart": {"type": "list", "elements": "str"}, "reload": {"type": "list", "elements": "str"},
    }  # fmt: skip
    module = AnsibleModule(
        argument_spec={
            "part": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "dict", "default": [], "options": file_spec},
            "validate": {
                "type": "list", "elements": "dict", "default": [],
                "options": {
                    "command": {"type": "list", "elements": "str", "required": True},
                    "when": {"type": "list", "elements": "str"},
                },
            },
            "state_dir": {"type": "path", "default": STATE_DIR},
            "payload": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )  # fmt: skip
    shown = {"module_args": {"part": module.params["part"]}}
    try:
        if not module.params["payload"]:
            raise HostError("files: no payload; call shoko.core.files as a task, its action plugin renders the files")
        module.exit_json(**run(module), invocation=shown)
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error), invocation=shown)


if __name__ == "__main__":
    main()
