"""The host suite: ordinary sockets from every host to every other one, and what became of each.

Every attempt that the declaration permits has to reach the sockets of its receiver (and, with TCP, an answer has to
come back); no other may. What becomes of an attempt is read where it counts, see hosts_fates. It is held against the
proof's own expansion of the flows, and against the static model of what sender, gateway and receiver hold just now:
where model and kernel differ, one of the two proofs is worth nothing, and that is a finding.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from shoko.lab.outside.topology import WORLD
from shoko.lab.progress import say
from shoko.proof.dynamic.hosts_attempts import Attempt, Permitted, attempts, parties
from shoko.proof.dynamic.hosts_fates import Fate, Observed, Roles, Traces, observe
from shoko.proof.dynamic.hosts_model import HostModel, Model
from shoko.proof.dynamic.hosts_result import ENDS, HostSuite
from shoko.proof.dynamic.hosts_send import Opened, Said, chunks, room_for_sockets
from shoko.proof.dynamic.place import Place
from shoko.proof.dynamic.result import Counts, Finding, Kind
from shoko.proof.dynamic.sessions import Sessions, Tuple5
from shoko.proof.dynamic.wire import Wire
from shoko.proof.errors import ProofError
from shoko.proof.expected.permissions import Permission, permissions

TRIES = 3  # what the switch lost is sent again; what is lost every time is unproved
ANSWER_SECONDS = 3.5  # a first packet that is lost on a busy machine is sent again after one second, and after three
DENIED_SECONDS = 0.3


@dataclass
class _Seen:
    """What is known of the attempts so far."""

    observed: dict[Attempt, Observed] = field(default_factory=dict)
    said: dict[Attempt, Said | None] = field(default_factory=dict)
    showing: set[str] = field(default_factory=set)  # hosts whose connection tracking has shown a session of ours
    resent: int = 0


def host_suite(
    place: Place, listings: Mapping[str, dict[str, Any] | str], sample: int, only: Collection[str] = ()
) -> HostSuite:
    """Try everything and compare; `listings` are the running rulesets (running.listings).

    `sample` chooses the ports beside those of services, `only` the hosts at either end (empty: all).
    """
    begun = time.monotonic()
    declaration = place.declaration
    everybody = parties(declaration)
    every = permissions(declaration)
    permitted = Permitted(declaration, every, everybody)
    holding, unproved = place.holding(everybody.holders)
    unproved += [f"{name} does not run: nothing is tried from there or to there" for name in place.missing]
    models, not_understood = _models(place, listings)
    unproved += not_understood
    roles = Roles(declaration.gateways.hosts, frozenset(declaration.external), holding, _unrouted(place, holding))
    out_of_play = {*place.missing, *(name for name in declaration.hosts if name not in models)}
    chosen = [
        one
        for one in attempts(declaration, everybody, sample)
        if one.source in holding
        and one.destination in holding
        and not {one.host, holding[one.destination]} & out_of_play
        and one.host != holding[one.destination]
        and (not only or {one.host, holding[one.destination]} & set(only))
    ]
    expected = {one: permitted(one) for one in chosen}
    chosen = [one for one in chosen if not ((permission := expected[one]) and permission.windowed)]
    routes = _routes(place, chosen)
    taking_part = {
        *(one.host for one in chosen),
        *(holding[one.destination] for one in chosen),
        *(set(roles.gateways) & set(place.running)),
    }
    with _Trial(place, roles, sorted(taking_part)) as trial:
        trial.rounds(chosen, expected)
    seen = trial.seen
    again, _ = place.holding(everybody.holders)
    if again != holding:
        moved = ", ".join(sorted(address for address in holding if again.get(address) != holding[address]))
        raise ProofError(f"shared addresses moved during the proof ({moved}): run it again when the site is at rest")
    model = Model(declaration, models, roles, _active(place, holding))
    unproved += _blind(seen, roles, expected)
    found: list[Finding] = []
    for one in chosen:
        modelled = model.fate(one, routes.get((one.host, one.source, one.destination)))
        unproved += _lost(one, seen)
        found += _differences(one, expected[one], seen, modelled, roles)
    fates = Counter((seen.observed[one].fate, expected[one] is not None) for one in chosen)
    return HostSuite(
        "hosts", "every host", _counts(fates, seen), found, unproved, time.monotonic() - begun, sample, fates
    )


def _counts(fates: Counter[tuple[Fate, bool]], seen: _Seen) -> Counts:
    sent = fates.total()
    lost = sum(n for (fate, _permitted), n in fates.items() if fate == "lost")
    passed = sum(n for (fate, _permitted), n in fates.items() if fate == "reached")
    return Counts(sent, sent - lost, passed, sent - lost - passed, seen.resent)


def _models(place: Place, listings: Mapping[str, dict[str, Any] | str]) -> tuple[dict[str, HostModel], list[str]]:
    models: dict[str, HostModel] = {}
    unproved = []
    for host in place.declaration.hosts:
        if host in place.running:
            try:
                models[host] = HostModel(place.declaration, host, listings.get(host, "no ruleset was read"))
            except ProofError as problem:
                unproved.append(f"{problem}: nothing is tried from there or to there")
    return models, unproved


def _routes(place: Place, chosen: Sequence[Attempt]) -> dict[tuple[str, str, str], str]:
    """The sender's interface by its own routes, by host, source and destination."""
    pairs: dict[str, set[tuple[str, str]]] = {}
    for one in chosen:
        pairs.setdefault(one.host, set()).add((one.source, one.destination))
    return {
        (host, *pair): way for host, wanted in pairs.items() for pair, way in place.ways(host, sorted(wanted)).items()
    }


