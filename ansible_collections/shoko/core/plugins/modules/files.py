#!/usr/bin/python
"""The host's half of ``shoko.core.files``: compare, validate, replace all or nothing."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts, settled
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.file_work import OPTIONS, note, work
from ansible_collections.shoko.core.plugins.module_utils.task import Task

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
extends_documentation_fragment:
  - shoko.core.files
  - shoko.core.settled
  - shoko.core.attempts
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


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(argument_spec={**OPTIONS, **settled.OPTIONS, **attempts.OPTIONS}, supports_check_mode=True)
    shown = {"module_args": {"part": module.params["part"]}}

    def carry_out() -> dict:
        task = Task.of(module)
        done = work(task)
        if not task.check:
            note("files", task)
        return done

    try:
        module.exit_json(**attempts.once(module, carry_out, module.params["state_dir"]), invocation=shown)
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error), invocation=shown)


if __name__ == "__main__":
    main()
