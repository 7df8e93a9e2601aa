"""What the modules of this collection raise: one clear line for the person who runs the playbook."""

from __future__ import annotations


class HostError(Exception):
    """What is wrong, where, and what to do. A module turns it into ``fail_json``."""


def one_line(error: Exception) -> str:
    """Return an error as one line; of a failed system call the file and the reason (full disk, no rights)."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())
