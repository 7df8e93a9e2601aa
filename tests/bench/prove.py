"""How long the static proof takes, on the lab and on made-up matrices of many rules. Runs as root.

Times are of the processor (`time.process_time`), so that other work on the machine does not count; collecting the
rulesets is not part of them. Prints a line per case: what, rules, boxes, seconds (median of the repetitions), peak
memory of the process so far.

    tests/bench/prove.py [SITE]

With SITE (a directory below inventories), its running hosts are read once and proven too, with their routes, addresses
and switch.
"""

import random
import resource
import statistics
import sys
import time
from pathlib import Path

from shoko.declaration.load import load as declared
from shoko.proof import rendered, running
from shoko.proof.boxes import Box, without
from shoko.proof.composed.compose import compose
from shoko.proof.index import Index
from shoko.proof.interfaces import Interfaces
from shoko.proof.load import loaded
from shoko.proof.paths import accepted
from shoko.proof.prove import prove_site
from shoko.proof.read import names, read
from shoko.window.remote import ssh_config

REPETITIONS = 5
SITES = Path(__file__).resolve().parents[2] / "inventories"


def timed(work, repetitions=REPETITIONS):
    """Return the median of the processor's seconds, and the last result."""
    spent, result = [], None
    for _ in range(repetitions):
        begin = time.process_time()
        result = work()
        spent.append(time.process_time() - begin)
    return statistics.median(spent), result


def matrix(rules, zones, seed=1):
    """A first-match ruleset of a gateway: a map of pairs to chains, 85 % accept, hosts, prefixes, ports and ranges."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    pairs = [(a, b) for a in range(zones) for b in range(zones) if a != b]
    chains = {pair: [] for pair in pairs}
    for number in range(rules):
        here, there = chance.choice(pairs)
        ends = [
            chance.choice((f"10.{zone}.0.{chance.randrange(1, 250)}", f"10.{zone}.0.{chance.randrange(16) * 16}/28"))
            for zone in (here, there)
        ]
        low = chance.randrange(1, 60000)
        ports = chance.choice((str(low), f"{low}-{low + chance.randrange(1, 200)}"))
        verdict = "accept" if chance.random() < 0.85 else "drop"
        proto = chance.choice(("tcp", "udp"))
        chains[here, there].append(
            f'ip saddr {ends[0]} ip daddr {ends[1]} {proto} dport {ports} counter {verdict} comment "r{number}"'
        )
    text = "".join(
        f"  chain z{a}__z{b} {{\n    " + "\n    ".join(lines) + "\n  }\n" for (a, b), lines in chains.items()
    )
    cells = ", ".join(f'"z{a}" . "z{b}" : jump z{a}__z{b}' for a, b in pairs)
    return (
        f"table inet t {{\n{text}  chain f {{\n    type filter hook forward priority 0; policy drop;\n"
        "    ct state invalid drop\n    ct state established accept\n"
        f"    iifname . oifname vmap {{ {cells} }}\n  }}\n}}\n"
    )


def analysed(listing, interfaces):
    """Return everything that a listing lets through a gateway."""
    return [box for batch in accepted(read(listing, interfaces), "forward") for box in batch.boxes]


def differing(one: list[Box], other: list[Box]) -> int:
    """Return in how many boxes two sets differ, both ways."""
    total = 0
    for here, there in ((one, other), (other, one)):
        known = Index(there)
        total += sum(len(without(box, known.near(box))) for box in here)
    return total


def report(what, rules, boxes, seconds):
    """Print one line of figures."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:34} {rules:6} rules {boxes:6} boxes {seconds:7.3f} s {peak:6.0f} MB", flush=True)


def lab():
    """The declared lab, all hosts, all paths."""
    declaration = declared(SITES / "lab")
    whole("lab", declaration, rendered.listings(declaration), None)


def as_it_runs(site):
    """A running site, with its routes, addresses and switch."""
    declaration = declared(site)
    seen = running.observations(declaration, ssh_config(site), list(declaration.hosts))
    whole(f"{site.name} as it runs", declaration, running.listings(seen), seen)


def whole(name, declaration, listings, seen):
    """Each host of a site, then all together from end to end."""
    rules = sum("rule" in item for one in listings.values() for item in one["nftables"])
    seconds, proofs = timed(lambda: prove_site(declaration, listings))
    assert all(proof.proven for proof in proofs)
    report(f"{name}, {len(proofs)} hosts: proof", rules, 0, seconds)
    seconds, (_proofs, composed) = timed(lambda: compose(declaration, proofs, seen))
    assert not composed.differs
    report("the same: composed from end to end", rules, 0, seconds)


def made_up(rules, zones):
    """One gateway; then the same with one rule less, as a change of the declaration would make it."""
    text = matrix(rules, zones)
    listing = loaded(text, "matrix")
    interfaces = Interfaces(names(listing))
    seconds, boxes = timed(lambda: analysed(listing, interfaces))
    report(f"{zones} zones: read and analyse", rules, len(boxes), seconds)
    lines = text.splitlines()
    at = next(at for at in range(len(lines) // 2, len(lines)) if "accept comment" in lines[at])
    other = analysed(loaded("\n".join([*lines[:at], *lines[at + 1 :]]), "changed matrix"), interfaces)
    seconds, found = timed(lambda: differing(boxes, other))
    assert found > 0, "the change was not noticed"
    report(f"{zones} zones: compare with a changed one", rules, found, seconds)


if __name__ == "__main__":
    for named in sys.argv[1:]:
        as_it_runs(SITES / named)
    lab()
    for many in ((1000, 9), (5000, 9), (10000, 30)):
        made_up(*many)
