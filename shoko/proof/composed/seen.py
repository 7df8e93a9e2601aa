"""What was seen of one host besides its ruleset, held against the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shoko.declaration.model import Declaration
from shoko.observe.visit import Observation
from shoko.proof.compare import Finding
from shoko.proof.composed import addresses, past, routes, switch
from shoko.proof.composed.errors import NotUnderstood
from shoko.proof.composed.routing import Routing
from shoko.proof.expected.networks import FAMILIES
from shoko.proof.expected.permissions import Permission
from shoko.proof.prove import HostProof

Routings = Mapping[int, Routing]


@dataclass(frozen=True)
class Seen:
    """A host's proof with all that was seen, and its routing, by family; None where that was not understood."""

    proof: HostProof
    routings: Routings | None


def judged(declaration: Declaration, permissions: list[Permission], proof: HostProof, seen: Observation) -> Seen:
    """Return the proof of a host with what its links, addresses, routes and switch add to it."""
    host = declaration.hosts[proof.host]
    reasons = list(past.reasons(declaration, host, seen))
    findings: list[Finding] = []
    routings: Routings | None = None
    try:
        if "addresses" not in seen.errors:
            findings += addresses.strays(declaration, host, seen)
        if "routing" not in seen.errors:
            routings = {family: Routing(family, seen.routing[str(family)]) for family in FAMILIES}
            findings += routes.strays(declaration, permissions, host, routings)
        if host.name in declaration.switches:
            said, wrong = _switch(declaration, host.name, seen)
            reasons += said
            findings += wrong
    except NotUnderstood as problem:
        reasons.append(str(problem))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        reasons.append(
            f"its addresses, routes or switch are of an unknown shape ({type(problem).__name__}: {problem}); "
            "report its versions of iproute2 and Open vSwitch"
        )
    unproved = (*proof.unproved, *reasons)
    return Seen(replace(proof, findings=(*proof.findings, *findings), unproved=unproved), routings)


def _switch(declaration: Declaration, host: str, seen: Observation) -> tuple[list[str], list[Finding]]:
    driver = declaration.switches[host]
    if driver != switch.DRIVER:
        return [f"the ports of a switch of the make {driver} are not read; compare its VLANs with `shoko topology`"], []
    if "switch" in seen.errors:
        return [], []
    if seen.switch is None:
        return ["Open vSwitch is not installed here, and this is a switch; run site.yml"], []
    return [], list(switch.strays(declaration, host, seen))
