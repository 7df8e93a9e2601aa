"""Puts sessions into conntrack the way its replication does: entries, by netlink (nfnetlink_conntrack.h).

That makes every session a real one to the kernel: whichever mark and direction, without waiting for a first packet.
"""

import socket
import struct

from shoko.proof.fields import NEW, RELATED

NETFILTER, SUBSYSTEM, NEW_ENTRY, DELETE = 12, 1 << 8, 0, 2
REQUEST, CREATE, ANSWER, NESTED = 1, 0x400 | 0x200, 4, 0x8000
ORIGINAL, REPLY, STATUS, DETAILS, TIMEOUT, MARK = 1, 2, 3, 4, 7, 8
SEEN_REPLY, ASSURED, CONFIRMED, LIBERAL = 2, 4, 8, 8
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
SYN_SENT, GOES_ON = 1, 3
ECHO = {1: (8, 0, 4), 58: (128, 129, 7)}  # asks, answers, and the first of the three attributes id, type, code


class Tracked:
    """A socket to the conntrack of the network namespace that this process is in while it is made."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)

    def close(self):
        self.socket.close()

    def flush(self):
        """Forget every session."""
        self._ask([message(DELETE, 0, REQUEST | ANSWER, b"")])

    def add(self, sessions):
        """Add sessions: each by its ends, and a packet that says the rest."""
        entries = [message(NEW_ENTRY, ends[0], REQUEST | CREATE | ANSWER, entry(ends, one)) for ends, one in sessions]
        for at in range(0, len(entries), 200):
            self._ask(entries[at : at + 200])

    def _ask(self, messages):
        self.socket.send(b"".join(messages))
        answered = 0
        while answered < len(messages):
            data, at = self.socket.recv(1 << 20), 0
            while at < len(data):
                length, _kind, _flags, _number, _port, error = struct.unpack_from("=IHHIIi", data, at)
                assert error == 0, f"conntrack refused a session: error {-error}"
                answered, at = answered + 1, at + (length + 3) // 4 * 4


def key(ends):
    """What two sessions must not share."""
    family, proto, source, target, *ports = ends
    if proto not in (6, 17, *ECHO):
        ports = [0, 0]
    return family, proto, *sorted(((source, ports[0]), (target, ports[1])))


def message(kind, family, flags, content):
    return (
        struct.pack("=IHHII", 20 + len(content), SUBSYSTEM | kind, flags, 0, 0)
        + bytes((FAMILIES.get(family, 0), 0, 0, 0))
        + content
    )


def attribute(kind, content):
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def nested(kind, *contents):
    return attribute(kind | NESTED, b"".join(contents))


def entry(ends, packet):
    family, proto, source, target, sport, dport = ends
    # An ICMP error that the kernel calls "reply" is about a datagram of the original direction.
    turned = bool(packet["direction"]) ^ (packet["state"] == RELATED)
    if turned:
        source, target, sport, dport = target, source, dport, sport
    there, back = (source, target, sport, dport), (target, source, dport, sport)
    opening = packet["state"] == NEW
    status = CONFIRMED if opening else CONFIRMED | SEEN_REPLY | ASSURED
    content = tuple_of(ORIGINAL, family, proto, there, False) + tuple_of(REPLY, family, proto, back, True)
    content += attribute(STATUS, struct.pack("!I", status)) + attribute(TIMEOUT, struct.pack("!I", 600))
    content += attribute(MARK, struct.pack("!I", packet["mark"]))
    if proto == 6:
        lenient = [attribute(kind, bytes((LIBERAL, LIBERAL))) for kind in (4, 5)]
        content += nested(DETAILS, nested(1, attribute(1, bytes((SYN_SENT if opening else GOES_ON,))), *lenient))
    return content


def tuple_of(kind, family, proto, ends, answer):
    source, target, sport, dport = ends
    size, first = (4, 1) if family == 4 else (16, 3)
    protocol = attribute(1, bytes((proto,)))
    if proto in ECHO:
        asks, answers, at = ECHO[proto]
        protocol += attribute(at, struct.pack("!H", sport))
        protocol += attribute(at + 1, bytes((answers if answer else asks,))) + attribute(at + 2, b"\0")
    elif proto in (6, 17):
        protocol += attribute(2, struct.pack("!H", sport)) + attribute(3, struct.pack("!H", dport))
    return nested(
        kind,
        nested(1, attribute(first, source.to_bytes(size)), attribute(first + 1, target.to_bytes(size))),
        nested(2, protocol),
    )
