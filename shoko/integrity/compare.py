"""Reads hosts' files as the principal `observe` and compares them with what is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import Entry, Finding, differences, entries
from shoko.integrity.kept import Kept, Statement
from shoko.observe.fingerprint import Answered, ask_files

NOTHING_KEPT = "nothing is kept to compare with: `shoko integrity accept`"


@dataclass(frozen=True)
class Looked:
    """What was found on one host. `unknown` says why nothing can be said; `first`: nothing was accepted before."""

    host: str
    findings: tuple[Finding, ...] = ()
    unknown: str = ""
    first: bool = False
    now: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def changes(self) -> Sequence[Finding]:
        """What is to be told (`shoko/drift/alerts.py`)."""
        return self.findings

    @property
    def unread(self) -> Sequence[str]:
        """Why nothing is known."""
        if self.first:
            return (NOTHING_KEPT,)
        return (self.unknown,) if self.unknown else ()


def look(kept: Kept, connections: Mapping[str, Sequence[str]], at_once: int) -> list[Looked]:
    """Read hosts, some at once, by the command that connects to each, and say what differs.

    What cannot be read or compared is named. IntegrityError where what is accepted is not what was signed.
    """
    statement = kept.statement()

    def one(host: str) -> Looked:
        return compared(host, ask_files(connections[host]), kept, statement)

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(one, connections))


def compared(host: str, answer: Answered, kept: Kept, statement: Statement) -> Looked:
    """Compare one host's answer with what is accepted of it."""
    if answer.error:
        return Looked(host, unknown=f"cannot be read: {answer.error}")
    try:
        now = entries(answer.text)
        accepted = statement.hosts.get(host)
        if accepted is None:
            return Looked(host, first=True, now=now)
        return Looked(host, tuple(differences(kept.files(accepted), now)), now=now)
    except IntegrityError as problem:
        return Looked(host, unknown=str(problem))
