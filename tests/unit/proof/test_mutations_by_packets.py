"""Every mistake in a ruleset that changes what passes is found by real packets too, and by them alone nothing else is.

The packets come from the mutant as it runs and from the declaration: what the product knows of a running host, never
from the ruleset that was mutated. SHOKO_MUTANTS is the number of mutants; `make prove-mutations` sets it to many, over
the lab, and prints a table by kind.
"""

import os
from pathlib import Path

import pytest

from shoko.declaration.load import load as declared
from shoko.proof import rendered
from shoko.proof.expected.permissions import permissions
from shoko.proof.prove import prove_host

from .by_packets import ELSEWHERE, can_be_shown, interfaces, judged, lost
from .mutate import mutants
from .place import Place, Refused

COUNT = int(os.environ.get("SHOKO_MUTANTS", "14"))
SITE = Path(__file__).resolve().parents[3] / "inventories" / ("lab" if COUNT > 100 else "museum")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


HOSTS = list(declared(SITE).hosts)


@pytest.fixture(scope="module")
def site():
    declaration = declared(SITE)
    return declaration, permissions(declaration), rendered.listings(declaration)


def why_not(proof):
    """The reason why no packet can show what the analysis found; "" if one could.

    A policy is a property of the ruleset; packets cannot tell it from a last rule that drops.
    """
    reasons = set()
    for one in proof.findings:
        if one.kind == "default":
            reasons.add("only the policy differs")
        elif one.kind == "translated":
            reasons.add("translates only what no rule lets through")
        elif can_be_shown(one.box, one.path):
            return ""
        else:
            reasons.add("no such packet can be made")
    return " and ".join(sorted(reasons))


def kept(place, listing, seed, count):
    """The listing as it is, then mutants that nft takes, as it lists them."""
    yield "unchanged", place.load(listing)
    made = 0
    for name, mutant in mutants(listing, seed, 50 * count):
        try:
            running = place.load(mutant)
        except Refused:
            continue
        yield name, running
        made += 1
        if made == count:
            return


@pytest.mark.parametrize("host", HOSTS)
def test_packets_tell_mutants_from_what_means_the_same(site, host, record_property):
    declaration, every, listings = site
    number = HOSTS.index(host)
    share = COUNT // len(HOSTS) + (number < COUNT % len(HOSTS))
    place = Place([*interfaces(declaration, host), ELSEWHERE])
    told = []
    try:
        place.load({"nftables": []})
        names = prove_host(declaration, every, host, listings[host]).names
        assert not lost(place, (declaration, every), host, names, listings[host])
        for name, running in kept(place, listings[host], number, share):
            proof = prove_host(declaration, every, host, running)
            shown = judged(place, (declaration, every), host, proof.names, running)
            what = f"{host} {name}"
            assert not shown.against_analysis, f"{what}: {shown.against_analysis[0]}"
            static = "unproved" if proof.unproved else "equal" if proof.proven else "found"
            dynamic, reason = "found" if shown.found else "equal", ""
            if static == "found" and dynamic == "equal":
                dynamic, reason = "cannot be shown", why_not(proof)
                assert reason, f"{what}: {proof.findings[0]} was not shown by {shown.sent} packets"
            assert (static, dynamic) != ("equal", "found"), f"{what}: {shown.found[0]}"
            told.append((name, static, dynamic, reason or ", ".join(proof.unproved[:1]), shown.sent))
    finally:
        place.close()
    assert told[0][1:3] == ("equal", "equal"), "the ruleset as it is rendered"
    assert len(told) == 1 + share
    record_property("mutants", told)
