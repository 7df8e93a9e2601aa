"""What a run of `site.yml` may change, and what it may not: compared before it, accepted after it.

`begin` reads each host that the run may change before it changes anything; what differs there nobody has declared, and
it is told. `end` reads them again and offers what the run left, but for the files that differed before: of those the
accepted state stays as it was, so that they differ until a person accepts them. A host that has had a whole run of the
same inputs is not read: that run left the accepted state, and the same inputs bring the same files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shoko.integrity.compare import Looked
from shoko.integrity.fingerprint import Entry
from shoko.integrity.kept import Statement

LONGEST = 30 * 60  # seconds within which a run that failed may be finished by another one


@dataclass(frozen=True)
class Begun:
    """A run that goes on: since when (seconds of the epoch), and by host the paths that differed before it."""

    at: float
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @staticmethod
    def read(path: Path, now: float) -> Begun | None:
        """Return what the last run left there; None where it has ended, is too long ago, or is none."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            begun = Begun(float(content["at"]), {str(name): list(one) for name, one in content["before"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return begun if 0 <= now - begun.at < LONGEST else None

    def write(self, path: Path) -> None:
        """Keep it; whole or not at all."""
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps({"at": self.at, "before": self.before}), encoding="utf-8")
        beside.rename(path)


def unsettled(statement: Statement, hosts: Sequence[str], inputs: str) -> list[str]:
    """Return the hosts that have had no whole run of these inputs."""
    known = statement.hosts
    return [host for host in hosts if not inputs or host not in known or known[host].inputs != inputs]


def left(looked: Looked, accepted: Mapping[str, Entry] | None, before: Sequence[str] | None) -> dict[str, Entry] | None:
    """Return the files that may be accepted of a host after a run; None where nothing may.

    `accepted` is the state before (None: there was none), `before` the paths that differed before the run (None: nobody
    looked).
    """
    if looked.unknown:
        return None
    if accepted is None:
        return dict(looked.now)
    if before is None:
        return None
    wanted = dict(looked.now)
    for path in before:
        wanted.pop(path, None)
        if path in accepted:
            wanted[path] = accepted[path]
    return wanted
