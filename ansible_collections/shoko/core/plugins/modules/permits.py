#!/usr/bin/python
"""Which packets this host would newly permit and deny: what it confirmed last against what is declared now."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils import firewall_permits
from ansible_collections.shoko.core.plugins.module_utils.errors import one_line
from ansible_collections.shoko.core.plugins.module_utils.firewall_state import STATE, Firewall

DOCUMENTATION = r"""
---
module: permits
short_description: Tell which packets a host would newly permit and deny
version_added: "0.1.0"
author: The Shoko authors
description:
  - Compares what the host's confirmed ruleset permits with what the declaration permits now, and touches nothing.
    C(site.yml) asks every host before it changes the first one; the callback C(shoko.core.plan) shows the answers.
options:
  permits:
    description: What the host's ruleset is to permit, as I(permits) of M(shoko.core.firewall).
    type: list
    elements: dict
    required: true
  state_dir:
    description: Where the confirmed state lies.
    type: path
    default: /var/lib/shoko
attributes:
  check_mode:
    support: full
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Ask what will change
  shoko.core.permits:
    permits: "{{ shoko.firewall.permits }}"
"""

RETURN = r"""
permitted:
  description: Packets that would newly be permitted, as entries of I(permits).
  type: list
  elements: dict
  returned: always
denied:
  description: Packets that would no longer be permitted, likewise.
  type: list
  elements: dict
  returned: always
"""


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "permits": {"type": "list", "elements": "dict", "required": True},
            "state_dir": {"type": "path", "default": STATE},
        },
        supports_check_mode=True,
    )
    shown = {"module_args": {"state_dir": module.params["state_dir"]}}
    try:
        before = Firewall(module.params["state_dir"]).confirmed().get("permits", [])
        permitted, denied = firewall_permits.difference(before, module.params["permits"])
        module.exit_json(changed=False, permitted=permitted, denied=denied, invocation=shown)
    except OSError as error:
        module.fail_json(msg=one_line(error), invocation=shown)


if __name__ == "__main__":
    main()
