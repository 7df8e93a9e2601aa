"""Sends probes to a gate and counts them there: on coming in by each leg, and on going out after every rule.

The switch loses frames without a word when it is given more than it can take (half of them at 280,000 a second). So no
more than `WINDOW` are ever on their way from one port: the gate's own count of what has come in says when to go on.
"""

from __future__ import annotations

import socket
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from shoko.proof.dynamic.bench import Bench, Gate
from shoko.proof.dynamic.filters import COMING, GOING
from shoko.proof.dynamic.frames import frame
from shoko.proof.dynamic.sockets import Tap, inside
from shoko.proof.errors import ProofError

WINDOW = 192  # a port's buffer in the switch holds about 270 small frames (net.core.rmem_default)
PATIENCE = 0.5  # seconds without any progress, after which what is missing is lost
SETTLE = 0.3  # seconds in which a neighbour is found, and what waited for it goes out
_PASSED_BUFFER = 64 << 20
_LOCAL = b"\x88\xb5"  # an Ethernet type for local experiments (IEEE 802)


class Traffic:
    """One gate's taps, and a sender that can use every port of the bench."""

    def __init__(self, bench: Bench, gate: Gate) -> None:
        self.bench, self.gate = bench, gate
        self.seen = {name: Tap(gate.namespace, COMING, 1 << 12, interface=name) for name in gate.macs}
        self.passed = Tap(gate.namespace, GOING, _PASSED_BUFFER)
        self._out = inside(bench.namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._token = 0

    def token(self) -> int:
        """Return a number for a probe or a batch that none of the last 65,535 had."""
        self._token = self._token % 0xFFFF + 1
        return self._token

    def introduce(self) -> None:
        """Send a frame from every leg of the gate, so that the switch knows where it is and floods nothing."""
        voice = inside(self.gate.namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        with voice:
            for segment in self.bench.segments:
                mac = self.gate.macs.get(segment.interface)
                if mac is not None:
                    voice.sendto(
                        (self.bench.macs[segment.interface] + mac + _LOCAL).ljust(60, b"\0"), (segment.interface, 0)
                    )

    def framed(self, interface: str, packet: bytes) -> bytes:
        """Return a packet in a frame from a port to the gate's leg in the same segment."""
        return frame(self.gate.macs[interface], self.bench.macs[interface], packet)

    def put(self, interface: str, content: bytes) -> None:
        """Send one frame out of a port."""
        try:
            self._out.sendto(content, (interface, 0))
        except OSError as problem:
            raise ProofError(f"the probe in {interface} cannot send: {problem.strerror}") from problem

    def send(self, frames: Iterable[tuple[str, bytes]]) -> tuple[Counter[str], Counter[str], list[tuple[str, bytes]]]:
        """Send frames, each out of the port it names.

        Returns how many were sent and how many were seen at the gate, by port, and what went out of the gate. From a
        port whose frames no longer arrive no more are sent.
        """
        start = {name: tap.poll() for name, tap in self.seen.items()}
        known: dict[str, int] = defaultdict(int)
        sent: Counter[str] = Counter()
        out: list[tuple[str, bytes]] = []
        stuck: set[str] = set()
        for interface, content in frames:
            if interface in stuck:
                continue
            if sent[interface] - known[interface] >= WINDOW:
                out += self.passed.read()
                wanted = sent[interface] - WINDOW // 2
                known[interface] = self._until(interface, start[interface] + wanted) - start[interface]
                if known[interface] < wanted:
                    stuck.add(interface)
                    continue
            self.put(interface, content)
            sent[interface] += 1
        seen: Counter[str] = Counter()
        for interface, count in sent.items():
            seen[interface] = self._until(interface, start[interface] + count) - start[interface]
        out += self.passed.read()
        return sent, seen, out

    def later(self) -> Iterator[tuple[str, bytes]]:
        """Yield what goes out of the gate a little later, when it has found its neighbours; waits for that."""
        end = time.monotonic() + SETTLE
        while (left := end - time.monotonic()) > 0:
            if self.passed.wait(left):
                yield from self.passed.read()

    def _until(self, interface: str, wanted: int) -> int:
        """Wait until a leg has seen so many; return how many it has, fewer if nothing comes any more."""
        tap = self.seen[interface]
        count, moved = tap.poll(), time.monotonic()
        while count < wanted and time.monotonic() - moved < PATIENCE:
            time.sleep(0.0001)
            before, count = count, tap.poll()
            if count != before:
                moved = time.monotonic()
        return count

    def close(self) -> None:
        """Stop watching."""
        for tap in (*self.seen.values(), self.passed):
            tap.close()
        self._out.close()
