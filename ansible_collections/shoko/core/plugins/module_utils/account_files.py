"""Users and groups as the host's own files tell them; reading needs no program."""

from __future__ import annotations

import contextlib
import datetime
import grp
import os
import pwd
import stat

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.state import write_atomic


def user(name: str) -> pwd.struct_passwd | None:
    """Return a user's passwd entry, or None."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    return None


def group(name: str) -> grp.struct_group | None:
    """Return a group's entry, or None."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(name)
    return None


def supplementary(name: str) -> set[str]:
    """Return the groups that list a user as member."""
    return {entry.gr_name for entry in grp.getgrall() if name in entry.gr_mem}


def password_hash(name: str) -> str:
    """Return the second field of the user's shadow(5) line; ``!`` if there is none."""
    return _shadow(name, 1) or "!"


def last_day(name: str) -> str:
    """Return the last day (YYYY-MM-DD, UTC) on which the account is good; ``""`` if it does not end."""
    days = _shadow(name, 7)
    return (datetime.date(1970, 1, 1) + datetime.timedelta(int(days))).isoformat() if days else ""


def _shadow(name: str, field: int) -> str:
    with open("/etc/shadow", encoding="utf-8") as stream:
        for line in stream:
            fields = line.rstrip("\n").split(":")
            if fields[0] == name:
                return fields[field]
    return ""


class AuthorizedKeys:
    """``~/.ssh/authorized_keys`` of one user, kept exactly as listed."""

    def __init__(self, name: str, home: str) -> None:
        self._name = name
        self._folder = os.path.join(home, ".ssh")
        self._file = os.path.join(self._folder, "authorized_keys")

    def differs(self, keys: list[str]) -> bool:
        """Tell whether the file says anything else than these keys."""
        try:
            with open(self._file, encoding="utf-8") as stream:
                return stream.read() != self._text(keys)
        except FileNotFoundError:
            return bool(keys)

    @staticmethod
    def _text(keys: list[str]) -> str:
        return "".join(f"{key}\n" for key in keys)

    def write(self, keys: list[str]) -> None:
        """Replace the file. A link in its place is refused: root must not write where a user points."""
        entry = user(self._name)
        if entry is None:
            raise HostError(f"{self._name}: vanished during the run")
        if not os.path.isdir(entry.pw_dir):
            raise HostError(f"{self._name}: home {entry.pw_dir} does not exist, so keys cannot lie there")
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._folder, 0o700)
        if not stat.S_ISDIR(os.lstat(self._folder).st_mode):
            raise HostError(f"{self._folder}: is not a directory; keys are not written through a link")
        os.chown(self._folder, entry.pw_uid, entry.pw_gid)
        os.chmod(self._folder, 0o700)
        write_atomic(self._file, self._text(keys).encode(), 0o600)
        os.chown(self._file, entry.pw_uid, entry.pw_gid)
