#!/usr/bin/python
"""The module ``shoko.core.settled``: which tasks would find nothing to do on this host."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError, one_line
from ansible_collections.shoko.core.plugins.module_utils.settled import Settled
from ansible_collections.shoko.core.plugins.module_utils.state import STATE_DIR

DOCUMENTATION = r"""
---
module: settled
short_description: Ask a host, once a run, which tasks would find nothing to do
version_added: "0.1.0"
author: The Shoko authors
description:
  - M(shoko.core.part), M(shoko.core.files), and with I(part) M(shoko.core.packages) and M(shoko.core.units) leave a
    note on the host when they end well - a digest of what they were asked, and how all looked that they answer for.
  - This module looks again and returns, as fact C(shoko_settled), the digests whose picture is still the same and to
    which no restart is owed. Such a task is answered without being sent to the host, until something changes there.
  - Without this module every task is sent.
options:
  state_dir:
    description: Where the notes lie.
    type: path
    default: /var/lib/shoko
attributes:
  check_mode:
    support: full
    description: Only reads.
"""

EXAMPLES = r"""
- name: Ask which parts of the host are as they were left
  shoko.core.settled:
"""

RETURN = r"""
ansible_facts:
  description: C(shoko_settled), a list of digests.
  type: dict
  returned: always
"""


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={"state_dir": {"type": "path", "default": STATE_DIR}}, supports_check_mode=True
    )
    try:
        standing = Settled(module.params["state_dir"]).standing()
    except (HostError, OSError) as error:
        module.fail_json(msg=one_line(error))
    module.exit_json(changed=False, ansible_facts={"shoko_settled": standing})


if __name__ == "__main__":
    main()
