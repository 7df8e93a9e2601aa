"""Connections that stay: over each comes a page of a host's observer for every line that is sent.

A visit that logs in anew costs a host two dozen lines of its log and most of the time; somebody who looks three times a
minute stays. The other side is the one command that the principal `observe` has (role `observation`).
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from shoko.declaration.model import Host
from shoko.observe.visit import Observation, understood

USER = "shoko-observe"
SECONDS = 15  # within which a page has come, with a new connection if there is none
_LONGEST = 1 << 26  # bytes of one page


def by_ssh(host: Host, key: Path) -> list[str]:
    """Return the command that connects to a host as the principal `observe`: no file of a user decides anything."""
    leg = host.manage_leg
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityFile": str(key),
        "StrictHostKeyChecking": "yes",
        "GlobalKnownHostsFile": "/etc/ssh/ssh_known_hosts",
        "UserKnownHostsFile": "none",
        "HostKeyAlias": host.name,
        "ConnectTimeout": "10",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "2",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", "-T", *words, "-l", USER, str(leg.ipv4 or leg.ipv6)]


class Standing:
    """One host's connection. It is made when a page is asked for, and made again after it broke."""

    def __init__(self, command: Sequence[str], seconds: float = SECONDS) -> None:
        self._command, self._seconds = command, seconds
        self._process: Process | None = None

    async def page(self) -> Observation | str:
        """Return what the host holds and runs now; a text is the reason why nothing is known."""
        try:
            async with asyncio.timeout(self._seconds):
                line = await self._asked()
        except TimeoutError:
            await self.end()
            return f"cannot be read: no answer within {self._seconds:g} s"
        except (OSError, ValueError) as problem:
            await self.end()
            return f"cannot be read: {problem}"
        if not line.endswith(b"\n"):
            return f"cannot be read: {await self._last_words()}"
        page = understood(line.decode(errors="replace"))
        if isinstance(page, str):
            await self.end()  # an observer of another version: the next connection gets the one that is installed now
        return page

    async def end(self) -> None:
        """End the connection, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _asked(self) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LONGEST
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("no pipe to the connection")
        self._process.stdin.write(b"\n")
        with contextlib.suppress(ConnectionError):  # why it broke, the other pipe says
            await self._process.stdin.drain()
        return await self._process.stdout.readline()

    async def _last_words(self) -> str:
        process = self._process
        said = b""
        if process is not None and process.stderr is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    said = await process.stderr.read()
        await self.end()
        return (said.decode(errors="replace").strip().splitlines() or ["the connection ended"])[-1]
