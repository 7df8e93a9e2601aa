"""Classic BPF for the taps: which packets they take (linux/filter.h)."""

from __future__ import annotations

import socket

from shoko.proof.dynamic.frames import CLASS
from shoko.proof.dynamic.sockets import Program

_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _AND, _EQUAL, _GREATER, _RETURN = 0x20, 0x28, 0x30, 0x54, 0x15, 0x25, 0x06
_PROTOCOL, _TYPE = 0xFFFFF000, 0xFFFFF004  # SKF_AD_PROTOCOL, SKF_AD_PKTTYPE
_TAKE, _LEAVE = (_RETURN, 0, 0, 0xFFFF), (_RETURN, 0, 0, 0)

# What carries the signature, whatever way it takes; the packet begins with its network header.
_SIGNED: Program = [
    (_LOAD_WORD, 0, 0, _PROTOCOL),
    (_EQUAL, 0, 2, 0x0800),
    (_LOAD_BYTE, 0, 0, 1),
    (_EQUAL, 4, 5, CLASS),
    (_EQUAL, 0, 4, 0x86DD),
    (_LOAD_HALF, 0, 0, 0),
    (_AND, 0, 0, 0x0FF0),
    (_EQUAL, 0, 1, CLASS << 4),
    _TAKE,
    _LEAVE,
]
# Probes that come in for this host (to it, or to all or many), and probes that go out.
COMING: Program = [(_LOAD_WORD, 0, 0, _TYPE), (_GREATER, 9, 0, socket.PACKET_MULTICAST), *_SIGNED]
GOING: Program = [(_LOAD_WORD, 0, 0, _TYPE), (_EQUAL, 0, 9, socket.PACKET_OUTGOING), *_SIGNED]

# Raw: questions for neighbours that come in (ARP, and neighbour solicitation as the first header of IPv6).
QUESTIONS: Program = [
    (_LOAD_WORD, 0, 0, _TYPE),
    (_EQUAL, 7, 0, socket.PACKET_OUTGOING),
    (_LOAD_HALF, 0, 0, 12),
    (_EQUAL, 6, 0, 0x0806),
    (_EQUAL, 0, 4, 0x86DD),
    (_LOAD_BYTE, 0, 0, 20),
    (_EQUAL, 0, 2, 58),
    (_LOAD_BYTE, 0, 0, 54),
    (_EQUAL, 1, 0, 135),
    _LEAVE,
    _TAKE,
]


def from_makers(prefix: bytes, *, outgoing: bool) -> Program:
    """Raw: frames whose source begins with these four bytes; those that go out, or those that come in."""
    return [
        (_LOAD_WORD, 0, 0, _TYPE),
        (_EQUAL, 0, 3, socket.PACKET_OUTGOING) if outgoing else (_EQUAL, 3, 0, socket.PACKET_OUTGOING),
        (_LOAD_WORD, 0, 0, 6),
        (_EQUAL, 0, 1, int.from_bytes(prefix)),
        _TAKE,
        _LEAVE,
    ]
