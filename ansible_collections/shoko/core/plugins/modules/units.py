#!/usr/bin/python
"""Desired state of several systemd units, and the restarts that changed files made due."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts, settled
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR
from ansible_collections.shoko.core.plugins.module_utils.task import Task
from ansible_collections.shoko.core.plugins.module_utils.unit_work import OPTIONS, Worker

DOCUMENTATION = r"""
---
module: units
short_description: Keep systemd units as listed, and do the restarts that are due
version_added: "0.1.0"
author: The Shoko authors
description:
  - Handles all units of a role in one call; one C(systemctl show) when nothing differs.
  - Reads unit files again (daemon-reload) by itself when one of the units needs it.
  - A unit whose condition is not met (C(ConditionCapability=) …) is reported as such. It is a failure unless
    I(condition_ok) says that it is expected, and never a change on every run.
  - With I(due), restarts or reloads what M(shoko.core.files) marked, after the tests passed; waits until the unit is up
    and clears the mark only then. A unit that does not run is not started by it; it reads its files when it starts.
  - In check mode predicts, also for units that are not installed yet.
options:
  part:
    description: Part of the host that this is for; with it the host notes the good end (M(shoko.core.settled)).
    type: str
  due:
    description: The C(due) of registered M(shoko.core.files) results.
    type: dict
    suboptions:
      restart:
        description: Units to restart if they are still marked.
        type: list
        elements: str
        default: []
      reload:
        description: Units to reload if they are still marked.
        type: list
        elements: str
        default: []
  test:
    description: Commands that must succeed before anything is restarted or reloaded.
    type: list
    elements: list
    default: []
  state_dir:
    description: Where the marks lie.
    type: path
    default: /var/lib/shoko
extends_documentation_fragment:
  - shoko.core.units
  - shoko.core.settled
  - shoko.core.attempts
attributes:
  check_mode:
    support: full
    description: Predicts each action.
  diff_mode:
    support: full
    description: Names each action.
"""

EXAMPLES = r"""
- name: Run nginx
  shoko.core.units:
    units:
      - {name: nginx, enabled: true, state: started}
      - {name: apache2, enabled: false, state: absent-ok}

- name: Apply entry changes
  shoko.core.units:
    due: "{{ entry_files.due }}"
    test: [[nginx, -t]]
"""

RETURN = r"""
actions:
  description: What was or would be done, in order.
  type: list
  elements: str
  returned: always
  sample: [enable nginx.service, start nginx.service]
conditions:
  description: Units that do not run because of an unmet condition, with the condition.
  type: dict
  returned: always
  sample: {chrony.service: ConditionCapability=CAP_SYS_TIME}
"""


def main() -> None:
    """Entry point of the module."""
    due_spec = {key: {"type": "list", "elements": "str", "default": []} for key in ("restart", "reload")}
    module = AnsibleModule(
        argument_spec={
            **OPTIONS,
            **settled.OPTIONS,
            **attempts.OPTIONS,
            "part": {"type": "str"},
            "due": {"type": "dict", "options": due_spec},
            "test": {"type": "list", "elements": "list", "default": []},
            "state_dir": {"type": "path", "default": STATE_DIR},
        },
        supports_check_mode=True,
    )
    worker = Worker(Task.of(module))
    state_dir = module.params["state_dir"]

    def carry_out() -> dict:
        worker.settle(module.params["units"])
        if module.params["due"]:
            worker.catch_up(module.params["due"])
        if not module.check_mode and not worker.conditions:
            scope = settled.Scope.of(module.params, [])
            settled.Settled(state_dir).note("units", module.params["part"], module.params["request"], scope)
        return worker.result()

    try:
        module.exit_json(**attempts.once(module, carry_out, state_dir))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error), **worker.result())


if __name__ == "__main__":
    main()
