"""A host's fingerprint: AIDE's own text database (aide.conf(5)), read and compared off the host.

Compared here and not by `aide --compare`: that needs AIDE of the hosts' version on the machine that compares.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from shoko.integrity.errors import IntegrityError

BEGIN, SPEC, END = "@@begin_db", "@@db_spec ", "@@end_db"
Kind = Literal["new", "gone", "changed"]
# Columns of the database, in words. `inode` and `attr` are AIDE's own business: a file that is written anew and equal
# has another inode, and `attr` says which columns count.
WORDS = {
    "lname": "target of the link", "perm": "rights", "uid": "owner", "gid": "group", "size": "size",
    "lcount": "number of links", "acl": "access list", "sha256": "content", "xattrs": "extended attributes",
    "capabilities": "capabilities",
}  # fmt: skip

Entry = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """One file that is not as it was. `what` names what differs, with old and new value where it helps."""

    path: str
    kind: Kind
    what: tuple[str, ...] = ()

    @property
    def ident(self) -> str:
        """The same for the same finding from reading to reading."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def text(self) -> str:
        """The finding as one line."""
        return f"{self.kind:7} {self.path}" + (f" ({', '.join(self.what)})" if self.what else "")


def entries(text: str) -> dict[str, Entry]:
    """Return the entries of a database by path; IntegrityError where it is none, or has no end."""
    lines = text.splitlines()
    if len(lines) < 3 or lines[0] != BEGIN or not lines[1].startswith(SPEC) or lines[-1] != END:
        raise IntegrityError("the fingerprint is not a whole database of AIDE: run role `integrity` on the host")
    columns = lines[1].removeprefix(SPEC).split()
    if "name" not in columns or not set(WORDS) <= set(columns):
        raise IntegrityError("the fingerprint lacks attributes that are compared: run role `integrity` on the host")
    found: dict[str, Entry] = {}
    for line in lines[2:-1]:
        values = line.split(" ")
        if len(values) != len(columns):
            raise IntegrityError(f"the fingerprint holds a line that is none of AIDE's: {line[:80]!r}")
        entry = dict(zip(columns, values, strict=True))
        found[unquote(entry["name"], errors="backslashreplace")] = entry
    return found


def text_of(found: Mapping[str, Entry]) -> str:
    """Return files as a database of what is compared and nothing else: the same files give the same text."""
    columns = ["name", *WORDS]
    rows = [" ".join(entry[column] for column in columns) for _path, entry in sorted(found.items())]
    return "\n".join([BEGIN, SPEC + " ".join(columns), *rows, END]) + "\n"


def differences(before: Mapping[str, Entry], now: Mapping[str, Entry]) -> Iterator[Finding]:
    """Yield what differs, by path."""
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield Finding(path, "gone")
        elif path not in before:
            yield Finding(path, "new", tuple(_remarkable(now[path])))
        else:
            what = [
                _said(name, before[path][name], now[path][name]) for name in WORDS if _differs(name, before, now, path)
            ]
            if what:
                yield Finding(path, "changed", tuple(what))


def _differs(name: str, before: Mapping[str, Entry], now: Mapping[str, Entry], path: str) -> bool:
    return before[path][name] != now[path][name]


def _said(name: str, old: str, new: str) -> str:
    if name in {"perm", "uid", "gid"}:
        return f"{WORDS[name]} {old} → {new}"
    if name == "lname":
        return f"{WORDS[name]} {unquote(old)} → {unquote(new)}"
    return WORDS[name]


def _remarkable(entry: Entry) -> Iterator[str]:
    if int(entry["perm"], 8) & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(int(entry["perm"], 8)):
        yield f"runs as its owner or group: rights {entry['perm']}"
    if entry["capabilities"] != "0":
        yield "has capabilities"
