"""Two fingerprints of a host, as findings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shoko.integrity.fingerprint import Fingerprint, Rows, shown

# Column of AIDE's database to what a person calls it. The time of change is not among them: it tells that a look is due.
_WORDS = {
    "lname": "leads elsewhere", "perm": "rights", "uid": "owner", "gid": "group", "size": "size", "sha256": "content",
    "lcount": "links", "acl": "access list", "xattrs": "attributes", "capabilities": "capabilities",
}  # fmt: skip
_TIME = "ctime"
_SETUID = 0o6000


@dataclass(frozen=True)
class Finding:
    """A file that is not as the last run left it. `name` is the path as AIDE writes it."""

    host: str
    name: str
    text: str

    @property
    def ident(self) -> str:
        """The same for the same difference from look to look."""
        return digest(self.host, self.name, self.text)


def digest(*words: str) -> str:
    """Return a short word made of others."""
    return hashlib.sha256("\0".join(words).encode(errors="backslashreplace")).hexdigest()[:12]


def ident_of(findings: Iterable[Finding]) -> str:
    """Return the word by which somebody says that he has seen all of these."""
    return digest(*sorted(one.ident for one in findings))


def compare(host: str, base: Rows, now: Fingerprint) -> list[Finding]:
    """Return what differs from the base, by path; thorough, from a `full` fingerprint.

    What reads files on the host (AIDE, its selection, what calls it) is measured by the observer too: a reader that
    lies about itself is found by it.
    """
    found = {name: _said(base.get(name), now.rows.get(name)) for name in base.keys() | now.rows.keys()}
    for path, measured in now.readers.items():
        if not found.get(path) and base.get(path, {}).get("sha256") != measured:
            found[path] = "changed, and AIDE does not see it: what reads files on this host cannot be believed"
    return [Finding(host, name, f"{shown(name)} {said}") for name, said in sorted(found.items()) if said]


def is_due(base: Rows, now: Fingerprint) -> bool:
    """Tell from a `quick` fingerprint whether a thorough look is due: something may have changed."""
    if base.keys() != now.rows.keys():
        return True
    if any(base.get(path, {}).get("sha256") != measured for path, measured in now.readers.items()):
        return True
    return any(base[name].get(column) != value for name, row in now.rows.items() for column, value in row.items())


def renewed(base: Rows, now: Rows, findings: Iterable[Finding]) -> Rows:
    """Return the next base: what is there now, except for what was found before and nobody has explained."""
    rows = dict(now)
    for name in (one.name for one in findings):
        if name in base:
            rows[name] = base[name]
        else:
            rows.pop(name, None)
    return rows


def _said(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> str:
    if after is None:
        return "is gone"
    if before is None:
        return f"is new ({_owned(after)})"
    columns = [column for column in (*before, *after) if column != _TIME and before.get(column) != after.get(column)]
    said = [_change(column, before.get(column, "?"), after.get(column, "?")) for column in dict.fromkeys(columns)]
    return f"has another {', '.join(said)}" if said else ""


def _change(column: str, before: str, after: str) -> str:
    word = _WORDS.get(column, column)
    if column == "perm":
        return f"{word} ({_rights(before)}, now {_rights(after)})"
    if column in {"uid", "gid", "size", "lcount"}:
        return f"{word} ({before}, now {after})"
    if column == "lname":
        return f"target ({shown(before)}, now {shown(after)})"
    return word


def _owned(row: Mapping[str, str]) -> str:
    target = f", leads to {shown(row['lname'])}" if row.get("lname", "0") != "0" else ""
    return f"rights {_rights(row.get('perm', '?'))}, owner {row.get('uid', '?')}{target}"


def _rights(perm: str) -> str:
    try:
        mode = int(perm, 8) & 0o7777
    except ValueError:
        return perm
    return f"{mode:04o}" + (" set user or group" if mode & _SETUID else "")
