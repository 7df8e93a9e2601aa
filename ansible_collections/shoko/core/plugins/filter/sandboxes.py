# Copyright: the Shoko authors
"""Filter by which a role confines its units: the data's drop-ins as entries of `shoko.core.files`."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

try:
    from shoko.errors import ShokoError
    from shoko.hardening.sandbox import sandbox
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = None


def sandboxes(units):
    """Return one entry of `files` for each unit."""
    if MISSING is not None:
        raise AnsibleFilterError(f"the package `shoko` cannot be imported ({MISSING}): run `make setup`")
    if isinstance(units, str):
        raise AnsibleFilterError("sandboxes: wants a list of units")
    try:
        return [_entry(sandbox(str(unit))) for unit in units]
    except ShokoError as error:
        raise AnsibleFilterError(f"sandboxes: {error}") from error


def _entry(one):
    path = f"/etc/systemd/system/{one.unit}.service.d/sandbox.conf"
    return {"path": path, "content": one.drop_in(), "restart": [one.unit] if one.at_once else []}


class FilterModule:
    """Filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"sandboxes": sandboxes}
