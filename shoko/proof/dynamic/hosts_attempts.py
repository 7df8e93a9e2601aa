"""Who could open a session to whom: every attempt of the host suite, and which of them the declaration permits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from shoko.declaration.model import Declaration
from shoko.proof.expected.permissions import Permission
from shoko.proof.expected.sides import Side
from shoko.proof.spans import holds
from shoko.proof.words import PROTOCOLS

OTHERS = 2  # ports beside those of services that each pair of addresses is tried at, TCP and UDP each


@dataclass(frozen=True, order=True)
class Attempt:
    """A session that a host could try to open from one of its addresses; `user` is the process's, None for root."""

    host: str
    source: str
    destination: str
    protocol: str
    port: int
    user: str | None = None

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.destination else 4

    def __str__(self) -> str:
        as_user = f" as {self.user}" if self.user else ""
        return f"{self.host}{as_user}: {self.protocol} {self.source} -> {self.destination}#{self.port}"


@dataclass(frozen=True)
class Parties:
    """Who takes part. `holders` are the hosts that answer to an address, whoever holds a shared one just now.

    A declared address may be held by several; an external party is its own holder.
    """

    senders: tuple[tuple[str, str], ...]  # host, address
    holders: Mapping[str, tuple[str, ...]]


def parties(declaration: Declaration) -> Parties:
    """Return everybody with an address, of a declaration: hosts' legs, shared addresses, parties outside."""
    senders: list[tuple[str, str]] = []
    holders: dict[str, tuple[str, ...]] = {}
    for host in declaration.hosts.values():
        for leg in host.legs:
            for address in filter(None, (leg.ipv4, leg.ipv6)):
                senders.append((host.name, str(address)))
                holders[str(address)] = (host.name,)
    for party in declaration.external.values():
        for end in (one.ip for one in (party.ipv4, party.ipv6) if one is not None):
            senders.append((party.name, str(end)))
            holders[str(end)] = (party.name,)
    for vip in declaration.vips.values():
        for address in filter(None, (vip.ipv4, vip.ipv6)):
            holders[str(address)] = tuple(one.name for one in declaration.group(vip.held_by))
    for segment in {leg.segment for name in declaration.gateways.hosts for leg in declaration.hosts[name].legs}:
        for shared in filter(
            None, (declaration.gateway_vip(segment, "ipv4"), declaration.gateway_vip(segment, "ipv6"))
        ):
            holders[str(shared)] = declaration.gateways.hosts
    for name, cable in declaration.gateways.sync.addresses.items():
        senders.append((name, str(cable)))
        holders[str(cable)] = (name,)
    return Parties(tuple(senders), holders)


def attempts(declaration: Declaration, everybody: Parties, sample: int) -> Iterator[Attempt]:
    """Yield every attempt: each address of each host to each other's, at every port of a service and `OTHERS` more.

    Those others follow from the pair and from `sample`, so that a run can be repeated and many runs meet many ports.
    Parties outside among themselves are none of the site's business, and a host reaches itself without any ruleset.
    """
    ports: set[tuple[str, int]] = {
        (port.protocol, port.number) for service in declaration.services.values() for port in service.ports
    }
    users = _users(declaration)
    for host, source in everybody.senders:
        for destination, holders in everybody.holders.items():
            outside = host in declaration.external and set(holders) <= set(declaration.external)
            if host in holders or outside or (":" in source) != (":" in destination):
                continue
            for protocol, port in sorted(ports | set(_others(source, destination, sample, ports))):
                for user in (None, *users.get(host, ())):
                    yield Attempt(host, source, destination, protocol, port, user)


def _others(source: str, destination: str, sample: int, known: set[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    for protocol in ("tcp", "udp"):
        digest = hashlib.sha256(f"{sample} {source} {destination} {protocol}".encode()).digest()
        found = [1 + int.from_bytes(digest[at : at + 2]) % 65535 for at in range(0, len(digest), 2)]
        yield from [(protocol, port) for port in dict.fromkeys(found) if (protocol, port) not in known][:OTHERS]


def _users(declaration: Declaration) -> dict[str, tuple[str, ...]]:
    """The processes that flows tell apart, by host on which they run."""
    found: dict[str, dict[str, None]] = {}
    for flow in declaration.flows.values():
        for host in declaration.hosts.values():
            if flow.source.as_users and (flow.source.group in host.groups or flow.source.host == host.name):
                found.setdefault(host.name, {}).update(dict.fromkeys(flow.source.as_users))
    return {host: tuple(users) for host, users in found.items()}


class Permitted:
    """Asks the proof's own expansion of the flows whether an attempt is permitted."""

    def __init__(self, declaration: Declaration, permissions: list[Permission], everybody: Parties) -> None:
        self._external = frozenset(declaration.external)
        self._holders = everybody.holders
        self._known: dict[tuple[int, str], bool] = {}  # of a side and an address; both live as long as this
        self._by_port: dict[tuple[int, int, int], list[Permission]] = {}
        for one in permissions:
            self._by_port.setdefault((one.family, one.proto, one.port), []).append(one)

    def __call__(self, attempt: Attempt) -> Permission | None:
        """Return what permits an attempt at any time, else what permits it in a window; None if nothing does."""
        return min(self._all(attempt), key=lambda one: one.windowed, default=None)

    def marks(self, attempt: Attempt) -> frozenset[int]:
        """Return what its session may be marked with: flows may overlap, and each of them is right."""
        return frozenset(one.mark for one in self._all(attempt))

    def _all(self, attempt: Attempt) -> Iterator[Permission]:
        key = (attempt.family, PROTOCOLS[attempt.protocol], attempt.port)
        for one in self._by_port.get(key, ()):
            if (
                (not one.users or attempt.user in one.users)
                and self._is(one.source, attempt.source, (attempt.host,))
                and self._is(one.destination, attempt.destination, self._holders[attempt.destination])
            ):
                yield one

    def _is(self, side: Side, address: str, hosts: tuple[str, ...]) -> bool:
        key = (id(side), address)
        if key not in self._known:
            self._known[key] = self._stands(side, address, hosts)
        return self._known[key]

    def _stands(self, side: Side, address: str, hosts: tuple[str, ...]) -> bool:
        """Whether a party with this address is on this side: ours by one of its legs, others by their address."""
        parsed = ip_address(address)
        if not holds(side.addresses[parsed.version], int(parsed)):
            return False
        if set(hosts) <= self._external:
            return True
        legs = [leg for leg in side.legs if leg.host in hosts]
        return any(holds(side.of_leg(leg, parsed.version), int(parsed)) for leg in legs)