def _unrouted(place: Place, holding: Mapping[str, str]) -> frozenset[str]:
    """The addresses to which the internet, as the lab plays it, has no route: it says so by its own table."""
    own = place.declaration.external.get(WORLD)
    if own is None or WORLD not in place.running:
        return frozenset()
    by_family = {one.ip.version: str(one.ip) for one in (own.ipv4, own.ipv6) if one is not None}
    asked = [(by_family[6 if ":" in address else 4], address) for address in holding if holding[address] != WORLD]
    known = {destination for _source, destination in place.ways(WORLD, asked)}
    return frozenset(destination for _source, destination in asked if destination not in known)


def _active(place: Place, holding: Mapping[str, str]) -> str:
    declaration = place.declaration
    shared = str(declaration.gateway_vip(declaration.gateways.manage, "ipv4"))
    if shared not in holding:
        raise ProofError(f"no gateway holds {shared}: start one of {', '.join(declaration.gateways.hosts)}")
    return holding[shared]


class _Trial:
    """Tries sessions and keeps what became of them; sockets and taps are closed at its end."""

    def __init__(self, place: Place, roles: Roles, hosts: Collection[str]) -> None:
        self.seen = _Seen()
        self._place = place
        self._roles = roles
        self._used: set[Tuple5] = set()
        self._stack = ExitStack()
        self._wires: dict[str, Wire] = {}
        self._sessions: dict[str, Sessions] = {}
        room_for_sockets()
        with self._stack:
            for host in hosts:
                self._wires[host] = Wire(place.network(host), _legs(place, host))
                self._stack.callback(self._wires[host].close)
                if host not in roles.outside:
                    self._sessions[host] = Sessions(place.network(host))
                    self._stack.callback(self._sessions[host].close)
            self._stack = self._stack.pop_all()

    def __enter__(self) -> _Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def rounds(self, chosen: Sequence[Attempt], expected: Mapping[Attempt, Permission | None]) -> None:
        """Try everything, and once more what was lost or should have worked."""
        for number in range(TRIES):
            left = [one for one in chosen if _open_question(one, self.seen, expected[one])]
            if not left:
                break
            good, bad = [one for one in left if expected[one]], [one for one in left if not expected[one]]
            what = "trying" if number == 0 else "once more"
            say(f"hosts: {what}: {len(good)} permitted and {len(bad)} denied sessions")
            self.seen.resent += len(left) if number else 0
            done = 0
            for part, seconds in ((good, ANSWER_SECONDS), (bad, DENIED_SECONDS)):
                for chunk in chunks(part):
                    self._chunk(chunk, seconds)
                    done += len(chunk)
                    say(f"hosts: {what}: {done} of {len(left)}")

    def _chunk(self, chunk: Sequence[Attempt], seconds: float) -> None:
        seen = self.seen
        opened = Opened(self._used)
        try:
            opened.start(self._place, chunk)
            opened.listen(seconds)
        finally:
            opened.close()
        for wire in self._wires.values():
            wire.drain()
        deaf = frozenset(host for host, sessions in self._sessions.items() if not sessions.drain())
        known = {host: sessions.known for host, sessions in self._sessions.items()}
        traces = Traces(known, {host: wire.seen for host, wire in self._wires.items()}, deaf)
        for one in chunk:
            said = opened.said.get(one)
            seen.observed[one] = observe(one, said, opened.keys.get(one), traces, self._roles)
            seen.said[one] = said
        sent = set(opened.keys.values())
        seen.showing |= {host for host, entries in known.items() if not sent.isdisjoint(entries.keys())}


