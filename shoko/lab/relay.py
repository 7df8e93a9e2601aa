"""Lets a person's browser into the lab: listeners on the machine's loopback, connections from a lab host.

The listening socket belongs to the machine's own namespace; the outgoing one is opened in the namespace
of the host that the person stands at (setns(2) counts when a socket is made). Bytes pass untouched, so
TLS is between the browser and the service. Run as `python -m shoko.lab.relay PORT:NAMESPACE:ADDRESS:PORT…`,
with an IPv6 address in brackets.
"""

import asyncio
import contextlib
import os
import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from shoko.lab.errors import LabError

_ROUTE = re.compile(r"^(?P<port>\d+):(?P<ns>[^:]+):\[?(?P<address>[^\]]+?)\]?:(?P<target>\d+)$")
_CHUNK = 65536
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Route:
    """One listener: local port, namespace that connects, and whom."""

    port: int
    namespace: str
    address: str
    target: int

    def __str__(self) -> str:
        return f"{self.port}:{self.namespace}:[{self.address}]:{self.target}"


def parse_route(text: str) -> Route:
    """Read PORT:NAMESPACE:ADDRESS:PORT."""
    match = _ROUTE.match(text)
    if match is None:
        raise LabError(f"{text!r}: a relay is written PORT:NAMESPACE:ADDRESS:PORT")
    return Route(int(match["port"]), match["ns"], match["address"], int(match["target"]))


def outward_socket(route: Route) -> socket.socket:
    """Make a socket in the route's namespace, which may have been renewed since the last one."""
    with Path("/run/netns", route.namespace).open("rb") as handle:
        os.setns(handle.fileno(), _CLONE_NEWNET)
    family = socket.AF_INET6 if ":" in route.address else socket.AF_INET
    outward = socket.socket(family, socket.SOCK_STREAM)
    outward.setblocking(False)
    return outward


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _serve(route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    try:
        outward = outward_socket(route)
        async with asyncio.timeout(_CONNECT_SECONDS):
            await loop.sock_connect(outward, (route.address, route.target))
        far_reader, far_writer = await asyncio.open_connection(sock=outward)
    except (OSError, TimeoutError) as refused:
        sys.stderr.write(f"{route}: {refused or 'no answer'}\n")
        writer.close()
        return
    try:
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    finally:
        far_writer.close()
        writer.close()


def _listen(port: int) -> list[socket.socket]:
    """Open the loopback listeners; IPv6 only where the machine has it and the port is free."""
    found = [socket.create_server(("127.0.0.1", port))]
    with contextlib.suppress(OSError):
        found.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    return found


async def relay(routes: list[Route]) -> None:
    """Serve until killed."""
    listeners = [(route, sock) for route in routes for sock in _listen(route.port)]
    servers = [
        await asyncio.start_server(lambda r, w, route=route: _serve(route, r, w), sock=sock)  # type: ignore[misc]
        for route, sock in listeners
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(relay([parse_route(text) for text in sys.argv[1:]]))
