"""What the inventory plugin gave out in this process, so that a play can tell whether somebody touched it.

Ansible's workers are forks of the process that read the inventory: they see this record, and no variable of any
precedence (`-e`, host_vars, group_vars) can reach it.
"""

from __future__ import annotations

_DIGESTS: dict[str, str] = {}


def remember(host: str, digest: str) -> None:
    """Keep the digest of the slice that a host was given."""
    _DIGESTS[host] = digest


def recorded(host: str) -> str | None:
    """Return the digest of the slice that a host was given, None if the plugin gave it none."""
    return _DIGESTS.get(host)
