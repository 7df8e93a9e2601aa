"""The answer to a question: the passes that fit it, narrowed to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shoko.ask.asked import Asked
from shoko.ask.errors import AskError
from shoko.ask.networks import meet, within
from shoko.ask.place import Member, Place
from shoko.declaration.model import Network
from shoko.policy.ends import End
from shoko.policy.expand import Pass

Verdict = Literal["yes", "partly", "no"]


@dataclass(frozen=True)
class Grant:
    """A pass as far as it concerns the question. Both lists are never empty; `source`, `destination` name them."""

    item: Pass
    source: str
    destination: str
    sources: tuple[Network, ...]
    destinations: tuple[Network, ...]


@dataclass(frozen=True)
class Answer:
    """A question with what the declaration says to it. `grants` is empty exactly if the verdict is no."""

    source: Place
    destination: Place
    asked: Asked
    grants: tuple[Grant, ...]
    verdict: Verdict


def answer(passes: tuple[Pass, ...], source: Place, destination: Place, asked: Asked) -> Answer:
    """Hold a question against the passes. Raises AskError where no flow could ever speak of it."""
    ports: set[tuple[str, int]] = {(port.protocol, port.number) for port in asked.ports}
    grants: list[Grant] = []
    for item in passes:
        if (item.protocol, item.port) not in ports:
            continue
        sources = meet(item.sources, source.prefixes[item.family])
        destinations = meet(item.destinations, destination.prefixes[item.family]) if sources else ()
        if destinations:
            names = (
                _name(item.source, item.sources, sources, source),
                _name(item.destination, item.destinations, destinations, destination),
            )
            grants.append(Grant(item, *names, sources, destinations))
    known = [(one, other) for one in source.members for other in destination.members]
    if known and not grants and all(same_host(one, other) for one, other in known):
        raise AskError(f"{source.text} and {destination.text} are one host; what stays inside it no flow governs")
    if known and all(end.kind == "internet" for end in (*source.ends, *destination.ends)):
        raise AskError(f"{source.text} and {destination.text} both stand outside; what passes there no flow governs")
    verdict: Verdict = "no"
    if grants:
        verdict = "partly" if lacking(source, destination, asked, grants) else "yes"
    return Answer(source, destination, asked, tuple(grants), verdict)


def _name(end: End, all_of_it: tuple[Network, ...], met: tuple[Network, ...], place: Place) -> str:
    """An end of a flow under its own name where the question takes it whole, else the place that was asked for."""
    return end.name if place.many and met == all_of_it else place.text


def lacking(
    source: Place, destination: Place, asked: Asked, grants: Sequence[Grant]
) -> list[tuple[Member, Member, tuple[str, int]]]:
    """Return which member of A does not reach which of B (but itself) on which port, in any family."""
    return [
        (one, other, (port.protocol, port.number))
        for one in source.members
        for other in destination.members
        if not same_host(one, other)
        for port in asked.ports
        if not any(
            (grant.item.protocol, grant.item.port) == (port.protocol, port.number) and _covers(grant, one, other)
            for grant in grants
        )
    ]


def _covers(grant: Grant, one: Member, other: Member) -> bool:
    family = grant.item.family
    return any(within(end.prefixes(family), grant.sources) for end in one.ends) and any(
        within(end.prefixes(family), grant.destinations) for end in other.ends
    )


def same_host(one: Member, other: Member) -> bool:
    """True if two members are one host: itself, or the only one that may hold a shared address."""
    hosts = [{end.host or _only(end.holders) for end in member.ends} for member in (one, other)]
    return hosts[0] == hosts[1] != {None}


def _only(holders: tuple[str, ...]) -> str | None:
    return holders[0] if len(holders) == 1 else None
