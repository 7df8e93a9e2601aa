"""Exact difference of what two declarations permit: sessions as boxes, subtracted from each other.

Addresses count, names do not: a host that only gets another name changes nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import Literal

from shoko.declaration.model import Declaration, Family, Network
from shoko.policy.accounts import RESERVED_UIDS
from shoko.policy.expand import Pass, expand
from shoko.policy.permits import words_of
from shoko.proof import spans
from shoko.proof.boxes import Box, without
from shoko.proof.index import Index
from shoko.proof.spans import Spans
from shoko.proof.words import NFPROTO, PROTOCOLS

Verb = Literal["permitted", "denied"]
When = Literal["", "inside its windows", "outside its windows"]
ENDS = {"sources": "saddr", "destinations": "daddr"}


@dataclass(frozen=True, order=True)
class Change:
    """Sessions of one flow that are newly permitted or newly denied.

    `source` and `destination` are zone/name as a plan writes them; `sources` and `destinations` the addresses that
    the change is about, as prefixes, and `whole` says whether those are all addresses of the two ends. `processes` is
    "" where it does not matter whose process opens the session.
    """

    verb: Verb
    source: str
    destination: str
    flow: str
    protocol: str
    port: int
    when: When
    processes: str
    family: Family
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class _Permitted:
    """Everything that one declaration permits: at any time, and while windows are open."""

    declaration: Declaration
    always: tuple[tuple[Box, Pass], ...]
    windowed: tuple[tuple[Box, Pass], ...]

    @staticmethod
    def of(declaration: Declaration) -> _Permitted:
        found = [(_box(item), item) for item in expand(declaration)]
        return _Permitted(
            declaration,
            tuple(one for one in found if not one[1].windowed),
            tuple(one for one in found if one[1].windowed),
        )


def changes(old: Declaration, new: Declaration) -> list[Change]:
    """Return what the new declaration newly permits and newly denies, sorted; empty if the packets are the same."""
    before, after = _Permitted.of(old), _Permitted.of(new)
    found = {*_gained(before, after, "permitted"), *_gained(after, before, "denied")}
    return sorted(found, key=lambda one: (one.verb != "permitted", one))


def _gained(less: _Permitted, more: _Permitted, verb: Verb) -> Iterator[Change]:
    """What `more` permits and `less` does not."""
    always, windowed = Index(box for box, _ in less.always), Index(box for box, _ in less.windowed)
    for box, item in more.always:
        for piece in without(box, always.near(box)):
            never = without(piece, windowed.near(piece))
            yield from (_change(more, verb, item, one, "") for one in never)
            rest = without(piece, never)  # inside windows the other one permits it as well
            yield from (_change(more, verb, item, one, "outside its windows") for one in rest)
    for box, item in more.windowed:
        for piece in without(box, [*always.near(box), *windowed.near(box)]):
            yield _change(more, verb, item, piece, "inside its windows")


def _box(item: Pass) -> Box:
    box: Box = {
        "family": spans.single(NFPROTO[item.family]),
        "proto": spans.single(PROTOCOLS[item.protocol]),
        "dport": spans.single(item.port),
        "saddr": _spans(item.sources),
        "daddr": _spans(item.destinations),
    }
    if item.users:
        box["user"] = spans.of(RESERVED_UIDS[user] for user in item.users)
    return box


def _spans(networks: Iterable[Network]) -> Spans:
    return spans.union(spans.between(int(one.network_address), int(one.broadcast_address)) for one in networks)


def _change(of: _Permitted, verb: Verb, item: Pass, piece: Box, when: When) -> Change:
    return Change(
        verb,
        words_of(of.declaration, item.source),
        words_of(of.declaration, item.destination),
        item.flow,
        item.protocol,
        item.port,
        when,
        _processes(piece.get("user")),
        item.family,
        _prefixes(piece["saddr"], item.family),
        _prefixes(piece["daddr"], item.family),
        (piece["saddr"], piece["daddr"]) == (_spans(item.sources), _spans(item.destinations)),
    )


def _processes(users: Spans | None) -> str:
    if users is None:
        return ""
    inside = [name for name, number in RESERVED_UIDS.items() if spans.holds(users, number)]
    outside = [name for name, number in RESERVED_UIDS.items() if not spans.holds(users, number)]
    # A set that holds the highest number is "everybody but": no account of ours has it.
    return f"all but {', '.join(outside)}" if users[-1] > max(RESERVED_UIDS.values()) + 1 else ", ".join(inside)


def _prefixes(members: Spans, family: Family) -> tuple[str, ...]:
    kind = IPv4Address if family == "ipv4" else IPv6Address
    return tuple(
        str(prefix)
        for at in range(0, len(members), 2)
        for prefix in summarize_address_range(kind(members[at]), kind(members[at + 1] - 1))
    )
