"""Answers for every address of a segment that nobody has, so that a gateway that lets too much through shows it.

A gateway that forwards to an address first asks for its neighbour (ARP, RFC 826; neighbour discovery, RFC 4861).
Declared addresses are left to their hosts.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from shoko.proof.dynamic.filters import QUESTIONS
from shoko.proof.dynamic.frames import ARP, ICMPV6, IPV6, checksum
from shoko.proof.dynamic.sockets import Tap, inside

_REPLY = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2)
_ADVERTISED = 0x60 << 24  # solicited, override


@dataclass(frozen=True)
class Vacancy:
    """A port's own hardware address, its segment's prefixes, and the addresses in them that somebody has."""

    mac: bytes
    prefixes: tuple[IPv4Network | IPv6Network, ...]
    taken: frozenset[int]

    def answers(self, address: bytes) -> bool:
        """Tell whether nobody has this address of the segment."""
        number = int.from_bytes(address)
        return number not in self.taken and any(
            net.max_prefixlen == 8 * len(address) and int(net.network_address) <= number <= int(net.broadcast_address)
            for net in self.prefixes
        )


class Answering:
    """Answers gateways' questions in a thread until closed. `ports` by interface, `askers` their hardware addresses."""

    def __init__(self, namespace: Path, ports: Mapping[str, Vacancy], askers: Iterable[bytes]) -> None:
        self._ports, self._askers = ports, frozenset(askers)
        self._tap = Tap(namespace, QUESTIONS, 4 << 20, raw=True)
        self._out = inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._tap.wait(0.1):
                for interface, question in self._tap.read():
                    said = self._answer(interface, question)
                    if said is not None:
                        self._out.sendto(said, (interface, 0))

    def _answer(self, interface: str, question: bytes) -> bytes | None:
        port, asker = self._ports.get(interface), question[6:12]
        if port is None or asker not in self._askers:
            return None
        if question[12:14] == ARP:
            wanted = question[38:42]
            if question[20:22] != b"\0\1" or not port.answers(wanted):
                return None
            return asker + port.mac + ARP + _REPLY + port.mac + wanted + question[22:32]
        wanted, source = question[62:78], question[22:38]
        if not any(source) or not port.answers(wanted):
            return None  # an asker without an address wants to know whether it may take this one: it may
        said = struct.pack("!BBHI", 136, 0, 0, _ADVERTISED) + wanted + b"\2\1" + port.mac
        pseudo = wanted + source + struct.pack("!II", len(said), ICMPV6)
        said = said[:2] + checksum(pseudo + said).to_bytes(2) + said[4:]
        head = struct.pack("!IHBB", 6 << 28, len(said), ICMPV6, 255) + wanted + source
        return asker + port.mac + IPV6 + head + said

    def close(self) -> None:
        """Stop answering."""
        self._stop.set()
        self._thread.join()
        self._tap.close()
        self._out.close()
