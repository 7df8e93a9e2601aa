"""Single probes, each unlike the others: sent, accounted for, and held against declaration and analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

from shoko.proof.dynamic import frames
from shoko.proof.dynamic.found import Found, wrong
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.result import Counts, SuiteResult
from shoko.proof.dynamic.traffic import Traffic
from shoko.proof.packet import Packet

_CHUNK = 2048
_TRIES = 4

# Makes the IP packets of a probe for a token: one, or several fragments.
Pieces = Callable[[int], Sequence[bytes]]
Came = Callable[["Probe", bytes], object]


@dataclass(frozen=True)
class Probe:
    """A packet that comes in by the interface `source`.

    `about` says what is odd about it. `never`: it must not come out, whatever rules say, because a rule never sees it
    as a whole. `pieces` makes it where the fields alone do not.
    """

    source: str
    packet: Packet
    about: str = ""
    never: bool = False
    pieces: Pieces | None = None

    def made(self, token: int) -> Sequence[bytes]:
        """Return its IP packets."""
        return self.pieces(token) if self.pieces is not None else (frames.packet(self.packet, token),)


def try_probes(
    traffic: Traffic,
    judge: Judge,
    probes: Iterable[Probe],
    result: SuiteResult,
    came: Came = lambda _one, _packet: None,
) -> None:
    """Send probes, again where one is missing or should have passed, and add what was found to the result.

    `came` is told every packet that came out of the gate, with its probe.
    """
    trial = _Trial(traffic, judge, result, came)
    for chunk in batched(probes, _CHUNK):
        waiting: Sequence[Probe] = [one for one in chunk if one.source not in trial.dead]
        for left in reversed(range(_TRIES)):
            if waiting:
                waiting = trial.send(waiting, last=left == 0, again=left < _TRIES - 1)
    result.findings += trial.found.findings()
    if trial.dead:
        result.unproved.append(
            f"probes from {', '.join(sorted(trial.dead))} got lost on their way to {judge.gate.name} {_TRIES} times, "
            "and no more were sent from there; see that its leg and the switch work, and run it on a calmer machine"
        )


class _Trial:
    def __init__(self, traffic: Traffic, judge: Judge, result: SuiteResult, came: Came) -> None:
        self._traffic, self._judge, self._result, self._came = traffic, judge, result, came
        self.found = Found(judge)
        self.dead: set[str] = set()  # ports from which nothing can be shown

    def send(self, probes: Sequence[Probe], *, last: bool, again: bool) -> list[Probe]:
        """Send probes once; return those that have to be sent again."""
        known = {self._traffic.token(): one for one in probes}
        verdicts = {token: self._verdict(one) for token, one in known.items()}
        sent, seen, out = self._traffic.send(
            (one.source, self._traffic.framed(one.source, packet))
            for token, one in known.items()
            for packet in one.made(token)
        )
        passed = self._passed(known, out)
        if any(let and token not in passed for token, (_must, _may, let) in verdicts.items()):
            passed += self._passed(known, self._traffic.later())
        short = {interface for interface, count in sent.items() if seen[interface] != count}
        repeat: list[Probe] = []
        for token, one in known.items():
            if one.source in short:
                repeat.append(one)
                continue
            kind = wrong(token in passed, *verdicts[token])
            if kind is not None and token not in passed and not last:
                repeat.append(one)  # it may have waited in vain for a neighbour
            elif kind is not None:
                frame = b"".join(self._traffic.framed(one.source, packet) for packet in one.made(token)[:1])
                self.found.add(kind, one.packet, frame, verdicts[token][2], one.about)
        if last and short:
            self.dead |= short
        for interface in () if last else short:  # what got lost counts once it is found again
            del sent[interface], seen[interface]
        count, arrived, out_again = sent.total(), seen.total(), passed.total()
        self._result.counts.add(Counts(count, arrived, out_again, arrived - out_again, count if again else 0))
        return [] if last else repeat

    def _passed(self, known: dict[int, Probe], out: Iterable[tuple[str, bytes]]) -> Counter[int]:
        """How many packets of each probe came out, by token."""
        found: Counter[int] = Counter()
        for _interface, packet in out:
            token = frames.token_of(packet)
            if token in known:
                found[token] += 1
                self._came(known[token], packet)
        return found

    def _verdict(self, one: Probe) -> tuple[bool, bool, bool]:
        if one.never or not self._judge.carried(one.packet):
            return False, False, False
        return self._judge.verdict(one.packet)
