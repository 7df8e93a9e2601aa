"""The rules on the way of what is permitted: the sender's output, the gateways' pair chain, the target's input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shoko.ask.answer import Grant
from shoko.ask.networks import meet
from shoko.declaration.model import Declaration
from shoko.policy.rules import Json, Seen, answered, chain_name, forwarded, merged, sent


@dataclass(frozen=True)
class Hop:
    """One rule, as far as it concerns the question, on all hosts that have it in the same words.

    `chain` is `output`, `input`, or the pair's chain below `forward`; `rule` is as docs/policy.md describes rules.
    """

    hosts: tuple[str, ...]
    chain: str
    rule: Json


def hops(declaration: Declaration, grants: Iterable[Grant]) -> list[Hop]:
    """Return the rules in the order of the way: senders, gateways, targets."""
    grants = list(grants)
    found = [hop for host in declaration.hosts for hop in _of(grants, host, "output", declaration)]
    through = [seen for grant in grants for seen in _concerned(grant, forwarded(declaration, [grant.item]))]
    for rule in merged(through):
        found.append(Hop(declaration.gateways.hosts, chain_name(str(rule["iif"]), str(rule["oif"])), rule))
    return found + [hop for host in declaration.hosts for hop in _of(grants, host, "input", declaration)]


def _of(grants: list[Grant], host: str, chain: str, declaration: Declaration) -> list[Hop]:
    here = sent if chain == "output" else answered
    seen = [one for grant in grants for one in _concerned(grant, here(declaration, [grant.item], host))]
    return [Hop((host,), chain, rule) for rule in merged(seen)]


def _concerned(grant: Grant, seen: Iterable[Seen]) -> Iterator[Seen]:
    """What of a rule concerns the question; nothing of one on a host that the question does not speak of."""
    for one in seen:
        sources, destinations = meet(one.sources, grant.sources), meet(one.destinations, grant.destinations)
        if sources and destinations:
            yield replace(one, sources=sources, destinations=destinations)
