"""What may listen on a host: by its flows, and by the fixed list `shoko/data/listeners.yml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Any

import yaml

from shoko.declaration.model import Declaration
from shoko.observe.visit import Listener
from shoko.proof.expected.networks import of_address
from shoko.proof.expected.permissions import Permission
from shoko.proof.spans import Spans, holds, union
from shoko.proof.words import PROTOCOLS

KERNEL = "kernel"  # how the list calls a socket that no program holds
EPHEMERAL = range(32768, 61000)  # net.ipv4.ip_local_port_range as the kernel sets it
_NAMES = {PROTOCOLS[name]: name for name in ("tcp", "udp")}
EVERY = {"*", "0.0.0.0", "::"}  # noqa: S104 - as ss prints them
_HERE = ("127.", "::1", "::ffff:127.")


@dataclass(frozen=True)
class Needed:
    """Sockets that a host needs: `programs` empty for any program, `at` (family, addresses) or None for any address."""

    protocol: str
    ports: range
    programs: tuple[str, ...]
    at: tuple[int, Spans] | None

    def covers(self, one: Listener) -> bool:
        """Tell whether a socket is one of these. Those that take every address take the needed ones as well."""
        program = one.processes or (KERNEL,)
        at = self.at is None or one.address in EVERY or _holds(self.at, one.address)
        known = not self.programs or set(program) <= set(self.programs)
        return one.protocol == self.protocol and one.port in self.ports and at and known


def _holds(at: tuple[int, Spans], text: str) -> bool:
    address = ip_address(text)
    return address.version == at[0] and holds(at[1], int(address))


def on_loopback(one: Listener) -> bool:
    """Tell whether only the host itself can reach a socket."""
    return one.interface == "lo" or one.address.startswith(_HERE)


def needed(declaration: Declaration, every: list[Permission], host: str) -> list[Needed]:
    """Return what a host may listen on; `every` is `permissions(declaration)`."""
    return [*_by_flows(declaration, every, host), *_by_list(declaration, host)]


@cache
def _list() -> dict[str, Any]:
    text = files("shoko").joinpath("data/listeners.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _by_flows(declaration: Declaration, every: list[Permission], host: str) -> Iterator[Needed]:
    for one in every:
        at = union(one.destination.of_leg(leg, one.family) for leg in one.destination.legs if leg.host == host)
        if at:
            ports = range(one.port, one.port + 1)
            yield Needed(_NAMES[one.proto], ports, _programs(declaration, one), (one.family, at))


def _programs(declaration: Declaration, one: Permission) -> tuple[str, ...]:
    """Programs of the services that have this port; any program for a service that the list does not know."""
    found: list[str] = []
    for name in declaration.flows[one.flow].services:
        ports = {(port.protocol, port.number) for port in declaration.services[name].ports}
        if (_NAMES[one.proto], one.port) in ports:
            if name not in _list()["answers"]:
                return ()
            found += _list()["answers"][name]
    return tuple(found)


def _by_list(declaration: Declaration, host: str) -> Iterator[Needed]:
    for one in _list()["needs"]:
        if one["group"] in declaration.hosts[host].groups:
            ports = [EPHEMERAL] if one["ports"] == "ephemeral" else [range(port, port + 1) for port in one["ports"]]
            at = (4, of_address(declaration.gateways.sync.addresses[host])) if one["at"] == "sync" else None
            for span in ports:
                yield Needed(one["protocol"], span, (one["program"],), at)
