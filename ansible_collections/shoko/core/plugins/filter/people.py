# Copyright: the Shoko authors
"""Filters by which role `people` makes users of the slice's `accounts`, and the files that open them."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

try:
    from shoko.errors import ShokoError
    from shoko.trust.people import lab_key
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = None

GROUP = "shoko-people"


def people_users(accounts):
    """Return one entry of `users` (`shoko.core.accounts`) for each person."""
    return [
        {
            "name": one["person"], "system": False, "groups": [GROUP], "home": f"/home/{one['person']}",
            "shell": "/bin/bash", "comment": one["title"], "last_day": one["last_day"],
        }
        for one in accounts["people"]
    ]  # fmt: skip


def people_files(accounts):
    """Return the entries of `files` that say what opens each account: the principal, and keys where they are enough."""
    if MISSING is not None:
        raise AnsibleFilterError(f"the package `shoko` cannot be imported ({MISSING}): run `make setup`")
    files = []
    for one in accounts["people"]:
        person = one["person"]
        files.append({"path": f"/etc/ssh/people/principals/{person}", "content": f"{person}\n"})
        if one["keys"]:
            lines = "".join(f"{_options(one)} {_key(person, key)} {person}\n" for key in one["keys"])
            files.append({"path": f"/etc/ssh/authorized_keys/{person}", "content": lines})
    return files


def _options(one):
    end = [f'expiry-time="{one["ends"]}"'] if one["ends"] else []
    return ",".join(["restrict", "pty", "port-forwarding", f'from="{",".join(one["addresses"])}"', *end])


def _key(person, key):
    try:
        return lab_key(person) if key == "lab" else key
    except ShokoError as error:
        raise AnsibleFilterError(f"people_files: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"people_users": people_users, "people_files": people_files}
