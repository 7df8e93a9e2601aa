#!/usr/bin/python
"""Debian packages present or absent, without a service being started behind one's back."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import attempts, settled
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.package_work import OPTIONS, work
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR
from ansible_collections.shoko.core.plugins.module_utils.task import Task

DOCUMENTATION = r"""
---
module: packages
short_description: Keep Debian packages present or absent
version_added: "0.1.0"
author: The Shoko authors
description:
  - One C(dpkg-query) when nothing is missing. Otherwise one C(apt-get) for all, without recommended packages, keeping
    configuration files that are there already.
  - C(policy-rc.d) refuses every start of a service while packages are installed, because Debian starts services
    before they are configured. It is removed, or the host's own put back, whatever happens.
  - Package lists are refreshed when something is missing and they are older than ten minutes or than the sources.
  - In check mode predicts from the package database alone; needs neither python3-apt nor package lists.
options:
  part:
    description: Part of the host that this is for; with it the host notes the good end (M(shoko.core.settled)).
    type: str
extends_documentation_fragment:
  - shoko.core.packages
  - shoko.core.settled
  - shoko.core.attempts
attributes:
  check_mode:
    support: full
    description: Predicts what would be installed and removed.
  diff_mode:
    support: full
    description: Names packages.
"""

EXAMPLES = r"""
- name: Install nginx
  shoko.core.packages:
    packages: [nginx-light]
    absent: [apache2]
"""

RETURN = r"""
installed:
  description: Names that were missing and are, or would be, installed.
  type: list
  elements: str
  returned: always
removed:
  description: Names that were, or would be, removed.
  type: list
  elements: str
  returned: always
refreshed:
  description: Whether package lists were fetched.
  type: bool
  returned: always
"""


def main() -> None:
    """Entry point of the module."""
    options = {**OPTIONS, **settled.OPTIONS, **attempts.OPTIONS, "part": {"type": "str"}}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)

    def carry_out() -> dict:
        done = work(Task.of(module))
        if not module.check_mode:
            scope = settled.Scope.of(module.params, [])
            settled.Settled(STATE_DIR).note("packages", module.params["part"], module.params["request"], scope)
        return done

    try:
        module.exit_json(**attempts.once(module, carry_out))
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error))


if __name__ == "__main__":
    main()
