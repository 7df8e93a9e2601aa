"""The option of modules whose task a host can answer before it is asked, written once."""

from __future__ import annotations


class ModuleDocFragment:
    """What was asked for, as a digest."""

    DOCUMENTATION = r"""
options:
  request:
    description: Digest of the request, noted for M(shoko.core.settled). Set by the action plugin, never by a person.
    type: str
"""
