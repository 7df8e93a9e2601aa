"""The control node's watch: reads all hosts again and again, and tells what has changed (shoko-drift.service).

Runs as a user that may use one key, that of the principal `observe`. What it says goes to the journal, and from there
to every collector.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from shoko.declaration.load import load
from shoko.declaration.model import Declaration
from shoko.drift.alerts import NOTICE, Line, State, step
from shoko.drift.changes import HostDrift
from shoko.drift.drift import site_drift
from shoko.drift.report import summary
from shoko.errors import ShokoError
from shoko.observe.standing import Standing, by_ssh
from shoko.observe.visit import Observation
from shoko.proof.report import printable

REST = 20  # seconds between the end of a reading and the next
AT_ONCE = 8  # hosts that are asked at the same time
MARK = Path("/run/shoko-run.mark")  # there while a run of site.yml goes on
LONGEST_RUN = 30 * 60  # seconds after which a mark counts no more: its run has ended without saying so
_ERROR = 3  # priority of syslog
_SIGN_OF_LIFE = 3600  # seconds


def run_goes_on(mark: Path, now: float) -> bool:
    """Tell whether a run says that it is going on. A mark of the future is none."""
    try:
        return 0 <= now - mark.stat().st_mtime < LONGEST_RUN
    except OSError:
        return False


def read_state(path: Path) -> State:
    """Return what was told before. Without that, or with something else there, everything is told again."""
    try:
        return State.of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return State()


def write_state(path: Path, state: State) -> None:
    """Keep what has been told; whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(state.record(), ensure_ascii=False), encoding="utf-8")
    beside.rename(path)


def say(line: Line) -> None:
    """Write a line for the journal, which takes the priority from its beginning (sd-daemon(3)).

    Hosts may hold anything in a name: it stays one line, and one that a terminal shows as it is.
    """
    print(f"<{line.priority}>{printable(' | '.join(line.text.splitlines()))}", flush=True)


def tell_systemd(word: str) -> None:
    """Tell the service manager that the watch is alive (sd_notify(3)); nothing where there is none."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(word.encode(), "\0" + path[1:] if path.startswith("@") else path)


class Watch:
    """Readings one after the other; what was told stands in a file between them, told first and noted then."""

    def __init__(self, site: Path, key: Path, state: Path) -> None:
        self._site, self._key, self._file = site, key, state
        self._state = read_state(state)
        self._connections: dict[str, Standing] = {}
        self._said = 0.0

    async def look(self) -> list[HostDrift]:
        """Read all hosts once and tell what is new. The declaration is read anew: a flow may have expired."""
        declaration = load(self._site)
        run = run_goes_on(MARK, time.time())
        found = site_drift(declaration, await self._read(declaration), list(declaration.hosts))
        run = run or run_goes_on(MARK, time.time())
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._state, lines = step(self._state, found, at, run=run)
        for line in lines:
            say(line)
        write_state(self._file, self._state)
        self._sign_of_life(found)
        return found

    def _sign_of_life(self, found: list[HostDrift]) -> None:
        if not self._said or time.monotonic() - self._said > _SIGN_OF_LIFE:
            self._said = time.monotonic()
            say(Line(NOTICE, f"watching: {summary(found)}"))

    async def _read(self, declaration: Declaration) -> dict[str, Observation | str]:
        for name in set(self._connections) - set(declaration.hosts):
            await self._connections.pop(name).end()
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> Observation | str:
            connection = self._connections.setdefault(name, Standing(by_ssh(declaration.hosts[name], self._key)))
            async with turns:
                return await connection.page()

        names = list(declaration.hosts)
        return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))


async def watch(site: Path, key: Path, state: Path) -> None:
    """Look for ever."""
    looking = Watch(site, key, state)
    tell_systemd("READY=1")
    while True:
        await looking.look()
        tell_systemd("WATCHDOG=1")
        await asyncio.sleep(REST)


def main() -> int:
    """Run until ended; 2 with one line where nothing can be watched."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="site directory")
    parser.add_argument("--key", type=Path, required=True, help="private key of the principal observe")
    parser.add_argument("--state", type=Path, required=True, help="where it is kept what has been told")
    given = parser.parse_args()
    try:
        asyncio.run(watch(given.site, given.key, given.state))
    except ShokoError as problem:
        say(Line(_ERROR, f"the watch cannot go on: {problem}"))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
