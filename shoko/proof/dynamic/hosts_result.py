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

    def about(self) -> Iterator[str]:
        """Yield who ended how many attempts."""
        for permitted in (True, False):
            counts = [(fate, self.fates.get((fate, permitted), 0)) for fate in ENDS]
            ends = ", ".join(f"{ENDS[fate]} {n:,}" for fate, n in counts if n)
            yield f"hosts: {'permitted' if permitted else 'denied'} {sum(n for _, n in counts):,}: {ends or 'none'}"
        yield f"hosts: ports beside those of services: sample {self.sample}"

    def details(self) -> dict[str, object]:
        """Return the same for machines."""
        fates = [
            {"fate": fate, "permitted": permitted, "attempts": number}
            for (fate, permitted), number in sorted(self.fates.items())
        ]
        return {"sample": self.sample, "fates": fates}
