"""The prober proves itself: through a gateway of its own everything arrives, or nothing, as that gateway's rules say.

It hangs on the same switch, between the same ports, and is watched by the same taps; no real gateway is opened for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address

from shoko.declaration.model import Segment
from shoko.lab.run import run
from shoko.proof.dynamic import frames
from shoko.proof.dynamic.bench import Bench
from shoko.proof.dynamic.ends import SYN, free
from shoko.proof.dynamic.result import SuiteResult
from shoko.proof.dynamic.ring import Ring
from shoko.proof.dynamic.sweep import Batch, Sweep
from shoko.proof.dynamic.traffic import Traffic
from shoko.proof.errors import ProofError
from shoko.proof.fields import VALUES
from shoko.proof.spans import Spans, of

_RULES = """flush ruleset
table inet prober {{
  chain forward {{ type filter hook forward priority 0; policy {policy}; }}
}}
"""


def self_test(bench: Bench, rings: dict[str, Ring], told: Callable[[str], None]) -> list[SuiteResult]:
    """Return the results of both; they have no findings, only what makes everything else unproved."""
    able = [one for one in bench.segments if one.ipv4 and one.ipv6 and not bench.declaration.zones[one.zone].outside]
    if len(able) < 2:
        raise ProofError("the prober needs two inner segments with IPv4 and IPv6 to prove itself")
    here, there = able[:2]
    gate = bench.own_gate(here, there)
    targets = {family: next(free(bench.declaration, there, family)) for family in (4, 6)}
    for target in targets.values():
        bench.neighbour(gate, there, str(ip_address(target)))
    traffic = Traffic(bench, gate)
    try:
        results = []
        for name, policy, expected in (("open", "accept", VALUES["dport"]), ("closed", "drop", of(()))):
            run(["nsenter", f"--net={gate.namespace}", "nft", "-f", "-"], stdin=_RULES.format(policy=policy))
            traffic.introduce()
            result = SuiteResult(f"self-test, {name}", gate.name)
            begun = time.monotonic()
            sweep = Sweep(traffic, rings, result, lambda _batch: None)
            for batch in sweep.run(_batches(bench, here, targets, expected)):
                if of(batch.passed) != expected:
                    result.unproved.append(
                        f"the prober does not work: {len(batch.passed)} of {batch.seen} packets ({batch.name}) came "
                        f"through a gateway that lets {'everything' if expected else 'nothing'} through"
                    )
            result.seconds = time.monotonic() - begun
            told(f"self-test, {name}: {result.counts.passed} of {result.counts.sent} came through")
            results.append(result)
        return results
    finally:
        traffic.close()


def _batches(bench: Bench, here: Segment, targets: dict[int, int], expected: Spans) -> list[Batch]:
    found = []
    for family, target in targets.items():
        for proto in (frames.TCP, frames.UDP):
            packet = {
                "family": family, "saddr": next(free(bench.declaration, here, family)), "daddr": target,
                "proto": proto, "nexthdr": proto, "headed": 1, "sport": 61000, "dport": 0, "flags": SYN, "hop": 64,
            }  # fmt: skip
            found.append(Batch(f"protocol {proto} IPv{family}", here.interface, packet, expected, expected, expected))
    return found
