"""Differences as ``--diff`` shows them; what is secret or not text is never printed."""

from __future__ import annotations

import os

from ansible_collections.shoko.core.plugins.module_utils.tree_plan import Change, kind_of, lstat

_LIMIT = 200_000  # bytes; more than that helps no reader


def _text(data: bytes) -> str | None:
    if len(data) > _LIMIT or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _now(change: Change) -> bytes:
    current = lstat(change.path)
    if current is None:
        return b""
    kind = kind_of(current)
    if kind == "link":
        return f"link to {os.readlink(change.path)}\n".encode()
    if kind != "file":
        return b""
    with open(change.path, "rb") as stream:
        return stream.read(_LIMIT + 1)


def _rights(change: Change) -> list[str]:
    """Return a line for the rights before and after, empty where there are none."""
    current = lstat(change.path)
    before = f"{current.st_uid}:{current.st_gid} {current.st_mode & 0o7777:04o}\n" if current else ""
    entry = change.entry
    owner = f"{entry.owner}:{entry.group}" if entry else "root:root"
    return [before, f"{owner} {change.mode:04o}\n"]


def diff(change: Change) -> dict:
    """Return Ansible's diff structure for one change; call it before the change is made."""
    header = {"before_header": change.path, "after_header": change.path}
    if change.secret and change.change != "mode":
        return {"prepared": f"{change.path}: {change.change}: secret, content not shown\n"}
    if change.kind == "directory":
        return {"prepared": f"{change.path}: {change.change}: directory\n"}
    if change.change == "mode":
        before, after = _rights(change)
        return {**header, "before": before, "after": after}
    if change.change == "remove":
        after_bytes = b""
    elif change.kind == "link":
        after_bytes = f"link to {change.entry.target}\n".encode() if change.entry else b""
    else:
        after_bytes = change.entry.data if change.entry else b""
    before_text, after_text = _text(_now(change)), _text(after_bytes)
    if before_text is None or after_text is None:
        return {"prepared": f"{change.path}: {change.change}: not text, content not shown\n"}
    return {**header, "before": before_text, "after": after_text}
