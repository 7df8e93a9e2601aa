"""Carry out a list of changes: all of it, or nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError
from ansible_collections.shoko.core.plugins.module_utils.state import read_json, write_json
from ansible_collections.shoko.core.plugins.module_utils.tree_plan import Change, lstat

_NEW, _OLD = ".shoko-new", ".shoko-old"


def _beside(path: str, suffix: str) -> str:
    """Return a name beside ``path`` that include globs (``*.conf``, run-parts, sudoers.d) pass over."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}{suffix}")


class Transaction:
    """Writes new files beside their targets, then renames them all; can put everything back.

    The journal names the temporary files, so that the next run sweeps up after one that was killed.
    """

    def __init__(self, journal: str) -> None:
        self._journal = journal
        self._undo: list[Callable[[], None]] = []
        self._rubbish: list[str] = []
        self._emptied: list[str] = []

    def sweep(self) -> None:
        """Remove the temporary files of an earlier run that was killed."""
        for path in read_json(self._journal, []):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._journal)

    def apply(self, changes: list[Change]) -> None:
        """Make all changes durable and visible; on any error put back what was done, then raise HostError."""
        files = [change for change in changes if change.kind != "directory"]
        self._rubbish = [_beside(change.path, suffix) for change in files for suffix in (_NEW, _OLD)]
        self._emptied = [change.path for change in changes if (change.change, change.kind) == ("remove", "directory")]
        if files:
            write_json(self._journal, self._rubbish)
        change = None
        try:
            for change in changes:
                if change.change != "remove" and change.kind == "directory":
                    self._directory(change)
            for change in files:
                if change.change in ("create", "modify"):
                    self._write_beside(change)
            for change in files:
                self._switch(change)
        except OSError as error:
            where = error.filename or (change.path if change else "")
            self.put_back()
            raise HostError(f"{where}: {error.strerror or error}; everything was put back as it was") from error

    def finish(self) -> None:
        """Drop what putting back would have needed, then directories whose files are gone: it lay in them."""
        for path in self._rubbish:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        for path in self._emptied:
            with contextlib.suppress(OSError):  # somebody has put something there meanwhile: it is theirs
                os.rmdir(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._journal)

    def put_back(self) -> None:
        """Undo in reverse order what was done so far."""
        for step in reversed(self._undo):
            step()
        self._undo.clear()
        self._emptied.clear()
        self.finish()

    def _directory(self, change: Change) -> None:
        current = lstat(change.path)
        if current is None:
            os.mkdir(change.path, 0o700)
            self._undo.append(lambda: os.rmdir(change.path))
        else:
            self._restore_rights_on_undo(change.path, current)
        os.chown(change.path, change.uid, change.gid)
        os.chmod(change.path, change.mode)

    def _restore_rights_on_undo(self, path: str, before: os.stat_result) -> None:
        def restore() -> None:
            os.chown(path, before.st_uid, before.st_gid)
            os.chmod(path, before.st_mode & 0o7777)

        self._undo.append(restore)

    @staticmethod
    def _write_beside(change: Change) -> None:
        new = _beside(change.path, _NEW)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        entry = change.entry
        if entry is None:  # only directories and removals come without one
            raise OSError(22, "nothing to write", change.path)
        if entry.kind == "link":
            os.symlink(entry.target, new)
            return
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(entry.data)
            stream.flush()
            os.fchown(handle, change.uid, change.gid)
            os.fchmod(handle, change.mode)
            os.fsync(handle)

    def _switch(self, change: Change) -> None:
        """Make one change visible and remember how to undo it."""
        path, old = change.path, _beside(change.path, _OLD)
        current = lstat(path)
        if change.change == "mode":
            if current is None:
                raise FileNotFoundError(2, "vanished during the run", path)
            self._restore_rights_on_undo(path, current)
            os.chown(path, change.uid, change.gid)
            os.chmod(path, change.mode)
            return
        if current is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(old)
            os.link(path, old, follow_symlinks=False)
            self._undo.append(lambda: os.replace(old, path))
        if change.change == "remove":
            os.unlink(path)
            return
        os.replace(_beside(path, _NEW), path)
        if current is None:
            self._undo.append(lambda: os.unlink(path))
