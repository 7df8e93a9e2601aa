"""The forward proxies as a layer: what their allowlists hold back, of requests to them that the packets' rules permit.

Through a proxy no packet goes from a segment to the internet: the proxy asks in its own name. So of the layers that
deny a packet none stands in the way of a request, and the allowlist is the only one.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from shoko.lab.outside.topology import WORLD
from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.hosts_scene import Scene
from shoko.proof.dynamic.layers_cells import Cell
from shoko.proof.dynamic.sockets import inside
from shoko.proof.errors import ProofError

PROXIES = "forward_proxies"
_FORBIDDEN = 403  # what squid answers if its allowlist has nothing for the request
_PATIENCE = 8.0  # seconds for a proxy to take up another configuration


@dataclass
class Request:
    """A request by a proxy to an address that no allowlist names, and whether the proxy refused it in each round."""

    source: str  # segment
    host: str
    address: str
    proxy: str
    port: int
    refused: bool = False
    refused_alone: bool = False
    refused_without: bool = True

    def __str__(self) -> str:
        return f"{self.host}: http {self.address} -> internet by {self.proxy}#{self.port}"


def requests(here: Scene, chosen: list[Cell]) -> list[Request]:
    """Return a request for every segment from which a flow leads to a proxy."""
    return list({one.source: one for one in _requests(here, chosen)}.values())


def _requests(here: Scene, chosen: list[Cell]) -> Iterator[Request]:
    declaration = here.place.declaration
    for flow in declaration.flows.values():
        if not flow.via_sites or flow.destination.vip is None:
            continue
        vip = declaration.vips[flow.destination.vip]
        for cell in chosen:
            for one in cell.attempts:
                proxy = str(vip.ipv4 if one.family == 4 else vip.ipv6)
                for port in (port for name in flow.services for port in declaration.services[name].ports):
                    way = Attempt(one.host, one.source, proxy, port.protocol, port.number)
                    if proxy in here.roles.holding and here.takes_part(way) and here.permitted(way):
                        yield Request(cell.source, one.host, one.source, proxy, port.number)


def refused(here: Scene, one: Request) -> bool:
    """Make a request and tell whether the proxy refused it; ProofError if it does not answer at all."""
    answer = inside(here.place.network(one.host), partial(_ask, one, _target(here)))
    if not answer.startswith(b"HTTP/"):
        raise ProofError(f"{one}: the proxy does not answer (got {answer[:40]!r})")
    return int(answer.split()[1]) == _FORBIDDEN


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Wait for a proxy that reads its configuration anew; ProofError if it takes too long."""
    end = time.monotonic() + _PATIENCE
    while not _holds(true):
        if time.monotonic() > end:
            raise ProofError(f"{what}, but not within {_PATIENCE:.0f} s")
        time.sleep(0.2)


def _holds(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except ProofError:
        return False  # between two configurations nobody listens


def _target(here: Scene) -> str:
    own = here.place.declaration.external[WORLD]
    if own.ipv4 is None:
        raise ProofError(f"external.{WORLD} has no IPv4 address to ask the proxies for")
    return str(own.ipv4.ip)


def _ask(one: Request, target: str) -> bytes:
    request = f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((one.proxy, one.port), timeout=5, source_address=(one.address, 0)) as stream:
            stream.sendall(request)
            return stream.recv(4096)
    except OSError as problem:
        return str(problem).encode()
