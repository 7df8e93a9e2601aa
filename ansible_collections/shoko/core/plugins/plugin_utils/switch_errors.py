"""What goes wrong with a switch: one clear line for the person who runs the playbook."""

from __future__ import annotations


class SwitchError(Exception):
    """What is wrong, where, and what to do."""


class SwitchUnreachable(SwitchError):
    """No session to the switch could be opened or it broke off."""
