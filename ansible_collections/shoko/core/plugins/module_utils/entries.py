"""What a ``files`` task wants of one path: read and checked on the controller, carried out on the host."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError

KINDS = ("file", "link", "directory", "absent")
_SOURCES = ("template", "content", "source", "link", "directory", "absent")
_COMMON = ("path", "restart", "reload")
_RIGHTS = ("mode", "owner", "group", "package")
_ALLOWED = {
    "template": {*_COMMON, *_RIGHTS, "template", "vars", "secret"},
    "content": {*_COMMON, *_RIGHTS, "content", "secret"},
    "source": {*_COMMON, *_RIGHTS, "source", "secret"},
    "link": {*_COMMON, "link"},
    "directory": {*_COMMON, *_RIGHTS, "directory"},
    "absent": {*_COMMON, "absent"},
}
_MODE = re.compile(r"0?[0-7]{3,4}")


@dataclass
class Entry:
    """One path below / and how it must be. ``data`` is only meant for a file, ``target`` for a link."""

    path: str
    kind: str
    data: bytes = b""
    target: str = ""
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    secret: bool = False
    restart: list[str] = field(default_factory=list)
    reload: list[str] = field(default_factory=list)
    package: str = ""

    def memo(self) -> dict:
        """Return what the manifest keeps: enough to remove the path and know who must restart."""
        return {"kind": self.kind, "restart": self.restart, "reload": self.reload, "secret": self.secret}


def kind_of_value(value: object) -> str:
    """Return what a value is in a person's words; Ansible's own types have names nobody knows."""
    for kind, word in ((dict, "a mapping"), (list, "a list"), (bool, "true or false"), ((int, float), "a number")):
        if isinstance(value, kind):
            return word
    return "text" if isinstance(value, str) else "nothing"


def source_of(raw: dict, index: int) -> str:
    """Return which of the six kinds of entry a task's list item is; refuse what is unclear.

    Raises HostError naming the item, for a missing path, none or two sources, or a key nobody reads.
    """
    if not isinstance(raw, dict):
        raise HostError(f"files[{index}]: is {kind_of_value(raw)}, must be a mapping with path and a source")
    path = raw.get("path")
    if not isinstance(path, str) or not path.startswith("/") or os.path.normpath(path) != path:
        raise HostError(f"files[{index}]: path: {path!r} is not an absolute, normal path")
    if path.count("/") < 2:
        raise HostError(f"{path}: lies directly below /; files are kept in a directory of their own")
    given = [key for key in _SOURCES if key in raw]
    if len(given) != 1:
        raise HostError(f"{path}: has {' and '.join(given) or 'no source'}; give exactly one of {', '.join(_SOURCES)}")
    unknown = sorted(set(raw) - _ALLOWED[given[0]])
    if unknown:
        allowed = ", ".join(sorted(_ALLOWED[given[0]]))
        raise HostError(f"{path}: unknown key {', '.join(unknown)} (allowed with {given[0]}: {allowed})")
    if given[0] in ("directory", "absent") and raw[given[0]] is not True:
        raise HostError(f"{path}: {given[0]}: must be true or left out")
    return given[0]


def make_entry(raw: dict, source: str, data: bytes) -> Entry:
    """Build the entry of a checked list item; ``data`` are the rendered bytes of a file."""
    path = raw["path"]
    kind = source if source in KINDS else "file"
    entry = Entry(path=path, kind=kind, data=data, secret=bool(raw.get("secret", False)))
    if kind == "link":
        if not isinstance(raw["link"], str) or not raw["link"]:
            raise HostError(f"{path}: link: must name the target")
        entry.target = raw["link"]
    default = "0755" if kind == "directory" else "0644"
    mode = raw.get("mode", default)
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        raise HostError(f'{path}: mode: {mode!r} is not a quoted octal string such as "0644"')
    entry.mode = int(mode, 8)
    for key in ("owner", "group"):
        value = raw.get(key, "root")
        if not isinstance(value, str) or not value:
            raise HostError(f"{path}: {key}: {value!r} is not a name")
        setattr(entry, key, value)
    entry.package = raw.get("package", "")
    if not isinstance(entry.package, str):
        raise HostError(f"{path}: package: {entry.package!r} is not a name")
    for key in ("restart", "reload"):
        units = raw.get(key) or []
        if not isinstance(units, list) or not all(isinstance(unit, str) and unit for unit in units):
            raise HostError(f"{path}: {key}: must be a list of units")
        setattr(entry, key, [str(unit) for unit in units])
    return entry


def refuse_conflicts(entries: list[Entry]) -> None:
    """Refuse a path given twice, and a path below another entry that is no directory."""
    kinds: dict[str, str] = {}
    for entry in entries:
        if entry.path in kinds:
            raise HostError(f"{entry.path}: is listed twice")
        kinds[entry.path] = entry.kind
    for entry in entries:
        if entry.kind == "absent":
            continue
        parent = os.path.dirname(entry.path)
        while parent != "/":
            if kinds.get(parent, "directory") not in ("directory", "link"):
                raise HostError(f"{entry.path}: {parent} above it is listed as {kinds[parent]}")
            parent = os.path.dirname(parent)
