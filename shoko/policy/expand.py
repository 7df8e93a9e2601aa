"""Flows become passes: who may open what to whom, in addresses, one per end pair, family and port.

Everything that Shoko renders (host rules, gateway rules, routes, allowlists, names) comes from these and from nothing
else. The proof expands on its own (`shoko.proof`) and imports nothing from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shoko.declaration.model import Declaration, Family, Flow, Network
from shoko.policy.ends import End, Resolver
from shoko.policy.errors import PolicyError
from shoko.policy.prefixes import FAMILIES

WINDOWED_MARK = 0x80000000  # this bit of the connection mark says: look into the windows at every packet


@dataclass(frozen=True)
class Pass:
    """One permission. `routed` says whether a gateway forwards it; `users` is empty for "any process"."""

    flow: str
    number: int
    family: Family
    protocol: Literal["tcp", "udp"]
    port: int
    source: End
    destination: End
    users: tuple[str, ...]
    windowed: bool

    @property
    def routed(self) -> bool:
        """True if the two ends stand in different segments."""
        return self.source.segment != self.destination.segment

    @property
    def mark(self) -> int:
        """The connection-tracking mark: the flow's number, with `WINDOWED_MARK` for windowed flows."""
        return self.number | WINDOWED_MARK if self.windowed else self.number

    @property
    def sources(self) -> tuple[Network, ...]:
        """Source prefixes in this family, never empty."""
        return self.source.prefixes(self.family)

    @property
    def destinations(self) -> tuple[Network, ...]:
        """Destination prefixes in this family, never empty."""
        return self.destination.prefixes(self.family)


def expand(declaration: Declaration) -> tuple[Pass, ...]:
    """Return every pass of every flow, in declared order. Raises PolicyError and never returns a wider set."""
    resolver = Resolver(declaration)
    return tuple(item for flow in declaration.flows.values() for item in _expand_flow(declaration, resolver, flow))


def _expand_flow(declaration: Declaration, resolver: Resolver, flow: Flow) -> Iterator[Pass]:
    where = f"flows.{flow.name}"
    if flow.number <= 0 or flow.number >= WINDOWED_MARK:
        raise PolicyError(f"{where}: {flow.number} is no flow number (1 to {WINDOWED_MARK - 1})")
    ports = _ports(declaration, flow, where)
    sources = resolver.resolve(flow.source, "from", f"{where}.from")
    destinations = resolver.resolve(flow.destination, "to", f"{where}.to")
    count = 0
    for written in sources:
        for destination in destinations:
            if written.host is not None and written.host == destination.host:
                continue  # a host reaches itself by its loopback, which no flow governs
            source = _sending_end(declaration, resolver, written, destination, where)
            for family in _families(flow, source, destination, where):
                for protocol, port in ports:
                    count += 1
                    yield Pass(
                        flow.name,
                        flow.number,
                        family,
                        protocol,
                        port,
                        source,
                        destination,
                        flow.source.as_users,
                        flow.window is not None,
                    )
    if count == 0:
        raise PolicyError(f"{where}: permits nothing (both ends are the same single host)")


def _sending_end(declaration: Declaration, resolver: Resolver, written: End, destination: End, where: str) -> End:
    """Gateways speak from their leg in the destination's segment and are spoken to on their management leg only."""
    gateways = declaration.gateways.hosts
    if written.host in gateways:
        return resolver.at_gateway(written.host or "", destination, f"{where}.from")
    if destination.host in gateways and written.segment != destination.segment:
        raise PolicyError(
            f"{where}: {written.name} stands in {written.segment}, but a gateway answers only in "
            f"{destination.segment} (the way back would differ from the way there)"
        )
    return written


def _ports(declaration: Declaration, flow: Flow, where: str) -> tuple[tuple[Literal["tcp", "udp"], int], ...]:
    ports: dict[tuple[Literal["tcp", "udp"], int], None] = {}
    for name in flow.services:
        service = declaration.services.get(name)
        if service is None:
            raise PolicyError(f"{where}: unknown service {name}")
        if not service.ports:
            raise PolicyError(f"{where}: service {name} has no port (an empty service never means any)")
        ports.update(dict.fromkeys((port.protocol, port.number) for port in service.ports))
    if not ports:
        raise PolicyError(f"{where}: names no service (an empty list never means any)")
    return tuple(ports)


def _families(flow: Flow, source: End, destination: End, where: str) -> tuple[Family, ...]:
    """The families of a pair of ends. None falls away silently: less than both is written with `families:`."""
    common = source.families & destination.families
    pair = f"{source.name} and {destination.name}"
    if flow.families is not None:
        missing = set(flow.families) - common
        if missing or not flow.families:
            raise PolicyError(f"{where}: {pair} have no {' and no '.join(sorted(missing)) or 'family'} in common")
        return tuple(family for family in FAMILIES if family in flow.families)
    if not common:
        raise PolicyError(f"{where}: {pair} have no address family in common")
    lost = (source.families | destination.families) - common
    if lost:
        raise PolicyError(
            f"{where}: {', '.join(sorted(lost))} would fall away between {pair}; "
            f"write `families: [{', '.join(sorted(common))}]` if that is meant"
        )
    return tuple(family for family in FAMILIES if family in common)
