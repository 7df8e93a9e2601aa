"""When something is told: each change once when it appears, and once when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

ALERT, NOTICE = 1, 5  # priorities of syslog
FORMAT = 1
PATIENCE = 2  # readings running that have to fail before it is told: one fails while a host starts anew


@dataclass(frozen=True)
class Line:
    """One line for the journal."""

    priority: int
    text: str


class Difference(Protocol):
    """One difference of a host: the same `ident` from reading to reading."""

    @property
    def ident(self) -> str:
        """A short word made of what the difference means."""

    @property
    def text(self) -> str:
        """The difference as one line."""


class Seen(Protocol):
    """What a reading found about one host; `unread` is what could not be read there, and why."""

    @property
    def host(self) -> str:
        """Its name."""

    @property
    def changes(self) -> Sequence[Difference]:
        """What differs."""

    @property
    def unread(self) -> Sequence[str]:
        """Of what nothing is known."""


@dataclass(frozen=True)
class Words:
    """How a watch speaks: the first word of its alerts, and what it means that a host could not be read."""

    alert: str
    unread: str


DRIFT = Words("DRIFT", "what can be reached there is not known")


@dataclass(frozen=True)
class State:
    """What has been told and not ended.

    `told` holds changes by host and identity, `unread` the hosts told as unread with the reason, `failing` how many
    readings running failed. `at` is when the last reading ended (UTC), `held` whether it was during a run.
    """

    told: dict[str, dict[str, str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    at: str = "never"
    held: bool = False

    @staticmethod
    def of(content: dict[str, Any]) -> State:
        """Return a state from its JSON; KeyError, TypeError or ValueError where it is none."""
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, and this version reads {FORMAT}")
        return State(
            {str(host): dict(words) for host, words in content["told"].items()},
            dict(content["unread"]),
            {str(host): int(count) for host, count in content["failing"].items()},
            str(content["at"]),
            bool(content["held"]),
        )

    def record(self) -> dict[str, Any]:
        """Return the state as JSON content."""
        return {
            "format": FORMAT, "told": self.told, "unread": self.unread, "failing": self.failing, "at": self.at,
            "held": self.held,
        }  # fmt: skip


def step(state: State, found: Sequence[Seen], at: str, *, run: bool, words: Words = DRIFT) -> tuple[State, list[Line]]:
    """Return the next state and what is to be told after a reading of all hosts.

    During a run (`run`) nothing is told and nothing is taken as told: what still stands after it is told then.
    """
    if run:
        return State(state.told, state.unread, state.failing, at, held=True), []
    lines: list[Line] = []
    told: dict[str, dict[str, str]] = {}
    unread: dict[str, str] = {}
    failing: dict[str, int] = {}
    for one in found:
        before = state.told.get(one.host, {})
        now = {change.ident: change.text for change in one.changes}
        lines += [Line(ALERT, _said(words.alert, one.host, ident, now[ident])) for ident in now if ident not in before]
        if one.unread:
            failing[one.host] = state.failing.get(one.host, 0) + 1
            # What could not be read may stand as before: nothing ends unseen.
            now = {**before, **now}
            reason = "; ".join(one.unread)
            if one.host in state.unread:
                unread[one.host] = state.unread[one.host]
            elif failing[one.host] >= PATIENCE:
                unread[one.host] = reason
                lines.append(Line(ALERT, f"UNREAD {one.host}: {reason}; {words.unread}"))
        elif one.host in state.unread:
            lines.append(Line(NOTICE, f"ENDED {one.host}: can be read again"))
        lines += [
            Line(NOTICE, _said("ENDED", one.host, ident, text)) for ident, text in before.items() if ident not in now
        ]
        if now:
            told[one.host] = now
    gone = {host for host in (*state.told, *state.unread) if host not in {one.host for one in found}}
    lines += [Line(NOTICE, f"ENDED {host}: is no longer declared") for host in sorted(gone)]
    return State(told, unread, failing, at), lines


def _said(word: str, host: str, ident: str, text: str) -> str:
    return f"{word} {host}: {text} [{ident}]"
