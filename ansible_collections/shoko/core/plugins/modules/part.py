#!/usr/bin/python
"""The host's half of ``shoko.core.part``: packages, then files, then units, in one call."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts, file_work, package_work, settled, unit_work
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
extends_documentation_fragment:
  - shoko.core.packages
  - shoko.core.files
  - shoko.core.units
  - shoko.core.settled
  - shoko.core.attempts
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
    if not task.check and not result["conditions"]:
        file_work.note("part", task)


def main() -> None:
    """Entry point of the module."""
    options = {**package_work.OPTIONS, **file_work.OPTIONS, **unit_work.OPTIONS}
    options |= {**settled.OPTIONS, **attempts.OPTIONS}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    result: dict = {"changed": False, "invocation": {"module_args": {"part": module.params["part"]}}}

    def carry_out() -> dict:
        work(Task.of(module), result)
        return result

    try:
        module.exit_json(**attempts.once(module, carry_out, module.params["state_dir"]))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error), **result)


if __name__ == "__main__":
    main()
