"""Tries sessions, and gathers what became of each while it happens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack

from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_fates import Observed, Roles, Traces, observe
from shoko.proof.dynamic.hosts_send import Opened, Said, room_for_sockets
from shoko.proof.dynamic.place import Place
from shoko.proof.dynamic.sessions import Sessions, Tuple5
from shoko.proof.dynamic.wire import Wire


class Trial:
    """Between some hosts, both gateways among them. Sockets and taps are closed at its end.

    `observed` and `said` keep the last trial of each attempt, `showing` the hosts whose connection tracking has shown
    a session of this trial.
    """

    def __init__(self, place: Place, roles: Roles, hosts: Collection[str]) -> None:
        self.observed: dict[Attempt, Observed] = {}
        self.said: dict[Attempt, Said | None] = {}
        self.showing: set[str] = set()
        self.roles = roles
        self._place = place
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

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def attempt(self, chunk: Sequence[Attempt], seconds: float) -> None:
        """Try a chunk of attempts at once (sorted, see hosts_send.chunks) and wait for answers for a time."""
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
            self.observed[one] = observe(one, said, opened.keys.get(one), traces, self.roles)
            self.said[one] = said
        sent = set(opened.keys.values())
        self.showing |= {host for host, entries in known.items() if not sent.isdisjoint(entries.keys())}


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
