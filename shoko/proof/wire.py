"""A packet as the bytes that a cable carries: an IPv4 or IPv6 datagram with right checksums.

What no byte carries is left out: interfaces, the connection's state and mark, the sender's user.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise

from shoko.proof.packet import ORDINARY

_ICMP, _IGMP, _TCP, _UDP, _ICMPV6, _SCTP, _UDPLITE = 1, 2, 6, 17, 58, 132, 136
_FRAGMENT = 44
_OPTIONS = (0, 60)  # extension headers that hold options: hop by hop, destination
_ROUTING = 43
_OFFSET = 185  # of a later fragment, in units of 8 bytes: what follows 1,480 bytes
_IDENTITY = 1  # of the packet that a fragment is a part of
ETHERTYPES = {4: 0x0800, 6: 0x86DD}


def datagram(packet: Mapping[str, int]) -> bytes:
    """Return the bytes of a packet, from the IP header on; fields that it does not name get ordinary values.

    Protocols other than TCP, UDP, UDP-Lite, SCTP, ICMP, IGMP and ICMPv6 get their first eight bytes and no checksum.
    A packet whose transport header cannot be read is a later fragment; in IPv6 without a fragment header, one that
    ends before its transport header. A first IPv6 header that is neither the protocol nor an extension header of
    RFC 8200 cannot be carried: ValueError.
    """
    whole = {**ORDINARY, "dport": 0, **packet}
    family, headed = whole["family"], whole["headed"]
    ends = whole["saddr"].to_bytes(4 if family == 4 else 16) + whole["daddr"].to_bytes(4 if family == 4 else 16)
    if family == 4:
        upper = _transport(whole, ends) if headed else bytes(8)
        return _ipv4(whole, ends, upper)
    first = packet.get("nexthdr", whole["proto"])
    extensions = _extensions(first, whole["proto"], fragment=not headed and first != whole["proto"])
    upper = _transport(whole, ends) if headed else bytes(8) if extensions else b""
    payload = extensions + upper
    return struct.pack("!IHBB", 6 << 28, len(payload), first, whole["hop"]) + ends + payload


def hexadecimal(packet: Mapping[str, int]) -> str | None:
    """Return a packet's bytes in hexadecimal digits; None where a ruleset asks for headers that no datagram has."""
    try:
        return datagram(packet).hex()
    except ValueError:
        return None


def checksum(data: bytes) -> bytes:
    """Return the Internet checksum (RFC 1071): a sum of 16-bit words modulo 65,535, in two bytes."""
    remainder = int.from_bytes(data + b"\0" * (len(data) % 2)) % 0xFFFF
    return (0xFFFF - (remainder or (0xFFFF if any(data) else 0))).to_bytes(2)


def crc32c(data: bytes) -> int:
    """Return the checksum of SCTP (RFC 9260, appendix A)."""
    rest = 0xFFFFFFFF
    for octet in data:
        rest ^= octet
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF


def _ipv4(packet: Mapping[str, int], ends: bytes, upper: bytes) -> bytes:
    offset = 0 if packet["headed"] else _OFFSET
    head = struct.pack(
        "!BBHHHBBH", 0x45, 0, 20 + len(upper), _IDENTITY, offset, packet["hop"], packet["proto"], 0
    )  # fmt: skip
    return head[:10] + checksum(head + ends) + ends + upper


def _extensions(first: int, proto: int, *, fragment: bool) -> bytes:
    """The headers between that of IPv6 and the transport's, each of eight bytes."""
    kinds = [] if first == proto else [first]
    if fragment and _FRAGMENT not in kinds:
        kinds.append(_FRAGMENT)
    result = b""
    for kind, following in pairwise([*kinds, proto]):
        if kind in _OPTIONS:
            result += bytes((following, 0, 1, 4, 0, 0, 0, 0))  # one option: four bytes of padding
        elif kind == _ROUTING:
            result += bytes((following, 0, 4, 0, 0, 0, 0, 0))  # no segments left
        elif kind == _FRAGMENT:
            result += struct.pack("!BBHI", following, 0, (_OFFSET if fragment else 0) << 3, _IDENTITY)
        else:
            raise ValueError(f"a first IPv6 header of {kind} cannot lead to protocol {proto}")
    return result


def _transport(packet: Mapping[str, int], ends: bytes) -> bytes:
    proto, sport, dport = packet["proto"], packet["sport"], packet["dport"]
    start = struct.pack("!HH", sport, dport)
    if proto == _TCP:
        return _summed(start + struct.pack("!IIBBHHH", 1, 0, 5 << 4, packet["flags"], 1024, 0, 0), 16, proto, ends)
    if proto in (_UDP, _UDPLITE):
        return _summed(start + struct.pack("!HH", 8, 0), 6, proto, ends)
    if proto == _SCTP:
        return start + bytes(4) + crc32c(start + bytes(8)).to_bytes(4, "little")
    if proto in (_ICMP, _IGMP, _ICMPV6):
        # Bytes 2 and 3 are the checksum itself, and the packet says which; the two after the next make it right.
        return _summed(start + bytes(4), 6, proto, ends if proto == _ICMPV6 else b"")
    return start + bytes(4)


def _summed(upper: bytes, at: int, proto: int, ends: bytes) -> bytes:
    """Put in the two bytes at a place that make the sum right; over the pseudo-header too, if there are `ends`."""
    pseudo = ends + struct.pack("!IHBB", len(upper), 0, 0, proto) if ends else b""
    total = checksum(pseudo + upper)
    if proto in (_UDP, _UDPLITE) and total == b"\0\0":
        total = b"\xff\xff"  # RFC 768: zero says that there is none
    return upper[:at] + total + upper[at + 2 :]
