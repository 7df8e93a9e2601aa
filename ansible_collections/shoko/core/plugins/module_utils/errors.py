"""What the modules of this collection raise: one clear line for the person who runs the playbook."""

from __future__ import annotations


class HostError(Exception):
    """What is wrong, where, and what to do. A module turns it into ``fail_json``."""
