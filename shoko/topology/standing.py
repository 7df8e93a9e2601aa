"""What a kept proof says of each flow."""

from __future__ import annotations

from typing import Literal

from shoko.declaration.model import Declaration
from shoko.policy.expand import Pass, expand
from shoko.policy.rules import answering_legs, sending_legs
from shoko.proof.kept import Kept

Standing = Literal["proven", "differs", "unproved"]


def standings(declaration: Declaration, proof: Kept) -> dict[str, Standing]:
    """Return how every flow stands. A flow is proven only if every host that enforces it is.

    A proof of another declaration proves nothing.
    """
    enforcing: dict[str, set[str]] = {name: set() for name in declaration.flows}
    for item in expand(declaration):
        enforcing[item.flow] |= _hosts(declaration, item)
    return {name: _standing(proof, name, hosts) for name, hosts in enforcing.items()}


def _standing(proof: Kept, flow: str, hosts: set[str]) -> Standing:
    if not proof.current:
        return "unproved"
    if any(one.flow == flow for one in proof.differences):
        return "differs"
    return "proven" if hosts <= proof.known else "unproved"


def _hosts(declaration: Declaration, item: Pass) -> set[str]:
    legs = (*sending_legs(declaration, item.source), *answering_legs(declaration, item.destination))
    ways = declaration.gateways.hosts if item.routed else ()
    return {*(leg.host for leg in legs), *ways}
