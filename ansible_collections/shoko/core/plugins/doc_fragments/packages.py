"""Options that ``packages`` and ``part`` share, written once."""

from __future__ import annotations


class ModuleDocFragment:
    """Which packages are present and absent."""

    DOCUMENTATION = r"""
options:
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
"""
