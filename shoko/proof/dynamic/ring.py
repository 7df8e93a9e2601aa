"""Sends one frame to all 65,536 ports without copying it into the kernel each time (PACKET_TX_RING, packet(7)).

The ring has a slot for each port. A field of the packet that nobody looks at holds the complement of the port, so that
the checksum is the same in every slot: another pair of addresses is one template, repeated, with four columns set.
"""

from __future__ import annotations

import mmap
import socket
import struct
from pathlib import Path

from shoko.proof.dynamic.sockets import SOL_PACKET, inside
from shoko.proof.errors import ProofError

_PACKET_VERSION, _PACKET_TX_RING, _TPACKET_V2 = 10, 13, 1
_HEADER = 32  # struct tpacket2_hdr, and where the frame begins after it
_SLOT, _BLOCK = 128, 1 << 16
SLOTS = 1 << 16
_READY = b"\x01"  # TP_STATUS_SEND_REQUEST, the lowest byte of a little-endian word
_HIGH = bytes(port >> 8 for port in range(SLOTS))
_LOW = bytes(port & 255 for port in range(SLOTS))
_UNHIGH = bytes(255 - one for one in _HIGH)
_UNLOW = bytes(255 - one for one in _LOW)


class Ring:
    """A sender in one namespace. Slots go out in order, from port 0 to port 65,535, and then from port 0 again."""

    def __init__(self, namespace: Path) -> None:
        self._socket = inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._socket.setsockopt(SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        request = struct.pack("IIII", _BLOCK, SLOTS * _SLOT // _BLOCK, _SLOT, SLOTS)
        self._socket.setsockopt(SOL_PACKET, _PACKET_TX_RING, request)
        self._slots = mmap.mmap(self._socket.fileno(), SLOTS * _SLOT)

    def fill(self, frame: bytes, port_at: int, complement_at: int) -> None:
        """Put a frame in every slot, each with its port. Nothing of an earlier frame may still be on its way."""
        head = struct.pack("III", 0, len(frame), len(frame)).ljust(_HEADER, b"\0")
        content = bytearray((head + frame).ljust(_SLOT, b"\0") * SLOTS)
        for at, column in (
            (port_at, _HIGH),
            (port_at + 1, _LOW),
            (complement_at, _UNHIGH),
            (complement_at + 1, _UNLOW),
        ):
            content[_HEADER + at :: _SLOT] = column
        self._slots[:] = bytes(content)

    def send(self, interface: str, first: int, count: int) -> None:
        """Send the slots from `first` on, which has to be the one after the last sent."""
        self._slots[first * _SLOT : (first + count) * _SLOT : _SLOT] = _READY * count
        try:
            self._socket.sendto(b"", socket.MSG_DONTWAIT, (interface, 0))
        except BlockingIOError:
            pass  # the kernel takes the rest with the next call
        except OSError as problem:
            raise ProofError(f"the probe in {interface} cannot send: {problem.strerror}") from problem

    def close(self) -> None:
        """Give the memory back."""
        self._slots.close()
        self._socket.close()
