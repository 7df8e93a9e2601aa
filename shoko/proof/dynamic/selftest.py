"""The prober proves itself: through a gateway of its own everything arrives, or nothing, as that gateway's rules say.

It hangs on the same switch, between the same ports, and is watched by the same taps; no real gateway is opened for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from shoko.declaration.model import Segment
from shoko.lab.run import run
from shoko.proof.dynamic import frames
from shoko.proof.dynamic.bench import Bench
from shoko.proof.dynamic.ends import SYN, free
from shoko.proof.dynamic.result import Counts, SuiteResult
from shoko.proof.dynamic.ring import Ring
from shoko.proof.dynamic.sweep import Batch, Sweep
from shoko.proof.dynamic.traffic import Traffic
from shoko.proof.errors import ProofError
from shoko.proof.fields import VALUES
from shoko.proof.packet import Packet
from shoko.proof.spans import Spans

_RULES = """flush ruleset
table inet prober {{
  chain forward {{ type filter hook forward priority 0; policy {policy}; }}
}}
"""
_SINGLE = 2048  # ports that are sent one by one, in each family and protocol


def self_test(bench: Bench, rings: dict[str, Ring], told: Callable[[str], None]) -> list[SuiteResult]:
    """Return the results of both; they have no findings, only what makes everything else unproved.

    Single frames are tried, and with `rings` every port as well.
    """
    able = [one for one in bench.segments if one.ipv4 and one.ipv6 and not bench.declaration.zones[one.zone].outside]
    if len(able) < 2:
        raise ProofError("the prober needs two inner segments with IPv4 and IPv6 to prove itself")
    here, there = able[:2]
    gate = bench.own_gate(here, there)
    packets = list(_packets(bench, here, there))
    for packet in packets:
        length = 4 if packet["family"] == 4 else 16
        bench.neighbour(gate, there, str(ip_address(packet["daddr"].to_bytes(length))))
    traffic = Traffic(bench, gate)
    results = []
    try:
        for name, policy, expected in (("open", "accept", VALUES["dport"]), ("closed", "drop", ())):
            run(["nsenter", f"--net={gate.namespace}", "nft", "-f", "-"], stdin=_RULES.format(policy=policy))
            traffic.introduce()
            result = SuiteResult(f"self-test, {name}", gate.name)
            begun = time.monotonic()
            _single(traffic, here, packets, result)
            if rings:
                _every(Sweep(traffic, rings, result, lambda _batch: None), here, packets, expected)
            wanted = result.counts.sent if expected else 0
            if result.counts.passed != wanted or result.counts.unaccounted:
                result.unproved.append(
                    f"the prober does not work: {result.counts.passed} of {result.counts.sent} packets came through a "
                    f"gateway of its own that lets {'everything' if expected else 'nothing'} through"
                )
            result.seconds = time.monotonic() - begun
            told(f"{result.suite}: {result.counts.passed} of {result.counts.sent} came through")
            results.append(result)
    finally:
        traffic.close()
    bench.remove_own_gate(here, there)
    return results


def _single(traffic: Traffic, here: Segment, packets: list[Packet], result: SuiteResult) -> None:
    step = (1 << 16) // _SINGLE
    token = traffic.token()
    sent, seen, out = traffic.send(
        (here.interface, traffic.framed(here.interface, frames.packet({**packet, "dport": port}, token)))
        for packet in packets
        for port in range(0, 1 << 16, step)
    )
    passed = sum(frames.token_of(packet) == token for _interface, packet in [*out, *traffic.later()])
    result.counts.add(Counts(sent.total(), seen.total(), passed, seen.total() - passed))


def _every(sweep: Sweep, here: Segment, packets: list[Packet], expected: Spans) -> None:
    named = [
        Batch(
            f"self-test, protocol {one['proto']} IPv{one['family']}", here.interface, one, expected, expected, expected
        )
        for one in packets
    ]
    sweep.run(named)


def _packets(bench: Bench, here: Segment, there: Segment) -> Iterator[Packet]:
    for family in (4, 6):
        saddr, daddr = (next(free(bench.declaration, one, family)) for one in (here, there))
        for proto in (frames.TCP, frames.UDP):
            yield {
                "family": family, "saddr": saddr, "daddr": daddr, "proto": proto, "nexthdr": proto, "headed": 1,
                "sport": 61000, "dport": 0, "flags": SYN, "hop": 64,
            }  # fmt: skip
