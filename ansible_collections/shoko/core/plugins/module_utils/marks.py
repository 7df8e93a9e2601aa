"""Marks "restart due": what changed files owe to a unit, kept on the host until it was really done.

Ansible forgets a notified handler when the run fails before it (ansible/ansible#10498). A mark does not:
``files`` sets it before it touches anything, the next run of the same part sees it, reports a change and
so notifies again, and only ``units`` removes it after the unit was restarted and found active.

One file per unit, ``<state>/due/<unit>``: ``{"parts": {"<part>": {"name": "nginx", "verb": "restart"}}}``.
``name`` is the unit as the role wrote it, so that a handler's condition can name it the same way.
"""

from __future__ import annotations

import contextlib
import os

from ansible_collections.shoko.core.plugins.module_utils.state import read_json, write_json

# systemd.unit(5): the suffixes that make a name complete.
_SUFFIXES = (
    ".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer",
    ".slice", ".scope",
)  # fmt: skip


def canonical(unit: str) -> str:
    """Return the full unit name: ``nginx`` is ``nginx.service``."""
    return unit if unit.endswith(_SUFFIXES) else f"{unit}.service"


def merge(due: dict, more: dict) -> dict:
    """Join two ``{"restart": [...], "reload": [...]}``; a unit that restarts needs no reload."""
    restart = sorted({*due["restart"], *more["restart"]})
    known = {canonical(unit) for unit in restart}
    reload = sorted({*due["reload"], *more["reload"]})
    return {"restart": restart, "reload": [unit for unit in reload if canonical(unit) not in known]}


class Marks:
    """The marks of one host."""

    def __init__(self, state_dir: str) -> None:
        self._folder = os.path.join(state_dir, "due")

    def _path(self, unit: str) -> str:
        return os.path.join(self._folder, canonical(unit))

    def due(self, part: str) -> dict:
        """Return what is due because of one part."""
        due: dict = {"restart": [], "reload": []}
        with contextlib.suppress(FileNotFoundError):
            for name in sorted(os.listdir(self._folder)):
                mark = read_json(os.path.join(self._folder, name), {}).get("parts", {}).get(part)
                if mark:
                    due[mark["verb"]].append(mark["name"])
        return due

    def set(self, part: str, due: dict) -> None:
        """Record what one part owes, before it changes anything."""
        os.makedirs(self._folder, mode=0o755, exist_ok=True)
        for verb in ("reload", "restart"):
            for unit in due[verb]:
                mark = read_json(self._path(unit), {"parts": {}})
                mark["parts"][part] = {"name": unit, "verb": verb}
                write_json(self._path(unit), mark)

    def replace(self, part: str, due: dict) -> None:
        """Put a part's marks back to exactly ``due`` (after an undone change)."""
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._folder):
                path = os.path.join(self._folder, name)
                mark = read_json(path, {"parts": {}})
                if mark["parts"].pop(part, None):
                    if mark["parts"]:
                        write_json(path, mark)
                    else:
                        os.unlink(path)
        self.set(part, due)

    def verb(self, unit: str) -> str | None:
        """Return what any part owes to a unit: ``restart``, ``reload`` or None."""
        verbs = {mark["verb"] for mark in read_json(self._path(unit), {}).get("parts", {}).values()}
        return "restart" if "restart" in verbs else "reload" if verbs else None

    def clear(self, unit: str) -> None:
        """Forget what was owed to a unit; only called after it runs with the new files."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(unit))
