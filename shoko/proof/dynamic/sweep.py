"""Every port: for each pair of segments 65,536 destination ports, TCP and UDP, in both families, at one gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from shoko.proof.dynamic import frames
from shoko.proof.dynamic.ends import Pair, fields, open_box
from shoko.proof.dynamic.found import Found, wrong
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.probes import Probe, try_probes
from shoko.proof.dynamic.result import Counts, SuiteResult
from shoko.proof.dynamic.ring import SLOTS, Ring
from shoko.proof.dynamic.traffic import PATIENCE, SETTLE, WINDOW, Traffic
from shoko.proof.packet import Packet
from shoko.proof.spans import Spans, holds, minus, of, size, union

_STEP = 32  # frames that go out by one call
_TRIES = 4
_MOST = 64  # ports of one batch that are looked at one by one
_NAMES = {frames.TCP: "tcp", frames.UDP: "udp"}


@dataclass
class Batch:
    """All ports of one pair, protocol and family, and how far they have come."""

    name: str
    source: str  # the interface by which they come in
    packet: Packet
    must: Spans
    may: Spans
    let: Spans
    tries: int = 0
    token: int = 0
    start: int = 0  # what the leg's tap had counted before
    sent: int = 0
    seen: int = 0
    missing: int = 0  # sent, and given up
    broken: bool = False  # some were given up, so that it is to be sent again
    unread: int = 0  # what the tap behind the gateway had lost before
    moved: float = 0.0
    done: float = 0.0  # when all were seen, or the rest given up
    passed: set[int] = field(default_factory=set)


def batches(judge: Judge, every: Iterable[Pair], sport: int) -> list[Batch]:
    """Return the batches of pairs, in their order."""
    found = []
    for pair in every:
        for proto, word in _NAMES.items():
            packet = fields(judge, pair, proto, sport)
            sides = judge.values(open_box(packet, "dport"), "dport")
            found.append(Batch(f"{pair} {word} IPv{pair.family}", pair.source.interface, packet, *sides))
    return found


class Sweep:
    """Runs batches through one gate, one after the other from each port of the bench, all ports at once."""

    def __init__(
        self, traffic: Traffic, rings: dict[str, Ring], result: SuiteResult, told: Callable[[Batch], None]
    ) -> None:
        self._traffic, self._rings, self._result, self._told = traffic, rings, result, told
        self._by_token: dict[int, Batch] = {}

    def run(self, every: Iterable[Batch]) -> list[Batch]:
        """Return the batches that are accounted for, with the ports that passed; counts go to the result."""
        waiting: dict[str, list[Batch]] = {}
        for one in every:
            waiting.setdefault(one.source, []).insert(0, one)
        active: dict[str, Batch] = {}
        finished: list[Batch] = []
        while active or any(waiting.values()):
            for source, queue in waiting.items():
                if queue and source not in active:
                    active[source] = queue.pop()
                    self._begin(active[source])
            moved = [self._go_on(batch) for batch in active.values()]
            self._read()
            for source, batch in [(name, one) for name, one in active.items() if self._settled(one)]:
                del active[source]
                if self._complete(batch):
                    finished.append(batch)
                elif batch.tries < _TRIES:
                    waiting[source].append(batch)
                elif not batch.seen and waiting[source]:
                    self._result.unproved.append(f"{len(waiting[source])} more batches from there were not sent")
                    waiting[source].clear()
            if not any(moved):
                time.sleep(0.00005)  # the processor is the switch's
        return finished

    def _begin(self, batch: Batch) -> None:
        batch.token = self._traffic.token()
        self._by_token[batch.token] = batch
        batch.tries += 1
        batch.sent = batch.seen = batch.missing = 0
        batch.broken = False
        batch.done, batch.moved = 0.0, time.monotonic()
        batch.passed.clear()
        batch.start = self._traffic.seen[batch.source].poll()
        self._traffic.passed.poll()
        batch.unread = self._traffic.passed.lost
        proto, family = batch.packet["proto"], batch.packet["family"]
        upper = frames.ETHERNET + (20 if family == 4 else 40)
        self._rings[batch.source].fill(
            self._frame(batch, batch.packet), upper + frames.PORT_AT, upper + frames.COMPLEMENT_AT[proto]
        )

    def _frame(self, batch: Batch, packet: Packet) -> bytes:
        content = b"\xff\xff" if packet["proto"] == frames.UDP else b""
        return self._traffic.framed(batch.source, frames.packet(packet, batch.token, content))

    def _go_on(self, batch: Batch) -> bool:
        """Send on if the gate has seen enough of what is on its way; tell whether anything has happened."""
        seen, now = self._traffic.seen[batch.source].poll() - batch.start, time.monotonic()
        moved = seen != batch.seen
        batch.seen = seen
        # The ring has to come back to its beginning: of a broken batch the rest goes out at once.
        while batch.sent < SLOTS and (batch.broken or batch.sent - batch.seen <= WINDOW - _STEP):
            self._rings[batch.source].send(batch.source, batch.sent, _STEP)
            batch.sent += _STEP
            moved = True
        if moved:
            batch.moved = now
        elif now - batch.moved > PATIENCE:
            batch.missing, batch.broken = batch.sent - batch.seen, True
        if batch.sent == SLOTS and batch.seen + batch.missing >= SLOTS and not batch.done:
            batch.done = now
        return moved

    def _settled(self, batch: Batch) -> bool:
        """Whether what passed is known: at once if it is as expected, else after a while (neighbours are sought)."""
        if not batch.done:
            return False
        return len(batch.passed) == size(batch.let) or time.monotonic() - batch.done > SETTLE

    def _read(self) -> None:
        for _interface, packet in self._traffic.passed.read():
            batch = self._by_token.get(frames.token_of(packet))
            if batch is not None:
                batch.passed.add(frames.ends_of(packet)[2])

    def _complete(self, batch: Batch) -> bool:
        """Close a batch; tell whether every packet of it is accounted for."""
        del self._by_token[batch.token]
        self._traffic.passed.poll()
        complete = batch.seen == SLOTS and batch.unread == self._traffic.passed.lost
        last = complete or batch.tries == _TRIES
        self._result.counts.resent += 0 if last else SLOTS
        if last:
            passed = len(batch.passed)
            self._result.counts.add(Counts(SLOTS, batch.seen, passed, batch.seen - passed))
            self._told(batch)
        if last and not complete:
            self._result.unproved.append(
                f"{batch.name}: of {SLOTS} packets {batch.seen} were seen at the gateway, and not all that came out "
                f"could be read, {_TRIES} times; run it again when the machine is less busy"
            )
        return complete

    def judge(self, judge: Judge, finished: Iterable[Batch]) -> None:
        """Hold what passed against declaration and analysis; ports that did not pass get a second chance alone."""
        found = Found(judge)
        again: list[Probe] = []
        for batch in finished:
            passed = of(batch.passed)
            odd = union([minus(passed, batch.may), minus(passed, batch.let)])
            for port in _some(odd):
                packet = {**batch.packet, "dport": port}
                must, may, let = (holds(side, port) for side in (batch.must, batch.may, batch.let))
                kind = wrong(True, must, may, let)
                if kind is not None:
                    found.add(kind, packet, self._frame(batch, packet), let)
            missing = minus(union([batch.must, batch.let]), passed)
            again += [Probe(batch.source, {**batch.packet, "dport": port}) for port in _some(missing)]
        self._result.findings += found.findings()
        try_probes(self._traffic, judge, again, self._result)


def _some(members: Spans) -> list[int]:
    """The first ports of a set: what is wrong with thousands is seen from some."""
    every = (port for at in range(0, len(members), 2) for port in range(members[at], members[at + 1]))
    return list(islice(every, _MOST))
