"""Options that ``units`` and ``part`` share, written once."""

from __future__ import annotations


class ModuleDocFragment:
    """Units and how they must be."""

    DOCUMENTATION = r"""
options:
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
  timeout:
    description: Seconds for a unit to come up.
    type: int
    default: 60
"""
