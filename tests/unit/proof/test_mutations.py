"""Every mistake in a ruleset that changes what passes is found, with a packet that really shows it; nothing else is.

SHOKO_MUTANTS is the number of mutants over the whole lab; `make prove-mutations` sets it to many.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.expected.host import HostExpectation
from shoko.proof.expected.permissions import permissions
from shoko.proof.fields import NEW
from shoko.proof.paths import PATHS, packets
from shoko.proof.prove import prove_host

from . import formulas
from .mutate import mutants
from .oracle import Oracle

COUNT = int(os.environ.get("SHOKO_MUTANTS", "44"))
SITE = Path(__file__).resolve().parents[3] / "inventories" / ("lab" if COUNT > 100 else "museum")


@pytest.fixture(scope="module")
def site():
    declaration = declared(SITE)
    return declaration, permissions(declaration), rendered.listings(declaration)


def policies(listing):
    return [item["chain"].get("policy") for item in listing["nftables"] if "chain" in item]


def translations(listing):
    return [item for item in listing["nftables"] if "'snat'" in str(item)] + [
        item for item in listing["nftables"] if item.get("chain", {}).get("type") == "nat"
    ]


def shows(finding, original, mutant):
    """Whether the packet of a finding is treated otherwise than by the ruleset that was proven."""
    if finding.kind == "default":
        hooks = [one["hook"] for one in mutant.bases if one.get("policy") == "drop"]
        return finding.path not in hooks
    if finding.kind == "translated":
        return True  # the caller compares the nat rules
    before, as_it_left = original.accepts(finding.path, finding.packet)
    after, as_it_leaves = mutant.accepts(finding.path, finding.packet)
    if finding.kind in ("passes", "blocked"):
        return (before, after) == ((False, True) if finding.kind == "passes" else (True, False))
    return before and after and as_it_left != as_it_leaves


def difference(original, mutant, expected, numbers):
    """A packet that the two rulesets treat differently, by z3; None if there is none.

    Where several flows permit a packet, the mark of any of them is right.
    """
    for path in PATHS:
        one = formulas.packet()
        before, _as_it_left = formulas.accepts(original, numbers, path, one)
        after, leaving = formulas.accepts(mutant, numbers, path, one)
        possible = formulas.inside(one, packets(path))
        marked = [
            (formulas.inside(one, [it.box]), leaving["mark"] == (one["mark"] if it.mark is None else it.mark))
            for it in expected.permitted(path)
        ]
        explained = formulas.z3.Or(False, *(formulas.z3.And(*both) for both in marked))
        unmarked = formulas.z3.And(one["state"] == NEW, after, formulas.z3.Not(explained))
        for other in (before != after, unmarked):
            found = formulas.example(possible, other)
            if found is not None:
                return path, found
    return None


def test_mutants_are_told_from_what_means_the_same(site):
    declaration, every, listings = site
    hosts = list(listings)
    told = Counter()
    for number, host in enumerate(hosts):
        share = COUNT // len(hosts) + (number < COUNT % len(hosts))
        for name, mutant in mutants(listings[host], seed=number, count=share):
            proof = prove_host(declaration, every, host, mutant)
            numbers = proof.names.known
            original, changed = (Oracle(listing, numbers) for listing in (listings[host], mutant))
            for finding in proof.findings:
                assert shows(finding, original, changed), f"{host} {name}: {finding}"
                if finding.kind == "translated":
                    assert translations(listings[host]) != translations(mutant), f"{host} {name}: {finding}"
            if proof.proven:
                expected = HostExpectation(declaration, every, host, proof.names)
                assert difference(listings[host], mutant, expected, numbers) is None, f"{host} {name} was not noticed"
            told["unproved" if proof.unproved else "same" if proof.proven else "found"] += 1
            if proof.unproved:
                told[f"{name}: {proof.unproved[0]}"] += 1
    print(dict(told))
    assert told["found"] > COUNT / 2
    assert sum(told[word] for word in ("found", "same", "unproved")) == COUNT
