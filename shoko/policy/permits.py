"""What a host's ruleset permits, in the declaration's words: the slice's `firewall.permits`.

The firewall module keeps these beside the ruleset that the host confirmed. From the two lists a plan tells which
packets a change newly permits and newly denies, without reading rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from shoko.declaration.model import Declaration, Host, Network
from shoko.policy.ends import End
from shoko.policy.expand import Pass
from shoko.policy.rules import Json, Seen, answered, forwarded, sent, text

# Chain, flow, from, to, service, users, windowed; and family, protocol, port, sources, destinations.
Words = tuple[str, str, str, str, str, tuple[str, ...], bool]
Way = tuple[str, str, int, str, str]

_SHOWN = 4  # addresses of one end that a person still reads


def permits(declaration: Declaration, passes: Iterable[Pass], host: Host) -> list[Json]:
    """Return what each chain of a host permits, sorted: one entry per flow, end pair and service.

    An entry: `chain`, `flow`, `from` and `to` as zone/name, `service`, `users` (empty for any process), `windowed`,
    and `ways`, each [family, protocol, port, sources, destinations] with the two as `addresses` writes them.
    """
    passes = tuple(passes)
    gateway = host.name in declaration.gateways.hosts
    chains: dict[str, Iterable[Seen]] = {
        "input": answered(declaration, passes, host.name),
        "forward": forwarded(declaration, passes) if gateway else (),
        "output": sent(declaration, passes, host.name),
    }
    found: dict[Words, set[Way]] = {}
    for chain, seen in chains.items():
        for words, way in _worded(declaration, chain, seen):
            found.setdefault(words, set()).add(way)
    return [entry(words, found[words]) for words in sorted(found)]


def entry(words: Words, ways: Iterable[Way]) -> Json:
    """Return one entry as plain JSON; `permits` says what it holds."""
    chain, flow, source, destination, service, users, windowed = words
    return {
        "chain": chain,
        "flow": flow,
        "from": source,
        "to": destination,
        "service": service,
        "users": list(users),
        "windowed": windowed,
        "ways": [list(way) for way in sorted(ways)],
    }


def addresses(networks: Sequence[Network]) -> str:
    """Return prefixes as one text that is equal exactly when they are; many of them as a count and a digest."""
    written = [text(network) for network in networks]
    if len(written) <= _SHOWN:
        return ", ".join(written)
    digest = hashlib.sha256(" ".join(written).encode()).hexdigest()
    return f"{len(written)} prefixes, sha256 {digest[:16]}"


def words_of(declaration: Declaration, end: End) -> str:
    """Return an end as zone/name: a host, a shared address, a person, a segment's key; an outside zone alone."""
    known = declaration.segments.get(end.name)
    segment = known or declaration.segments[end.segment]
    if end.kind == "internet":
        return segment.zone
    return f"{segment.zone}/{segment.key if known else end.name}"


def _worded(declaration: Declaration, chain: str, seen: Iterable[Seen]) -> Iterator[tuple[Words, Way]]:
    for one in seen:
        item = one.item
        users = item.users if chain == "output" else ()  # only the sending host knows whose process it is
        source, destination = words_of(declaration, item.source), words_of(declaration, item.destination)
        words = (chain, item.flow, source, destination, _service(declaration, item), users, item.windowed)
        yield words, (item.family, item.protocol, item.port, addresses(one.sources), addresses(one.destinations))


def _service(declaration: Declaration, item: Pass) -> str:
    """The first service of the flow that has this port."""
    for name in declaration.flows[item.flow].services:
        if (item.protocol, item.port) in {(port.protocol, port.number) for port in declaration.services[name].ports}:
            return name
    raise LookupError(f"flows.{item.flow}: {item.protocol}/{item.port} is of none of its services")
