"""A packet of the analysis as bytes of an IP datagram, with right checksums."""

import struct

from shoko.proof.fields import RELATED
from shoko.proof.wire import checksum


def own(packet):
    """A number below 60,000 that other packets between the same ends seldom have: the `id` of an echo, a port."""
    return (packet["mark"] * 31 + packet["iif"] * 7 + packet["oif"] * 13 + packet["sport"] + packet["hop"]) % 60000


def session(packet):
    """The tuple (family, proto, saddr, daddr, two ports or an echo's id) that a packet goes by, as it travels."""
    family, source, target = packet["family"], packet["saddr"], packet["daddr"]
    if packet["state"] == RELATED:  # the datagram that the error is about went the other way
        return family, 17, target, source, 1024 + own(packet), 9
    if packet["proto"] in (1, 58):
        return family, packet["proto"], source, target, own(packet), own(packet)
    return family, packet["proto"], source, target, packet["sport"], packet["dport"]


def datagram(packet):
    """The whole datagram. Where a header is not to be read, there is none."""
    family, proto = packet["family"], packet["proto"]
    ends = [packet[end].to_bytes(4 if family == 4 else 16) for end in ("saddr", "daddr")]
    body = upper(packet, b"".join(ends)) if packet["headed"] else b""
    if family == 4:
        return ipv4(proto, packet["hop"], ends, body)
    if packet["nexthdr"] != proto:  # destination options of nothing but padding
        body = bytes((proto, 0, 1, 4, 0, 0, 0, 0)) + body
    return struct.pack("!IHBB", 6 << 28, len(body), packet["nexthdr"], packet["hop"]) + b"".join(ends) + body


def ipv4(proto, hop, ends, body):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, hop, proto, 0) + b"".join(ends)
    return head[:10] + checksum(head) + head[12:] + body


def upper(packet, ends):
    proto, ports = packet["proto"], struct.pack("!HH", packet["sport"], packet["dport"])
    if proto == 6:
        rest = struct.pack("!IIBBHHH", 1000, 5000 if packet["flags"] & 16 else 0, 0x50, packet["flags"], 1024, 0, 0)
        return summed(ports + rest, 16, ends, proto)
    if proto == 17:
        return summed(ports + struct.pack("!HH", 8, 0), 6, ends, proto)
    if proto in (1, 58):
        return icmp(packet, ends)
    return ports + bytes(4)


def icmp(packet, ends):
    """The checksum is what the analysis calls the destination port: the last two bytes make it so."""
    about = struct.pack("!HHHH", packet["sport"], packet["dport"], own(packet), 0)
    if packet["state"] == RELATED:
        family, proto, source, target, *there = session(packet)
        back = [one.to_bytes(4 if family == 4 else 16) for one in (source, target)]
        ports = struct.pack("!HHHH", *there, 8, 0)
        if family == 4:
            about += ipv4(proto, 63, back, ports)
        else:
            about += struct.pack("!IHBB", 6 << 28, len(ports), proto, 63) + b"".join(back) + ports
    pseudo = b"" if packet["proto"] == 1 else ends + struct.pack("!II", len(about) + 2, packet["proto"])
    missing = -int.from_bytes(pseudo + about) % 0xFFFF
    return about + missing.to_bytes(2)


def summed(data, place, ends, proto):
    total = checksum(ends + struct.pack("!HH", proto, len(data)) + data)
    # UDP says "no checksum" by 0, and means 0 by its complement (RFC 768).
    if proto == 17 and total == bytes(2):
        total = b"\xff\xff"
    return data[:place] + total + data[place + 2 :]
