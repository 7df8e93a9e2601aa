"""Packet sockets inside network namespaces: opened there, used from here (packet(7), linux/if_packet.h)."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

SOL_PACKET = 263
_PACKET_STATISTICS = 6
_SO_RCVBUFFORCE, _SO_ATTACH_FILTER = 33, 26
ETH_P_ALL = 3

# One instruction of classic BPF: (code, jump if true, jump if false, operand); linux/filter.h.
Program = list[tuple[int, int, int, int]]


def inside[T](namespace: Path, act: Callable[[], T]) -> T:
    """Do something in a network namespace and come back; a socket made there stays there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(namespace, os.O_RDONLY)
        try:
            os.setns(there, os.CLONE_NEWNET)
        finally:
            os.close(there)
        try:
            return act()
        finally:
            os.setns(home, os.CLONE_NEWNET)
    finally:
        os.close(home)


class Tap:
    """Watches the interfaces of a namespace, or one of them, for packets that a filter takes; changes nothing there.

    The kernel counts what the filter takes even if the buffer is full, so `poll` is exact whatever is read. What
    arrives begins with the network header, or with the Ethernet header if `raw`.
    """

    def __init__(
        self, namespace: Path, program: Program, buffer: int, *, raw: bool = False, interface: str | None = None
    ) -> None:
        kind = socket.SOCK_RAW if raw else socket.SOCK_DGRAM
        self._socket = inside(namespace, lambda: socket.socket(socket.AF_PACKET, kind, socket.htons(ETH_P_ALL)))
        if interface is not None:
            self._socket.bind((interface, ETH_P_ALL))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer)
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
        fprog = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)
        self.count = self.lost = 0  # lost: of those counted, not there to be read because the buffer was full
        list(self.read())  # what came in before the filter stood
        self.poll()
        self.count = self.lost = 0

    def poll(self) -> int:
        """Return how many packets the filter has taken since the tap was made."""
        both, lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, _PACKET_STATISTICS, 8))
        self.count += both
        self.lost += lost
        return self.count

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Yield what has come in: the interface's name in its namespace, and the packet."""
        while True:
            try:
                content, sender = self._socket.recvfrom(65535)
            except BlockingIOError:
                return
            yield sender[0], content

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to read; False if nothing came in that time."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def close(self) -> None:
        """Stop watching."""
        self._socket.close()
