# Copyright: the Shoko authors
"""Filters by which `site.yml` proves that a host's slice is the declared one."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

try:
    from shoko.policy.record import recorded
    from shoko.policy.slice import digest
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = None


def _plain(value):
    """Return containers of Ansible's own types as plain ones, so that JSON is the same."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    return int(value) if isinstance(value, int) else str(value)


def slice_digest(value):
    """Return the SHA-256 (hex) of a slice, computed anew from its content."""
    _need_package()
    if not isinstance(value, dict):
        raise AnsibleFilterError("slice_digest: the slice is no mapping; something has replaced the variable `shoko`")
    return digest(_plain(value))


def slice_recorded(host):
    """Return the digest of the slice that the inventory plugin gave to this host in this run."""
    _need_package()
    found = recorded(str(host))
    if found is None:
        raise AnsibleFilterError(
            f"slice_recorded: {host} did not come from the inventory plugin shoko.core.declaration"
        )
    return found


def _need_package():
    if MISSING is not None:
        raise AnsibleFilterError(f"the package `shoko` cannot be imported ({MISSING}): run `make setup`")


class FilterModule:
    """Filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"slice_digest": slice_digest, "slice_recorded": slice_recorded}
