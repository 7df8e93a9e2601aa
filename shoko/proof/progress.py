"""How far the reading of hosts is, on standard error: only for a person who waits, or who asks for it."""

from __future__ import annotations

import sys
import threading
import time

PATIENCE = 1.0  # seconds


class Progress:
    """Counts hosts. On a terminal one line that is overwritten, after `PATIENCE`; else, if wanted, a line per host."""

    def __init__(self, total: int, *, wanted: bool) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._wanted = wanted
        self._begin = time.monotonic()
        self._lock = threading.Lock()
        self._done = 0
        self._shown = False

    def __call__(self, host: str) -> None:
        """Count one more host; may be called by several threads."""
        with self._lock:
            self._done += 1
            said = f"read {self._done} of {self._total} hosts"
            if self._terminal and (self._wanted or time.monotonic() - self._begin > PATIENCE):
                self._shown = True
                print(f"\r{said}", end="", file=sys.stderr, flush=True)
            elif self._wanted:
                print(f"{said}: {host}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
