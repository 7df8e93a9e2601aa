"""JSON files below /var/lib/shoko: what the modules remember on a host between runs."""

from __future__ import annotations

import json
import os
import tempfile
from typing import IO

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError

STATE_DIR = "/var/lib/shoko"


def read_json(path: str, default):
    """Return the parsed file, or ``default`` if there is none. A damaged file is an error with its name."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return default
    except ValueError as error:
        raise HostError(f"{path}: not JSON ({error}); move it away and run again") from error


def locked_file(path: str) -> IO[str]:
    """Open a file to be locked with flock(2), for root alone: whoever may open it, reading included, may hold it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "r+", encoding="utf-8")


def write_atomic(path: str, data: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step that survives a power cut: write beside it, flush, rename."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".shoko-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_json(path: str, value, mode: int = 0o600) -> None:
    """Write ``value`` as sorted, indented JSON, atomically."""
    write_atomic(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode(), mode)