def _legs(place: Place, host: str) -> list[str]:
    """The interfaces by which something reaches a host: its declared legs; of a party outside the way to the site."""
    declaration = place.declaration
    if host in declaration.external:
        return [name for name in place.interfaces(host) if name != "lo"]
    legs = [leg.interface for leg in declaration.hosts[host].legs]
    there = place.interfaces(host)
    if host in declaration.gateways.hosts:
        legs.append(declaration.gateways.sync.interface)
    return [name for name in legs if name in there]


def _open_question(one: Attempt, seen: _Seen, permission: Permission | None) -> bool:
    known = seen.observed.get(one)
    if known is None or known.fate == "lost":
        return True
    return permission is not None and (known.fate != "reached" or _unanswered(one, seen))


def _unanswered(one: Attempt, seen: _Seen) -> bool:
    return one.protocol == "tcp" and seen.said[one] != "answered"


def _blind(seen: _Seen, roles: Roles, expected: Mapping[Attempt, Permission | None]) -> Iterator[str]:
    """Hosts of which connection tracking shows nothing, although permitted sessions were tried there."""
    asked = {
        host
        for one, permission in expected.items()
        if permission
        for host in (one.host, roles.holding[one.destination])
    }
    for host in sorted(asked - roles.outside - seen.showing):
        yield f"{host}: no permitted session shows in its connection tracking, so that nothing is shown about others"


def _lost(one: Attempt, seen: _Seen) -> Iterator[str]:
    if seen.observed[one].fate == "lost":
        yield f"{one}: left its sender and was seen nowhere, {TRIES} times"
    elif seen.observed[one].untracked:
        yield f"{one}: is answered, and the receiver's connection tracking does not know of it"


def _differences(
    one: Attempt, permission: Permission | None, seen: _Seen, modelled: Fate, roles: Roles
) -> Iterator[Finding]:
    known = seen.observed[one]
    if known.fate == "lost":
        return
    kinds: list[Kind] = []
    if permission is None:
        kinds += ["passes"] if known.fate == "reached" else []
    elif known.fate != "reached":
        kinds.append("blocked")
    elif _unanswered(one, seen):
        kinds.append("unanswered")
    elif known.mark not in (None, permission.mark):
        kinds.append("mark")
    if known.fate not in ("outside", modelled):
        kinds.append("model")
    where = {
        "gateway": "the gateways",
        "reached": roles.holding[one.destination],
        "receiver": roles.holding[one.destination],
    }
    for kind in kinds:
        detail = f"observed: {ENDS[known.fate]}; analysis of the running rulesets: {ENDS[modelled]}"
        yield Finding(
            kind, where.get(known.fate, one.host), str(one), flow=permission.flow if permission else "", detail=detail
        )
