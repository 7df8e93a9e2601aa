"""What became of an attempt: from the traces that it left in connection tracking and on the wire.

An entry of connection tracking at a host is the truth about that host's rules: the kernel confirms it after the last
chain of the last hook, and not before (sessions.py). So an entry at the sender says "its output rules let it
leave", one at a gateway "the gateway passed it on", one at the receiver "it has reached the sockets there", whether or
not anybody listens and whether or not an answer finds its way back. The ruleset under test is not touched for that.

Two things would make it blind, and both are watched: a host without connection tracking (no rule of it asks for state
any more) shows no entry of a permitted session either, and an answer without an entry is told as such. That a packet
was held somewhere, instead of being lost on the way there, is shown by the wire: it was seen before the ruleset.
Parties outside have no rules of ours: what is seen on their wire has reached them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_send import Said
from shoko.proof.dynamic.sessions import Entry, Tuple5

# Who ended it. "outside" is told by a router of the world; "lost" is nothing known, which proves nothing.
Fate = Literal["route", "sender", "gateway", "receiver", "outside", "reached", "lost"]


@dataclass(frozen=True)
class Traces:
    """What was seen until now: sessions let through and first packets on the wire, by host.

    `deaf` are hosts that were told more than they could take in, so that what they do not know shows nothing.
    """

    tracked: Mapping[str, Mapping[Tuple5, Entry]]
    wires: Mapping[str, set[Tuple5]]
    deaf: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Observed:
    """The fate of one attempt; `mark` is what the receiver's rules marked it with, None where they do not say."""

    fate: Fate
    mark: int | None = None
    untracked: bool = False  # it was answered, and the receiver's connection tracking does not know it


@dataclass(frozen=True)
class Roles:
    """Which hosts are gateways, which are outside, who holds each address just now, and whom the internet routes to.

    `unrouted` are addresses of ours that no router of the internet knows a way to, by its own table.
    """

    gateways: tuple[str, ...]
    outside: frozenset[str]
    holding: Mapping[str, str]
    unrouted: frozenset[str] = frozenset()


def observe(attempt: Attempt, said: Said | None, key: Tuple5 | None, traces: Traces, roles: Roles) -> Observed:
    """Return what became of an attempt; `key` is its packet, None if none was made."""
    outside = attempt.host in roles.outside
    if outside and attempt.destination in roles.unrouted:
        return Observed("outside")
    if said == "no way":
        return Observed("lost" if outside else "route")
    if key is None or said == "not sent":
        return Observed("lost")
    return _arrived(attempt, said, key, traces, roles) or Observed(_held(attempt, key, traces, roles))


def _arrived(attempt: Attempt, said: Said | None, key: Tuple5, traces: Traces, roles: Roles) -> Observed | None:
    receiver = roles.holding[attempt.destination]
    if receiver in roles.outside:
        known = [traces.tracked[gate][key] for gate in roles.gateways if key in traces.tracked.get(gate, {})]
        return Observed("reached") if traces.wires[receiver] & set(_translated(key, known)) else None
    if key in traces.tracked[receiver]:
        return Observed("reached", traces.tracked[receiver][key].mark)
    return Observed("reached", untracked=True) if said == "answered" else None


def _held(attempt: Attempt, key: Tuple5, traces: Traces, roles: Roles) -> Fate:
    """Who kept an attempt that has not arrived: the last one by whom it was seen."""
    if traces.deaf & {attempt.host, roles.holding[attempt.destination], *roles.gateways}:
        return "lost"
    gates = [gate for gate in roles.gateways if gate not in (roles.holding[attempt.destination], attempt.host)]
    passed = any(key in traces.tracked.get(gate, {}) for gate in gates)
    fate: Fate = "lost"
    if attempt.host not in roles.outside and key not in traces.tracked[attempt.host]:
        fate = "sender"
    elif key in traces.wires[roles.holding[attempt.destination]]:
        fate = "receiver"
    elif passed:
        fate = "lost"
    elif any(key in traces.wires[gate] for gate in gates if gate in traces.wires):
        fate = "gateway"
    return fate


def _translated(key: Tuple5, entries: Iterable[Entry]) -> Iterable[Tuple5]:
    """The packet as it leaves: with the source that a gateway gave it, to which answers go."""
    protocol, _source, _sport, destination, dport = key
    yield key
    for entry in entries:
        yield (protocol, *entry.answers_to, destination, dport)
