"""What reaches a host's legs, before any ruleset sees it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from shoko.proof.dynamic.sessions import Tuple5, written
from shoko.proof.dynamic.sockets import Program, Tap

_BUFFER = 32 << 20
_TCP, _UDP = 6, 17
_SYN, _SYN_ACK = 0x02, 0x12
_LONG_ENOUGH = 28  # IPv4 and UDP
# Classic BPF: what is addressed to this very leg; neither what it sends nor what a switch floods. The rest is looked
# at here.
_COMING_IN: Program = [
    (0x28, 0, 0, 0xFFFFF004),  # ldh the packet's type (SKF_AD_PKTTYPE)
    (0x15, 0, 1, socket.PACKET_HOST),  # jeq, else leave it out
    (0x06, 0, 0, 128),  # take its first 128 bytes
    (0x06, 0, 0, 0),
]


class Wire:
    """The first packets of TCP and UDP sessions that have come in at some legs of one host."""

    def __init__(self, namespace: Path, interfaces: Iterable[str]) -> None:
        self.seen: set[Tuple5] = set()
        self._interfaces = frozenset(interfaces)
        self._tap = Tap(namespace, _COMING_IN, _BUFFER)
        self._texts: dict[bytes, str] = {}

    def drain(self) -> None:
        """Take in what has arrived since the last time. What found no room was not seen, which shows nothing."""
        for interface, packet in self._tap.read():
            if interface in self._interfaces and len(packet) >= _LONG_ENOUGH:
                self._take(packet)

    def close(self) -> None:
        """Stop watching."""
        self._tap.close()

    def _take(self, packet: bytes) -> None:
        version = packet[0] >> 4
        if version == 4:
            proto, start, ends = packet[9], (packet[0] & 15) * 4, (packet[12:16], packet[16:20])
        elif version == 6:
            proto, start, ends = packet[6], 40, (packet[8:24], packet[24:40])
        else:  # ARP
            return
        if proto not in (_TCP, _UDP) or len(packet) < start + (14 if proto == _TCP else 8):
            return
        if proto == _TCP and packet[start + 13] & _SYN_ACK != _SYN:
            return
        sport, dport = struct.unpack_from("!HH", packet, start)
        source, destination = (self._text(end) for end in ends)
        self.seen.add(("tcp" if proto == _TCP else "udp", source, sport, destination, dport))

    def _text(self, packed: bytes) -> str:
        if packed not in self._texts:
            self._texts[packed] = written(packed)
        return self._texts[packed]
