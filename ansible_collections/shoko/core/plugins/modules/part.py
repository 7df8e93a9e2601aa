#!/usr/bin/python
"""The host's half of ``shoko.core.part``: packages, then files, then units, in one call."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import file_work, package_work, unit_work
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.task import Task

DOCUMENTATION = r"""
---
module: part
short_description: Keep a part of a host as listed - its packages, its files, its units
version_added: "0.1.0"
author: The Shoko authors
description:
  - What M(shoko.core.packages), M(shoko.core.files) and M(shoko.core.units) do, one after the other, in one call, so
    that a role costs a host one round trip instead of three.
  - Packages come first and start nothing; then files, all or nothing; then units, which start with their files.
  - When one of the three fails, those after it are not begun. What those before it did stays, and is reported.
  - Restarts that changed files make due are left to a handler with M(shoko.core.units), as with M(shoko.core.files).
options:
  part:
    description: Owner of these files on the host; its manifest is C(/var/lib/shoko/files/<part>.json).
    type: str
    required: true
  packages:
    description: Names that must be installed.
    type: list
    elements: str
    default: []
  absent:
    description: Names that must not be installed. Their configuration and data stay (C(apt-get remove)).
    type: list
    elements: str
    default: []
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
          Debian package that brings this path itself, installed by this call or an earlier task. While it is not
          installed, check mode predicts what the real run will meet - the package's file, which is changed, or its
          directory.
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
  units:
    description: Units and how they must be.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Unit; without a suffix a service is meant.
        type: str
        required: true
      enabled:
        description: Starts at boot, or not.
        type: bool
      state:
        description:
          - V(started) and V(stopped) are what they say; the unit must exist.
          - V(absent-ok) means stopped if there is such a unit at all.
          - A oneshot job that does not remain counts as started when it ran to a good end since the boot.
        type: str
        choices: [started, stopped, absent-ok]
      masked:
        description: Cannot be started by anything, or can again.
        type: bool
      condition_ok:
        description: It is expected that an unmet condition keeps it from starting.
        type: bool
        default: false
attributes:
  check_mode:
    support: full
    description: Predicts all changes, also on a host that has none of the packages yet.
  diff_mode:
    support: full
    description: Shows each change; secrets are named only.
"""

EXAMPLES = r"""
- name: Keep the site's time
  shoko.core.part:
    part: time
    packages: [chrony]
    files:
      - {path: /etc/chrony/chrony.conf, template: chrony.conf.j2, restart: [chrony]}
    validate:
      - {command: [chronyd, -p, -f, /etc/chrony/chrony.conf], when: [/etc/chrony]}
    units:
      - {name: chrony, enabled: true, state: started}
  register: time_part
  notify: Apply the time configuration
"""

RETURN = r"""
installed:
  description: Packages that were missing and are, or would be, installed.
  type: list
  elements: str
  returned: always
removed:
  description: Packages that were, or would be, removed.
  type: list
  elements: str
  returned: always
files:
  description: Files that changed or would change, by path.
  type: list
  elements: dict
  returned: when the packages did not fail
  sample: [{path: /etc/chrony/chrony.conf, change: modify, kind: file}]
due:
  description: Units that must be restarted or reloaded, from this run and from earlier failed ones.
  type: dict
  returned: when the packages did not fail
  sample: {restart: [chrony], reload: []}
not_validated:
  description: Checkers that could not be run, with the reason.
  type: list
  elements: str
  returned: when the packages did not fail
actions:
  description: What was or would be done to units, in order.
  type: list
  elements: str
  returned: when neither packages nor files failed
conditions:
  description: Units that do not run because of an unmet condition, with the condition.
  type: dict
  returned: when neither packages nor files failed
"""


def work(task: Task, result: dict) -> None:
    """Carry out the three in turn and add to ``result`` what each did, also when a later one fails."""
    diffs: list[dict] = []
    for step in (package_work.work, file_work.work, unit_work.settle):
        done = step(task)
        diff = done.pop("diff", [])
        diffs += diff if isinstance(diff, list) else [diff]
        result |= {**done, "changed": result["changed"] or done["changed"]}
        if diffs:
            result["diff"] = diffs


def main() -> None:
    """Entry point of the module."""
    options = {**package_work.OPTIONS, **file_work.OPTIONS, **unit_work.OPTIONS}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    result: dict = {"changed": False, "invocation": {"module_args": {"part": module.params["part"]}}}
    try:
        work(Task.of(module), result)
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
