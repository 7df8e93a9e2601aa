"""A declaration with its passes, asked from one host's point of view. Every part of a slice is built from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from shoko.declaration.model import Address, Declaration, Host, Leg, Vip
from shoko.policy.expand import Pass, expand
from shoko.policy.rules import answering_legs, sending_legs


@dataclass(frozen=True)
class View:
    """What every host opens and answers; build it with `View.of`."""

    declaration: Declaration
    passes: tuple[Pass, ...]
    _outgoing: dict[str, list[tuple[Pass, Leg]]] = field(repr=False)
    _incoming: dict[str, list[tuple[Pass, Leg]]] = field(repr=False)

    @staticmethod
    def of(declaration: Declaration) -> View:
        """Expand a declaration and index the passes by host. Raises PolicyError."""
        passes = expand(declaration)
        outgoing: dict[str, list[tuple[Pass, Leg]]] = {host: [] for host in declaration.hosts}
        incoming: dict[str, list[tuple[Pass, Leg]]] = {host: [] for host in declaration.hosts}
        for item in passes:
            for leg in sending_legs(declaration, item.source):
                outgoing[leg.host].append((item, leg))
            for leg in answering_legs(declaration, item.destination):
                incoming[leg.host].append((item, leg))
        return View(declaration, passes, outgoing, incoming)

    def outgoing(self, host: str) -> list[tuple[Pass, Leg]]:
        """What a host may open, with the leg it sends from."""
        return self._outgoing[host]

    def incoming(self, host: str) -> list[tuple[Pass, Leg]]:
        """What a host answers, with the leg it answers on."""
        return self._incoming[host]

    def carries(self, item: Pass, service: str) -> bool:
        """True if a pass is for a port of that service; False if the site has no such service."""
        known = self.declaration.services.get(service)
        return known is not None and any(
            (port.protocol, port.number) == (item.protocol, item.port) for port in known.ports
        )

    def opens(self, host: str, service: str, group: str) -> Iterator[tuple[Pass, Leg]]:
        """Yield the passes for a service from a host to legs of a group's hosts, with the leg that answers."""
        members = {member.name for member in self.declaration.group(group)}
        for item, _leg in self.outgoing(host):
            if self.carries(item, service):
                for leg in answering_legs(self.declaration, item.destination):
                    if leg.host in members and leg.host != host:
                        yield item, leg

    def answers(self, host: str, service: str) -> Iterator[tuple[Pass, Leg]]:
        """Yield the passes for a service that a host answers, with the leg it answers on."""
        return ((item, leg) for item, leg in self.incoming(host) if self.carries(item, service))

    def service_leg(self, host: Host, service: str) -> Leg:
        """The leg on which a host answers a service; its management leg if no flow says."""
        return next((leg for _item, leg in self.answers(host.name, service)), host.manage_leg)

    def port(self, service: str) -> int | None:
        """The first port of a service, None if the site has no such service."""
        known = self.declaration.services.get(service)
        return known.ports[0].number if known is not None else None

    def vips_held(self, host: Host) -> tuple[Vip, ...]:
        """The declared shared addresses that a host may hold, in declared order."""
        return tuple(vip for vip in self.declaration.vips.values() if vip.held_by in host.groups)

    def public_names(self, vip: str) -> tuple[str, ...]:
        """The names under which people reach a shared address, the canonical one first."""
        return tuple(name for known in self.declaration.names.values() if known.vip == vip for name in known.names)

    def full_name(self, name: str) -> str:
        """The internal name of a host or shared address: name.internal-domain."""
        return f"{name}.{self.declaration.internal_domain}"


def addresses(*candidates: Address | None) -> list[str]:
    """Return the addresses that exist, as text and in the given order."""
    return [str(address) for address in candidates if address is not None]
