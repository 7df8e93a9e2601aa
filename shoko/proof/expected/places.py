"""Addresses in the declaration's words, for findings that name who is meant."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, summarize_address_range

from shoko.declaration.model import Declaration
from shoko.proof.expected.networks import internet, prefix
from shoko.proof.expected.sides import own
from shoko.proof.spans import Spans, meet

SHOWN = 4


def prefixes(family: int, members: Spans) -> str:
    """Return addresses as prefixes, the first few of them."""
    kind = IPv4Address if family == 4 else IPv6Address
    found = [
        str(network).removesuffix("/32").removesuffix("/128")
        for at in range(0, len(members), 2)
        for network in summarize_address_range(kind(members[at]), kind(members[at + 1] - 1))
    ]
    return _listed(found)


def who(declaration: Declaration, family: int, members: Spans) -> str:
    """Return who stands at these addresses: hosts, else segments, else the internet; "nobody declared" if none."""
    return _listed(list(dict.fromkeys(_who(declaration, family, members)))) or "nobody declared"


def _who(declaration: Declaration, family: int, members: Spans) -> Iterator[str]:
    for segment in declaration.segments.values():
        if not meet(members, prefix(segment, family)):
            continue
        named = [
            host.name
            for host in declaration.hosts.values()
            for leg in host.legs
            if leg.segment == segment.name and meet(members, own(leg, family))
        ]
        # The gateways stand in every segment: they are meant where nobody else can be.
        standing = [name for name in named if name not in declaration.gateways.hosts]
        yield from standing
        if segment.open_population or not named:
            yield segment.name
        elif not standing:
            yield from named
    if meet(members, internet(declaration, family)):
        yield "the internet"


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more
