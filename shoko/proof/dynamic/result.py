"""What a suite of the dynamic proof hands back; whatever the suite, one shape, so that one report prints all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from shoko.proof.compare import Step

Kind = Literal["passes", "blocked", "model", "leak", "mark", "unanswered"]
MEANING: dict[Kind, str] = {
    "passes": "passed, and no flow permits it",
    "blocked": "is permitted, and did not pass",
    "model": "did otherwise than the analysis of the running ruleset says; neither is to be trusted",
    "leak": "arrived where its VLAN does not reach",
    "mark": "opened a session with another mark than its flow's",
    "unanswered": "passed, and no answer came back",
}


@dataclass(frozen=True)
class Finding:
    """One packet that did what it should not. `what` is the packet in words, `where` the host that treated it so.

    `frame` are its bytes as they were sent (empty where a suite has none), `steps` the rules that the analysis of the
    running ruleset says it met, `flow` the flow that permits it.
    """

    kind: Kind
    where: str
    what: str
    frame: bytes = b""
    steps: tuple[Step, ...] = ()
    flow: str = ""
    detail: str = ""


@dataclass
class Counts:
    """Packets of a suite: sent = seen where they are judged = passed + dropped. `resent` are further tries."""

    sent: int = 0
    seen: int = 0
    passed: int = 0
    dropped: int = 0
    resent: int = 0

    def add(self, other: Counts) -> None:
        """Take in the counts of a part."""
        self.sent += other.sent
        self.seen += other.seen
        self.passed += other.passed
        self.dropped += other.dropped
        self.resent += other.resent

    @property
    def unaccounted(self) -> int:
        """Packets of which nobody can say what became; anything but 0 is unproved."""
        return abs(self.sent - self.seen) + abs(self.seen - self.passed - self.dropped)


@dataclass
class SuiteResult:
    """One suite at one place (a gateway, the switch, a host). `unproved` says why nothing can be said, and what to do.

    Findings are a counterexample (exit 1) whatever else is unproved (exit 2).
    """

    suite: str
    place: str
    counts: Counts = field(default_factory=Counts)
    findings: list[Finding] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def about(self) -> Iterator[str]:
        """Yield what a suite tells people besides findings and counts."""
        yield from ()

    def details(self) -> dict[str, object]:
        """Return the same for machines."""
        return {}

    @property
    def proven(self) -> bool:
        """Whether every packet did what the declaration says, and none is missing."""
        return not self.findings and not self.unproved
