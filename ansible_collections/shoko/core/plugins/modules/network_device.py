#!/usr/bin/python
"""Documentation of ``shoko.core.network_device``; the work is done on the controller by the action of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: network_device
short_description: Bring a switch to a rendered configuration, or leave it as it was
version_added: "0.1.0"
author: The Shoko authors
description:
  - Reads what the switch runs, compares it with O(config), applies the difference over SSH (netmiko), and verifies the
    result over a new session.
  - Before it changes anything it arms an undo on the device where the make allows that, so that a change which cuts the
    controller off, or a controller that dies, ends in the former configuration. On failure it puts the former
    configuration back, shows that it is back, and fails with one message.
  - The session uses the same C(ssh_config) and user as Ansible's own connection; an unknown host key is refused.
  - The device itself needs nothing of ours, not even Python. Check mode shows the difference and changes nothing.
options:
  driver:
    description: Make of the switch.
    type: str
    required: true
    choices: [allied_telesis_awplus, openvswitch]
  config:
    description: The whole part of the configuration that the declaration speaks of, in the driver's form.
    type: str
    required: true
  bound:
    description: Seconds within which a new session must succeed before the device undoes the change by itself.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Configure the switch
  shoko.core.network_device:
    driver: "{{ shoko.switch.driver }}"
    config: "{{ lookup('ansible.builtin.template', shoko.switch.driver ~ '.j2') }}"
"""

RETURN = r"""
commands:
  description: What was, or in check mode would be, sent to the device.
  returned: always
  type: list
  elements: str
"""
