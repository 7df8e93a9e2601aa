"""The path suite: raw frames from a port of the prober's own in every segment, through each gateway in turn."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from shoko.declaration.model import Declaration
from shoko.proof.boxes import Box
from shoko.proof.dynamic.answers import Answering
from shoko.proof.dynamic.bench import Bench
from shoko.proof.dynamic.corners import corners, segments
from shoko.proof.dynamic.ends import Pair, fields, free, pairs, reach
from shoko.proof.dynamic.guard import FIRST_PORT, Guard, Leftovers
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.leaks import leaks
from shoko.proof.dynamic.place import Place
from shoko.proof.dynamic.probes import Probe, try_probes
from shoko.proof.dynamic.replies import replies
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.dynamic.ring import Ring
from shoko.proof.dynamic.scans import forged, scans
from shoko.proof.dynamic.selftest import self_test
from shoko.proof.dynamic.still import Listing, counted_drops, same
from shoko.proof.dynamic.sweep import Batch, Sweep, batches
from shoko.proof.dynamic.traffic import Traffic
from shoko.proof.errors import ProofError
from shoko.proof.expected.permissions import permissions
from shoko.proof.spans import of, single

# Ports that a quick run tries beside those of services: well-known doors, and both ends of the range.
DOORS = (0, 1, 7, 21, 23, 25, 69, 111, 135, 139, 161, 389, 445, 514, 1433, 3306, 3389, 5900, 6379, 8080, 9200, 65535)
_ORDINARY = 40000  # the source port of corners where rules ask for none (packet.example)
Say = Callable[[str], None]
Read = Callable[[list[str]], Mapping[str, Listing | str]]


@dataclass(frozen=True)
class Wanted:
    """What to prove: through which gateways, between which segments (by name; empty: all), every port or a sample."""

    gateways: tuple[str, ...]
    pairs: frozenset[tuple[str, str]] = frozenset()
    quick: bool = False


def path_suite(place: Place, read: Read, wanted: Wanted, say: Say) -> list[SuiteResult]:
    """Return what every suite found; `read` gives the running rulesets of hosts (running.listings).

    Leaves nothing behind, however it ends.
    """
    declaration = place.declaration
    switch = next(iter(declaration.switches), None)
    if switch not in place.running or switch is None:
        raise ProofError("the lab's switch does not run: `shoko lab up` starts it")
    bench = Bench(place.settings, declaration, switch)
    gates = [bench.gate(name) for name in wanted.gateways]
    listings = read(list(wanted.gateways))
    judges = [Judge(declaration, permissions(declaration), gate, listings[gate.name]) for gate in gates]
    guard = Guard(Leftovers(place.settings.site, switch, declaration.gateways.hosts))
    try:
        bench.plug()
        with ExitStack() as stack:
            rings = {} if wanted.quick else {one.interface: Ring(bench.namespace) for one in bench.segments}
            for ring in rings.values():
                stack.callback(ring.close)
            results = self_test(bench, rings, say)
            if not all(one.proven for one in results):
                return results
            askers = [mac for gate in gates for mac in gate.macs.values()]
            answering = Answering(bench.namespace, bench.vacancies(), askers)
            stack.callback(answering.close)
            for number, judge in enumerate(judges):
                traffic = Traffic(bench, judge.gate)
                stack.callback(traffic.close)
                if number == 0:
                    results.append(leaks(bench, traffic, gates))
                    say(f"leaks: {results[-1].counts.sent} frames between VLANs")
                one = OneGateway(declaration, guard, traffic, judge, rings, say, read)
                results += one.run(wanted, FIRST_PORT + 1 + 2 * number)
                before, after = listings[judge.gate.name], one.listing()
                if isinstance(before, str) or not same(before, after):
                    results[-1].unproved.append("the ruleset was changed while packets were sent; run it again")
            return results
    finally:
        if not guard.close():
            raise ProofError("the lab could not be cleared after the proof; see above, and run the command again")


@dataclass(frozen=True)
class OneGateway:
    """One gateway's suites."""

    declaration: Declaration
    guard: Guard
    traffic: Traffic
    judge: Judge
    rings: dict[str, Ring]
    say: Say
    read: Read

    def listing(self) -> Listing:
        """Return the gateway's ruleset as it is now."""
        name = self.judge.gate.name
        found = self.read([name])[name]
        if isinstance(found, str):
            raise ProofError(f"{name} {found}")
        return found

    def run(self, wanted: Wanted, sport: int) -> Iterator[SuiteResult]:
        every = pairs(self.declaration, self.judge, wanted.pairs)
        self.traffic.introduce()
        yield self._probed("corners", self._corners(wanted, sport))
        suite = "sample" if wanted.quick else "unused addresses"
        yield self.counted(lambda: self._probed(suite, self._sample(every, sport)))
        yield self._probed("scans", scans(self.judge, every, sport, short=wanted.quick))
        yield self._probed("forged sources", forged(self.declaration, self.judge, every, sport))
        yield self._told(replies(self.traffic, self.judge, every, sport + 1))
        if not wanted.quick:
            self.traffic.introduce()
            yield self.counted(lambda: self._told(self._sweep(every, sport)))

    def counted(self, suite: Callable[[], SuiteResult]) -> SuiteResult:
        """Run a suite whose packets nothing but rules can drop, and have the gateway's own counters confirm that."""
        before = counted_drops(self.listing())
        result = suite()
        counted = counted_drops(self.listing()) - before
        if counted < result.counts.dropped:
            result.unproved.append(
                f"{result.counts.dropped - counted} packets were seen and did not come out, and no rule that drops has "
                "counted them: something else holds them back"
            )
        return result

    def _told(self, result: SuiteResult) -> SuiteResult:
        counts = result.counts
        self.say(f"{result.place} {result.suite}: {counts.sent} packets, {counts.passed} passed")
        return result

    def _probed(self, suite: str, probes: Iterable[Probe]) -> SuiteResult:
        result = SuiteResult(suite, self.judge.gate.name)
        begun = time.monotonic()
        try_probes(self.traffic, self.judge, self._remembered(probes), result)
        result.seconds = time.monotonic() - begun
        return self._told(result)

    def _remembered(self, probes: Iterable[Probe]) -> Iterator[Probe]:
        """Sessions that a probe may open from another source port than the prober's own are told to the guard."""
        for one in probes:
            packet = one.packet
            own = FIRST_PORT <= packet["sport"] < FIRST_PORT + 8
            if packet["proto"] in (6, 17) and not own and self.judge.verdict(packet)[2]:
                for gateway in self.declaration.gateways.hosts:
                    family = "ipv4" if packet["family"] == 4 else "ipv6"
                    ports = ["--orig-port-src", str(packet["sport"]), "--orig-port-dst", str(packet["dport"])]
                    self.guard.entry(gateway, ["-f", family, "-p", str(packet["proto"]), *ports])
            yield one

    def _corners(self, wanted: Wanted, sport: int) -> Iterator[Probe]:
        """The corners of everything that ruleset and declaration tell apart, for each way out what is routed there."""
        judge = self.judge
        boxes = segments(judge.ruleset, "forward", judge.may)
        number = {name: judge.names.number(one.interface) for name, one in self.declaration.segments.items()}
        for out in (one for one in self.declaration.segments.values() if not one.own_uplink):
            sources = {
                number[one.name]: one.interface
                for one in self.traffic.bench.segments
                if one != out and (not wanted.pairs or (one.name, out.name) in wanted.pairs)
            }
            for family in (4, 6) if sources else ():
                place: Box = {
                    "family": single(family), "iif": of(sources), "oif": single(number[out.name]),
                    "daddr": reach(self.declaration, out, family),
                }  # fmt: skip
                for packet in corners(boxes, "forward", place) if place["daddr"] else ():
                    ordinary = packet["sport"] == _ORDINARY and packet["proto"] in (6, 17)
                    yield Probe(sources[packet["iif"]], {**packet, "sport": sport} if ordinary else packet)

    def _sample(self, every: Iterable[Pair], sport: int) -> Iterator[Probe]:
        """Ports of services and well-known doors, between hosts' addresses and between addresses that nobody has."""
        services = {port.number for service in self.declaration.services.values() for port in service.ports}
        ports = sorted({*services, *DOORS})
        for pair in every:
            ends = (pair.source, pair.saddr), (pair.destination, pair.daddr)
            near, far = (next(free(self.declaration, one, pair.family), address) for one, address in ends)
            for here, there in {(pair.saddr, pair.daddr), (near, far)}:
                one = Pair(pair.source, pair.destination, pair.family, here, there)
                for proto in (6, 17):
                    base = fields(self.judge, one, proto, sport)
                    yield from (Probe(pair.source.interface, {**base, "dport": port}) for port in ports)

    def _sweep(self, every: list[Pair], sport: int) -> SuiteResult:
        result = SuiteResult("every port", self.judge.gate.name)
        begun = time.monotonic()
        todo = batches(self.judge, every, sport)
        left = Counter(_pair_of(one) for one in todo)

        def told(batch: Batch) -> None:
            left[_pair_of(batch)] -= 1
            if not left[_pair_of(batch)]:
                done = sum(not count for count in left.values())
                self.say(f"{result.place} every port: {_pair_of(batch)} ({done} of {len(left)} pairs)")

        sweep = Sweep(self.traffic, self.rings, result, told)
        sweep.judge(self.judge, sweep.run(todo))
        result.seconds = time.monotonic() - begun
        return result


def _pair_of(batch: Batch) -> str:
    return " ".join(batch.name.split()[:3])
