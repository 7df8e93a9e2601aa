"""The control node's half of `shoko integrity` (`/usr/local/sbin/shoko-integrity VERB`): reads, compares, keeps, tells.

Runs as a user of its own, whose one key is that of the principal `observe`. What it tells goes to the journal, and from
there to every collector. It can accept nothing: that takes a signature (`shoko/integrity/seal.py`).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import syslog
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoko.declaration.commands import hosts_of
from shoko.declaration.load import load
from shoko.declaration.model import Declaration
from shoko.drift.alerts import ALERT, NOTICE, Line, State, Words, step
from shoko.drift.watch import read_state, write_state
from shoko.errors import ShokoError
from shoko.integrity.compare import Looked, look
from shoko.integrity.errors import IntegrityError
from shoko.integrity.kept import Accepted, Kept
from shoko.integrity.run import Begun, left, unsettled
from shoko.observe.standing import by_ssh
from shoko.proof.report import printable

WORDS = Words("FILES", "whether its files have changed is not known")
ONE, SOME = 1, 4  # hosts at once: while nobody waits, and while somebody does


def tell(line: Line) -> None:
    """Write a line for the journal. Hosts may hold anything in a name: it stays one line."""
    syslog.openlog("shoko-integrity", 0, syslog.LOG_DAEMON)
    syslog.syslog(line.priority, printable(" | ".join(line.text.splitlines())))


@dataclass(frozen=True)
class Control:
    """The state of the watch in its directory, and what it may read hosts with."""

    declaration: Declaration
    key: Path
    kept: Kept

    @property
    def _state(self) -> Path:
        return self.kept.directory / "state.json"

    @property
    def _run(self) -> Path:
        return self.kept.directory / "run.json"

    def watch(self) -> int:
        """Read all hosts, one after the other, and tell what is new; nothing while a run goes on."""
        found: list[Looked] = []
        for host in self.declaration.hosts:
            sealed = self.kept.sealed
            if self._run_goes_on():
                return 0
            known = host in self.kept.statement().hosts
            one = self._look([host], ONE) if known else [Looked(host, first=True)]
            with alone(self.kept.directory):
                # What was read meanwhile belongs to neither state; the next look sees what is left.
                if self._run_goes_on() or self.kept.sealed != sealed:
                    return 0
                self._told(one, [host])
            found += one
        differ, silent = sum(bool(one.findings) for one in found), sum(bool(one.unread) for one in found)
        tell(Line(NOTICE, f"looked: {len(found) - silent} of {len(found)} hosts compared, {differ} with differences"))
        return 0

    def read(self, hosts: Sequence[str]) -> dict[str, Any]:
        """Read hosts for a person, who may accept what is offered."""
        found = self._look(hosts, SOME)
        return {"sealed": self.kept.sealed, "hosts": [self._record(one) for one in found]}

    def begin(self, hosts: Sequence[str], inputs: str) -> list[str]:
        """Look at the hosts that a run may change before it does, and return the lines of what differs."""
        statement, now = self.kept.statement(), time.time()
        going_on = Begun.read(self._run, now)
        # A run that failed is finished by the next one: what differed before it counts, not what it left half done.
        before = dict(going_on.before) if going_on else {}
        asked = [host for host in unsettled(statement, hosts, inputs) if host in statement.hosts and host not in before]
        found = self._look(asked, SOME)
        if found:
            with alone(self.kept.directory):
                self._told(found, asked)
        before |= {one.host: [finding.path for finding in one.findings] for one in found if not one.unread}
        Begun(now, before).write(self._run)
        return [line for one in found for line in lines(one)]

    def end(self, hosts: Sequence[str], inputs: str, *, whole: bool) -> dict[str, Any]:
        """Return what the run left, as a statement to be signed (None where there is nothing), and what differs."""
        statement = self.kept.statement()
        asked = unsettled(statement, hosts, inputs)
        begun = Begun.read(self._run, time.time())
        offered: dict[str, Accepted] = {}
        said: list[str] = []
        for one in self._look(asked, SOME):
            before = begun.before.get(one.host) if begun else None
            accepted = statement.hosts.get(one.host)
            wanted = left(one, None if accepted is None else self.kept.files(accepted), before)
            if wanted is None:
                said += lines(one) or [f"{one.host}: nobody looked before the run; what differs stays to be accepted"]
                continue
            offered[one.host] = Accepted(self.kept.offer(wanted), inputs if whole else "")
        if not offered:
            self._run.unlink(missing_ok=True)
            return {"statement": None, "said": said}
        return {"statement": statement.with_hosts(offered, _now()).text(), "said": said}

    def accept(self, sealed: str) -> str:
        """Take a sealed statement; a run that went on has ended with it."""
        with alone(self.kept.directory):
            before = self.kept.statement().hosts
            statement = self.kept.accept(sealed)
        changed = [name for name, one in statement.hosts.items() if before.get(name) != one]
        self._run.unlink(missing_ok=True)
        text = f"ACCEPTED {', '.join(changed) or 'nothing new'}"
        tell(Line(NOTICE, text))
        return text

    def last(self) -> dict[str, Any]:
        """Return what was told and has not ended."""
        return read_state(self._state).record()

    def _run_goes_on(self) -> bool:
        return Begun.read(self._run, time.time()) is not None

    def _look(self, hosts: Sequence[str], at_once: int) -> list[Looked]:
        connections = {host: by_ssh(self.declaration.hosts[host], self.key) for host in hosts}
        return look(self.kept, connections, at_once)

    def _record(self, one: Looked) -> dict[str, Any]:
        return {
            "host": one.host, "unknown": one.unknown or None, "first": one.first,
            "findings": [{"path": each.path, "kind": each.kind, "what": each.what} for each in one.findings],
            "offered": self.kept.offer(one.now) if one.first or one.findings else None,
        }  # fmt: skip

    def _told(self, found: Sequence[Looked], hosts: Sequence[str]) -> None:
        """Tell what is new of these hosts and keep that it was told; others stay as they are."""
        state = read_state(self._state)
        mine, others = _parted(state, hosts, self.declaration)
        mine, said = step(mine, found, _now(), run=False, words=WORDS)
        for line in said:
            tell(line)
        write_state(
            self._state,
            State(mine.told | others.told, mine.unread | others.unread, mine.failing | others.failing, mine.at),
        )


def _parted(state: State, hosts: Sequence[str], declaration: Declaration) -> tuple[State, State]:
    """Part a state: of these hosts and of those that are no longer declared, and of all others."""
    others = set(declaration.hosts) - set(hosts)

    def of(*, theirs: bool) -> State:
        return State(
            {host: words for host, words in state.told.items() if (host in others) is theirs},
            {host: reason for host, reason in state.unread.items() if (host in others) is theirs},
            {host: count for host, count in state.failing.items() if (host in others) is theirs},
        )

    return of(theirs=False), of(theirs=True)


def lines(one: Looked) -> list[str]:
    """Return what was found on a host, for people."""
    return [
        *(f"{one.host}: UNKNOWN: {printable(reason)}" for reason in one.unread),
        *(f"{one.host}: {printable(finding.text)}" for finding in one.findings),
    ]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One at a time writes what is kept; nobody reads hosts meanwhile, which takes long."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="site directory")
    parser.add_argument("--key", type=Path, required=True, help="private key of the principal observe")
    parser.add_argument("--signers", type=Path, required=True, help="who may seal what is accepted")
    parser.add_argument("--directory", type=Path, required=True, help="where it is kept")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("watch", "accept", "last"):
        verbs.add_parser(verb)
    for verb in ("read", "begin", "end"):
        one = verbs.add_parser(verb)
        one.add_argument("hosts", nargs="*")
        one.add_argument("--inputs", default="", help="what the run is made of")
        one.add_argument("--whole", action="store_true", help="the run left no part out")
    return parser.parse_args()


def _done(given: argparse.Namespace) -> int:
    declaration = load(given.site)
    control = Control(declaration, given.key, Kept(given.directory, given.signers, declaration.key))
    if given.verb == "watch":
        return control.watch()
    # A host that a run has only just declared is not known here before the run has reached the control node.
    known = [host for host in getattr(given, "hosts", ()) if host in declaration.hosts]
    found: object
    if given.verb == "accept":
        print(control.accept(sys.stdin.read()))
        return 0
    if given.verb == "begin":
        print("\n".join(control.begin(known, given.inputs)))
        return 0
    if given.verb == "last":
        found = control.last()
    elif given.verb == "read":
        found = control.read(hosts_of(declaration, given.hosts, IntegrityError))
    else:
        found = control.end(known, given.inputs, whole=given.whole)
    print(json.dumps(found, ensure_ascii=False))
    return 0


def main() -> int:
    """Carry out a verb; the error's own code, with one line, where nothing can be said."""
    given = _arguments()
    try:
        return _done(given)
    except ShokoError as problem:
        print(f"shoko-integrity: {problem}", file=sys.stderr)
        if given.verb == "watch":
            tell(Line(ALERT, f"BLIND: nobody compares files: {problem}"))
        return problem.code


if __name__ == "__main__":
    sys.exit(main())
