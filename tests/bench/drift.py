#!/usr/bin/env python3
"""Measures how long drift stays unnoticed: from a change made by hand on a host of the converged lab to the alert line
at a collector. `tests/bench/drift.py [N]` (20 times unless said), with SHOKO_LAB_ID; the lab must show no drift.

Each time a rule is added that nobody declared, on another port, after a random pause, so that the changes fall evenly
into the watch's turns; the rule before is taken away with it.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
from collected import DOMAIN, KEPT
from converged import Converged

HOST, COLLECTOR = "bas1", "log1"
CHAIN = ("inet", "shoko", "input")
TURN, PATIENCE, POLL = 30.0, 180.0, 0.2  # seconds


def noticed(lab: Converged, port: int) -> float:
    """Add a rule for a port and return the seconds until the collector holds the alert."""
    file = f"{KEPT}/ctl1{DOMAIN}"
    lab.said(HOST, "nft", "insert", "rule", *CHAIN, "tcp", "dport", str(port), "accept", "comment", f"bench-{port}")
    started = time.monotonic()
    script = f"until grep -q 'DRIFT {HOST}: .*bench-{port}' {file}; do sleep {POLL}; done"
    done = lab.inside(COLLECTOR, "timeout", f"{PATIENCE:.0f}", "sh", "-c", script, timeout=PATIENCE + 10)
    took = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"no alert within {PATIENCE:.0f} s")
    return took


def forget(lab: Converged) -> None:
    """Take the rules of this program away."""
    listed = lab.said(HOST, "nft", "-a", "list", "chain", *CHAIN)
    for line in listed.splitlines():
        if "bench-" in line:
            lab.said(HOST, "nft", "delete", "rule", *CHAIN, "handle", line.rpartition(" ")[2])


def main() -> int:
    """Print each time, and median, largest and load at the end."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    lab, chance, times = Converged(), random.Random(), []  # noqa: S311 - pauses, no secret
    try:
        for at in range(count):
            time.sleep(chance.uniform(0, TURN))
            forget(lab)
            times.append(noticed(lab, 20000 + chance.randrange(40000)))
            print(f"{at + 1:2} {times[-1]:5.1f} s", flush=True)
    finally:
        forget(lab)
    load = Path("/proc/loadavg").read_text().split()[0]
    print(f"n={count} median {statistics.median(times):.1f} s, largest {max(times):.1f} s; load at the end {load}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.TimeoutExpired as problem:
        sys.exit(f"the lab does not answer: {problem}")
