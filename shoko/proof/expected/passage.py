"""What has to get through from end to end, and nothing else: the permissions, by the way that each takes."""

from __future__ import annotations

from collections.abc import Iterator

from shoko.declaration.model import Declaration
from shoko.proof.boxes import Box
from shoko.proof.expected.ends import End, Way, crowds
from shoko.proof.expected.host import USERS
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.reach import inhabited
from shoko.proof.expected.sides import own
from shoko.proof.spans import Spans, of, single

_TCP = 6
_SYN: Spans = of(flags for flags in range(256) if flags & 0b10111 == 0b10)  # of fin, syn, rst, ack only syn


def passages(declaration: Declaration, permissions: list[Permission]) -> dict[Way, list[tuple[Box, str]]]:
    """Return the first packets of every permission and its flow, by way."""
    anybody = crowds(declaration)
    found: dict[Way, list[tuple[Box, str]]] = {}
    for one in permissions:
        for sender, sources in _senders(anybody, one):
            for receiver, destinations in _receivers(declaration, anybody, one):
                if sender.host == receiver.host and (sender.host or not one.routed):
                    continue
                box = {**first(one), "saddr": sources, "daddr": destinations}
                if sender.host and one.users:
                    box["user"] = of(USERS[user] for user in one.users)
                for gateway in declaration.gateways.hosts if one.routed else ("",):
                    found.setdefault(Way(sender, gateway, receiver), []).append((box, one.flow))
    return found


def first(one: Permission) -> Box:
    """Return the first packets of a permission, whoever of its source sends them."""
    box: Box = {
        "family": single(one.family),
        "saddr": one.source.addresses[one.family],
        "daddr": one.destination.addresses[one.family],
        "proto": single(one.proto),
        "headed": single(1),
        "dport": single(one.port),
    }
    return {**box, "flags": _SYN} if one.proto == _TCP else box


def _senders(anybody: dict[str, End], one: Permission) -> Iterator[tuple[End, Spans]]:
    """The legs that send, and whoever else stands in their segment and may take on their addresses."""
    for leg in one.source.legs:
        if own(leg, one.family):
            yield End(leg.host, leg.interface, leg.segment), own(leg, one.family)
    if one.source.segment in anybody:
        yield anybody[one.source.segment], one.source.addresses[one.family]


def _receivers(declaration: Declaration, anybody: dict[str, End], one: Permission) -> Iterator[tuple[End, Spans]]:
    for leg in one.destination.legs:
        if members := one.destination.of_leg(leg, one.family):
            yield End(leg.host, leg.interface, leg.segment), members
    if one.destination.segment in anybody:
        yield anybody[one.destination.segment], inhabited(declaration, one.destination, one.family)
