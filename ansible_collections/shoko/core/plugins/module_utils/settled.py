"""What a task left on this host when it last ended well: one question a run stands for asking each task again.

A task that ends well is *settled*: the host notes what it was asked, as a digest of the whole request, and a picture
of all that it answers for. ``shoko.core.settled`` makes those pictures anew, once a run for all tasks together. A task
whose request and picture are the same and to which no restart is owed would do nothing, and is not sent.
"""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.shoko.core.plugins.module_utils import systemd
from ansible_collections.shoko.core.plugins.module_utils.entries import Entry
from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.marks import Marks, canonical
from ansible_collections.shoko.core.plugins.module_utils.package_work import states
from ansible_collections.shoko.core.plugins.module_utils.state import read_json, write_json

OPTIONS: dict = {"request": {"type": "str"}}  # set by the action plugin


@dataclass
class Scope:
    """All that a task answers for on a host: absolute paths, names of packages, units, users and groups."""

    paths: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, params: dict, entries: list[Entry], manifest: str = "") -> Scope:
        """Return the scope of a task with the options of ``part``, or with some of them."""
        return cls(
            sorted({entry.path for entry in entries} | ({manifest} if manifest else set())),
            sorted({*params.get("packages", []), *params.get("absent", [])}),
            sorted({canonical(unit["name"]) for unit in params.get("units", [])}),
            sorted({entry.owner for entry in entries}),
            sorted({entry.group for entry in entries}),
        )


def path_state(path: str) -> list:
    """Return kind, rights and content of a path; ``[]`` if there is nothing."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return []
    if stat.S_ISLNK(found.st_mode):
        return ["link", os.readlink(path)]
    seen = [stat.S_IFMT(found.st_mode), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid]
    if stat.S_ISREG(found.st_mode):
        with open(path, "rb") as stream:
            seen.append(hashlib.sha256(stream.read()).hexdigest())
    return seen


def number(find: Callable[[str], Any], name: str) -> int | None:
    """Return the number of a user or group, None if there is none of that name."""
    with contextlib.suppress(KeyError):
        return find(name)[2]
    return None


class Eye:
    """Looks at a host. What programs are asked for (dpkg, systemctl), it asks once for all scopes together."""

    def __init__(self, scopes: list[Scope]) -> None:
        self._packages = states(sorted({name for scope in scopes for name in scope.packages}))
        self._units = systemd.show(sorted({name for scope in scopes for name in scope.units}))

    def picture(self, scope: Scope) -> dict:
        """Return how everything in a scope looks now, as JSON types."""
        units = {name: self._units[name] for name in scope.units}
        return {
            "paths": {path: path_state(path) for path in scope.paths},
            "packages": {name: self._packages.get(name, "not-installed") for name in scope.packages},
            "units": {
                name: [unit["LoadState"], unit["UnitFileState"], unit.up, unit.stale] for name, unit in units.items()
            },
            "owners": {name: number(pwd.getpwnam, name) for name in scope.owners},
            "groups": {name: number(grp.getgrnam, name) for name in scope.groups},
        }


class Settled:
    """The notes of one host: ``<state>/settled/<module>-<part>.json``."""

    def __init__(self, state_dir: str) -> None:
        self._folder = os.path.join(state_dir, "settled")
        self._marks = Marks(state_dir)

    def note(self, module: str, part: str, request: str | None, scope: Scope) -> None:
        """Note that a module's task for a part ended well; without a request there is nothing to note."""
        if not request:
            return
        path = os.path.join(self._folder, f"{module}-{part}.json")
        fresh = {"request": request, "part": part, "scope": asdict(scope), "picture": Eye([scope]).picture(scope)}
        try:
            same = read_json(path, None) == fresh
        except HostError:
            same = False
        if not same:
            write_json(path, fresh)

    def standing(self) -> list[str]:
        """Return the requests that would find nothing to do, sorted. A damaged note stands for nothing."""
        notes = []
        for name in sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else []:
            with contextlib.suppress(HostError, KeyError, TypeError):
                note = read_json(os.path.join(self._folder, name), {})
                notes.append((note["request"], note["part"], Scope(**note["scope"]), note["picture"]))
        eye = Eye([scope for _, _, scope, _ in notes])
        return sorted(
            request
            for request, part, scope, picture in notes
            if not any(self._marks.due(part).values()) and eye.picture(scope) == picture
        )
