"""What the host suite hands back besides what every suite does: who ended how many attempts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shoko.proof.dynamic.hosts_fates import Fate
from shoko.proof.dynamic.result import SuiteResult

ENDS: dict[Fate, str] = {
    "route": "no route at the sender",
    "sender": "the sender's own rules",
    "gateway": "the gateway",
    "receiver": "the receiver's own rules",
    "outside": "a router of the internet",
    "reached": "reached",
    "lost": "seen nowhere",
}


@dataclass
class HostSuite(SuiteResult):
    """The host suite. `fates` counts every attempt once, by (fate, permitted); `sample` repeats the choice of ports."""

    sample: int = 0
    fates: Mapping[tuple[Fate, bool], int] = field(default_factory=dict)


def lines(suite: HostSuite) -> Iterator[str]:
    """Yield who ended how many attempts, for people."""
    for permitted in (True, False):
        counts = [(fate, suite.fates.get((fate, permitted), 0)) for fate in ENDS]
        ends = ", ".join(f"{ENDS[fate]} {n}" for fate, n in counts if n)
        yield f"hosts: {'permitted' if permitted else 'denied'} {sum(n for _, n in counts)}: {ends or 'none'}"
    yield f"hosts: sample {suite.sample} of ports beside those of services"


def record(suite: HostSuite) -> dict[str, object]:
    """Return the same for machines."""
    return {
        "sample": suite.sample,
        "fates": [
            {"fate": fate, "permitted": permitted, "attempts": n}
            for (fate, permitted), n in sorted(suite.fates.items())
        ],
    }
