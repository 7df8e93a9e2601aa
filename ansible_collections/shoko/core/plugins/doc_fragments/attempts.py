"""The option of modules whose task may arrive twice, written once."""

from __future__ import annotations


class ModuleDocFragment:
    """Which attempt at a task this is."""

    DOCUMENTATION = r"""
options:
  attempt:
    description: Name of the attempt, which is carried out once. Set by the action plugin, never by a person.
    type: str
"""
