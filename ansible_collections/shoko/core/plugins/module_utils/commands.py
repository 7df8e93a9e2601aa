"""Run a program of the host: no shell, plain language, a bound on time."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from ansible_collections.shoko.core.plugins.module_utils.errors import HostError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    rc: int
    out: str
    err: str

    def tail(self, lines: int = 12) -> str:
        """Return the end of what it said, errors first, on one line."""
        said = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return " | ".join(said[-lines:]) or f"exit code {self.rc}"


def run(command: list[str], timeout: float = 60, data: str | None = None, **environment: str) -> Done:
    """Run ``command`` to its end; ``timeout`` in seconds.

    A program that is missing or does not end is a HostError; a bad exit code is not.
    """
    try:
        done = subprocess.run(
            command, input=data if data is not None else "", capture_output=True, text=True, errors="replace",
            timeout=timeout, check=False, cwd="/", env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": PATH, **environment},
        )  # fmt: skip
    except FileNotFoundError as error:
        raise HostError(f"{command[0]}: not installed on this host") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{' '.join(command)}: did not end within {timeout:g} s") from error
    return Done(done.returncode, done.stdout, done.stderr)


def must(command: list[str], timeout: float = 60, data: str | None = None, **environment: str) -> str:
    """Run ``command`` and return its output; any exit code but 0 is a HostError with its words."""
    done = run(command, timeout, data, **environment)
    if done.rc != 0:
        raise HostError(f"{' '.join(command)}: {done.tail()}")
    return done.out
