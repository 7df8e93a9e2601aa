"""What the static model of the running rulesets says becomes of an attempt, to be held against what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any

from shoko.declaration.model import Declaration
from shoko.proof import read as reading
from shoko.proof.boxes import meet
from shoko.proof.boxes import point as box_of
from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_fates import Fate, Roles
from shoko.proof.errors import ProofError
from shoko.proof.expected.host import USERS
from shoko.proof.fields import NEW, NOBODY
from shoko.proof.index import Index
from shoko.proof.interfaces import NONE, Interfaces
from shoko.proof.packet import Packet
from shoko.proof.paths import PATHS, Path, accepted
from shoko.proof.prove import declared_interfaces
from shoko.proof.words import PROTOCOLS

_SYN = 2
_HOP = 64
_SOURCE_PORT = 40000


class HostModel:
    """What one host lets through, by path; ProofError if its ruleset is not understood."""

    def __init__(self, declaration: Declaration, host: str, listing: dict[str, Any] | str) -> None:
        if isinstance(listing, str):
            raise ProofError(f"{host}: {listing}")
        self._names = Interfaces({*declared_interfaces(declaration, host), *reading.names(listing)})
        ruleset = reading.read(listing, self._names)
        if ruleset.unknown:
            raise ProofError(f"{host}: {ruleset.unknown[0]}")
        self._passing: dict[Path, Index] = {
            path: Index(box for batch in accepted(ruleset, path) for box in batch.boxes) for path in PATHS
        }

    def passes(self, path: Path, attempt: Attempt, iif: str | None, oif: str | None) -> bool:
        """Tell whether the first packet of an attempt passes on a path, in and out by these interfaces."""
        numbers = self._names.known
        packet = _packet(attempt)
        packet |= {"iif": numbers[iif] if iif else NONE, "oif": numbers[oif] if oif else NONE}
        if path != "output":
            packet["user"] = NOBODY
        one = box_of(packet)
        return any(meet(one, box) is not None for box in self._passing[path].near(one))


def _packet(attempt: Attempt) -> Packet:
    proto = PROTOCOLS[attempt.protocol]
    return {
        "family": attempt.family,
        "state": NEW,
        "direction": 0,
        "mark": 0,
        "proto": proto,
        "nexthdr": proto,
        "headed": 1,
        "saddr": _number(attempt.source),
        "daddr": _number(attempt.destination),
        "sport": _SOURCE_PORT,
        "dport": attempt.port,
        "flags": _SYN,
        "hop": _HOP,
        "user": USERS[attempt.user] if attempt.user else 0,
    }


@cache
def _number(address: str) -> int:
    return int(ip_address(address))


class Model:
    """The way of an attempt through the running rulesets: sender, gateway, receiver."""

    def __init__(self, declaration: Declaration, hosts: Mapping[str, HostModel], roles: Roles, active: str) -> None:
        self._declaration = declaration
        self._hosts = hosts
        self._roles = roles
        self._active = active
        self._line = next(one.interface for one in declaration.segments.values() if one.router)
        self._segment = {
            (leg.host, leg.interface): declaration.segments[leg.segment].interface
            for host in declaration.hosts.values()
            for leg in host.legs
        }
        for host in declaration.gateways.hosts:
            self._segment[host, declaration.gateways.sync.interface] = declaration.gateways.sync.interface
        self._interface = {(host, network): name for (host, name), network in self._segment.items()}

    def fate(self, attempt: Attempt, way: str | None) -> Fate:
        """Return who ends an attempt; `way` is the sender's interface by its routes, None if it has none."""
        held = self.layers(attempt, way)
        return held[0] if held else "reached"

    def layers(self, attempt: Attempt, way: str | None) -> list[Fate]:
        """Return every place on the way that would end an attempt, each by itself, in order."""
        host, receiver = attempt.host, self._roles.holding[attempt.destination]
        found: list[Fate] = []
        target = self._network(attempt.destination)
        if host in self._roles.outside:
            if attempt.destination in self._roles.unrouted:
                found.append("outside")
            here = self._line
        else:
            # Without a route there is no way out to judge by; the leg of the source is the one that it would take.
            out = way or self._leg(host, attempt.source)
            if way is None:
                found.append("route")
            if not self._hosts[host].passes("output", attempt, None, out):
                found.append("sender")
            here = self._segment[host, out]
        direct = here == target or receiver == self._active or host in self._roles.gateways
        if not direct and not self._hosts[self._active].passes("forward", attempt, here, target):
            found.append("gateway")
        if receiver not in self._roles.outside:
            near = here if here == target or receiver == self._active else target
            if not self._hosts[receiver].passes("input", attempt, self._interface[receiver, near], None):
                found.append("receiver")
        return found

    def _leg(self, host: str, address: str) -> str:
        for leg in self._declaration.hosts[host].legs:
            if address in (str(leg.ipv4), str(leg.ipv6)):
                return leg.interface
        return self._declaration.gateways.sync.interface

    @lru_cache(maxsize=1000)  # noqa: B019 - one model lives as long as the run
    def _network(self, address: str) -> str:
        """The gateways' interface behind which an address lies."""
        parsed = ip_address(address)
        for segment in self._declaration.segments.values():
            prefix = segment.ipv4 if parsed.version == 4 else segment.ipv6
            if prefix is not None and parsed in prefix and not segment.own_uplink:
                return segment.interface
        sync = self._declaration.gateways.sync
        return sync.interface if parsed in sync.addresses.values() else self._line
