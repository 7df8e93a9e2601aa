"""From packets that did otherwise than they should to findings: one for each rule, flow and pair, not one a packet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shoko.proof.compare import Step
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.result import Finding, Kind
from shoko.proof.packet import Packet


def wrong(passed: bool, must: bool, may: bool, let: bool) -> Kind | None:
    """Return what is wrong about a packet that passed or did not; None if nothing is."""
    if passed and not may:
        return "passes"
    if must and not passed:
        return "blocked"
    return "model" if passed != let else None


@dataclass
class Found:
    """Collects what is wrong at one gateway."""

    judge: Judge
    _kept: dict[tuple[Kind, str, Step | None, str], tuple[Finding, int]] = field(default_factory=dict)

    def add(self, kind: Kind, packet: Packet, frame: bytes, let: bool, about: str = "") -> None:
        """Take in a packet; `let` is what the analysis says of it, `about` what is odd about it."""
        steps = self.judge.steps(packet)
        flow = self.judge.flow(packet)
        key = (kind, about, steps[-1] if steps else None, flow or f"{packet['iif']}/{packet['oif']}")
        if key in self._kept:
            finding, count = self._kept[key]
            self._kept[key] = (finding, count + 1)
            return
        says = "passes" if let else "does not pass"
        detail = f"the analysis of the running ruleset says that it {says}"
        words = self.judge.words(packet) + (f" ({about})" if about else "")
        self._kept[key] = (Finding(kind, self.judge.gate.name, words, frame, steps, flow, detail), 1)

    def findings(self) -> list[Finding]:
        """Return one finding for each kind, rule and flow, with how many packets share it."""
        return [
            replace(one, detail=f"{one.detail}; {count} packets like this one") if count > 1 else one
            for one, count in self._kept.values()
        ]
