"""Ethernet frames with a TCP SYN or a UDP datagram that carries a token (RFC 791, 8200, 768, 9293)."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from segments.permitted import Attempt
from segments.worker import TOKEN

TCP, UDP = 6, 17
SYN = 0x02


def frame(attempt: Attempt, token: str, source_mac: str, next_mac: str, source_port: int) -> bytes:
    """Return a whole frame; `token` is eight characters."""
    payload = TOKEN + token.encode()
    segment = _udp if attempt.protocol == "udp" else _tcp
    body = segment(attempt, source_port, payload)
    ether = bytes.fromhex(next_mac.replace(":", "") + source_mac.replace(":", ""))
    if attempt.family == 6:
        return ether + b"\x86\xdd" + _ipv6(attempt, body)
    return ether + b"\x08\x00" + _ipv4(attempt, body)


def _protocol(attempt: Attempt) -> int:
    return UDP if attempt.protocol == "udp" else TCP


def _ipv4(attempt: Attempt, body: bytes) -> bytes:
    source, destination = ip_address(attempt.source).packed, ip_address(attempt.destination).packed
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0x4000, 64, _protocol(attempt), 0, source, destination
    )
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body


def _ipv6(attempt: Attempt, body: bytes) -> bytes:
    source, destination = ip_address(attempt.source).packed, ip_address(attempt.destination).packed
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), _protocol(attempt), 64, source, destination) + body


def _tcp(attempt: Attempt, source_port: int, payload: bytes) -> bytes:
    head = struct.pack("!HHIIBBHHH", source_port, attempt.port, 1, 0, 5 << 4, SYN, 64240, 0, 0)
    return head[:16] + struct.pack("!H", _transport(attempt, head + payload)) + head[18:] + payload


def _udp(attempt: Attempt, source_port: int, payload: bytes) -> bytes:
    head = struct.pack("!HHHH", source_port, attempt.port, 8 + len(payload), 0)
    return head[:6] + struct.pack("!H", _transport(attempt, head + payload) or 0xFFFF) + payload


def _transport(attempt: Attempt, data: bytes) -> int:
    """Checksum over the pseudo header too: connection tracking calls a wrong one invalid."""
    source, destination = ip_address(attempt.source).packed, ip_address(attempt.destination).packed
    return _checksum(source + destination + struct.pack("!II", len(data), _protocol(attempt)) + data)


def _checksum(data: bytes) -> int:
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
