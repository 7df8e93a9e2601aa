"""A connection that stays open while something else happens to it."""

from __future__ import annotations

import subprocess

# Opens a connection and stays: each line on standard input is sent, each answer (or its absence) printed.
PROGRAM = """
import socket, sys
s = socket.create_connection((sys.argv[1], 22), timeout=20)
print(s.recv(100).decode().strip(), flush=True)
s.settimeout(5)
for line in sys.stdin:
    try:
        s.sendall(line.encode()); print(s.recv(100).decode().strip() or "closed", flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
"""


class Held:
    """A connection to an SSH server from where `python` (the command that runs Python there) runs."""

    def __init__(self, python: list[str], address: str) -> None:
        self._process = subprocess.Popen(
            [*python, "-c", PROGRAM, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.greeting = self._process.stdout.readline().strip()

    def say(self, text: str) -> str:
        """Send a line; return what came back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.communicate()
