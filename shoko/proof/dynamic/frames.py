"""Frames for packets as the prover names them (RFC 791, 8200, 768, 9293, 792, 4443), with right checksums.

A probe carries its signature through the gateway: a traffic class that nothing else here uses, and a token of 16 bits
in the identification (IPv4) or the flow label (IPv6). Neither is part of any rule.
"""

from __future__ import annotations

import struct

from shoko.proof.packet import Packet

CLASS = 0xAC  # DSCP 43, of the pool for local use (RFC 2474)
TCP, UDP, ICMP, ICMPV6, FRAGMENT, OPTIONS = 6, 17, 1, 58, 44, 60
IPV4, IPV6, ARP = b"\x08\x00", b"\x86\xdd", b"\x08\x06"
# Where the ring writes ports and their complements, from the start of the transport header. TCP: the urgent pointer,
# which counts only with its flag. UDP: two bytes of content.
PORT_AT = 2
COMPLEMENT_AT = {TCP: 18, UDP: 8}
ETHERNET = 14
_MORE = 0x2000
_ACK = 0x10
EMPTY_OPTIONS = bytes([0, 0, 1, 4, 0, 0, 0, 0])  # the next header is to be filled in; no more than 8 bytes; PadN


def frame(target: bytes, source: bytes, packet: bytes) -> bytes:
    """Return an Ethernet frame with an IP packet."""
    return target + source + (IPV4 if packet[0] >> 4 == 4 else IPV6) + packet


def packet(fields: Packet, token: int, content: bytes = b"") -> bytes:
    """Return the IP packet with these fields; one that is not `headed` has nothing behind its IP header."""
    inner = upper(fields, content) if fields["headed"] else b""
    if fields["family"] == 6 and fields["nexthdr"] == OPTIONS != fields["proto"]:
        return wrapped(fields, token, OPTIONS, bytes([fields["proto"]]) + EMPTY_OPTIONS[1:] + inner)
    return wrapped(fields, token, fields["proto"], inner)


def upper(fields: Packet, content: bytes = b"") -> bytes:
    """Return the transport header and what follows it."""
    proto, sport, dport = fields["proto"], fields["sport"], fields["dport"]
    if proto == TCP:
        confirmed = 2 if fields["flags"] & _ACK else 0  # a session of ours begins with the number 1
        data = struct.pack("!HHIIBBHHH", sport, dport, 1, confirmed, 5 << 4, fields["flags"], 64240, 0, 0) + content
        return _checked(fields, data, 16)
    if proto == UDP:
        return _checked(fields, struct.pack("!HHHH", sport, dport, 8 + len(content), 0) + content, 6)
    if proto in (ICMP, ICMPV6):
        return _checked(fields, struct.pack("!HHHH", sport, 0, 1, 1) + content, 2)
    return struct.pack("!HHI", sport, dport, 0) + content


def wrapped(fields: Packet, token: int, first: int, inner: bytes, fragment: int = 0) -> bytes:
    """Return an IP header with what is in it. `fragment` is IPv4's word of flags and offset."""
    hop = fields["hop"]
    if fields["family"] == 4:
        ends = fields["saddr"].to_bytes(4) + fields["daddr"].to_bytes(4)
        head = struct.pack("!BBHHHBBH", 0x45, CLASS, 20 + len(inner), token, fragment, hop, first, 0) + ends
        return head[:10] + checksum(head).to_bytes(2) + head[12:] + inner
    ends = fields["saddr"].to_bytes(16) + fields["daddr"].to_bytes(16)
    return struct.pack("!IHBB", 6 << 28 | CLASS << 20 | token, len(inner), first, hop) + ends + inner


def fragments(fields: Packet, token: int, content: bytes, at: int = 24) -> tuple[bytes, bytes]:
    """Return a packet in two fragments, cut `at` bytes (a multiple of 8) behind the IP header."""
    whole = upper(fields, content)
    first, rest = whole[:at], whole[at:]
    if fields["family"] == 4:
        return (
            wrapped(fields, token, fields["proto"], first, _MORE),
            wrapped(fields, token, fields["proto"], rest, at // 8),
        )
    heads = [struct.pack("!BBHI", fields["proto"], 0, place | more, token) for place, more in ((0, 1), (at, 0))]
    return (
        wrapped(fields, token, FRAGMENT, heads[0] + first),
        wrapped(fields, token, FRAGMENT, heads[1] + rest),
    )


def token_of(packet: bytes) -> int:
    """Return the token of a probe."""
    return int.from_bytes(packet[4:6] if packet[0] >> 4 == 4 else packet[2:4])


def ends_of(packet: bytes) -> tuple[int, int, int]:
    """Return protocol, source port and destination port of a packet without extension headers."""
    proto, start = (packet[9], (packet[0] & 15) * 4) if packet[0] >> 4 == 4 else (packet[6], 40)
    sport, dport = struct.unpack_from("!HH", packet.ljust(start + 4, b"\0"), start)
    return proto, sport, dport


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071): a sum of 16-bit words is a remainder of 65,535."""
    padded = data + b"\0" * (len(data) % 2)
    return 0xFFFF - (int.from_bytes(padded) % 0xFFFF or (0xFFFF if any(padded) else 0))


def _checked(fields: Packet, data: bytes, place: int) -> bytes:
    """With the checksum at its place: over ends and protocol too, except for ICMP of IPv4."""
    pseudo = b""
    if fields["proto"] != ICMP:
        size = 4 if fields["family"] == 4 else 16
        ends = fields["saddr"].to_bytes(size) + fields["daddr"].to_bytes(size)
        pseudo = ends + struct.pack("!II", len(data), fields["proto"])
    found = checksum(pseudo + data)
    if fields["proto"] == UDP:
        found = found or 0xFFFF  # 0 would say that there is none
    return data[:place] + found.to_bytes(2) + data[place + 2 :]
