"""New sessions of a host's connection tracking, as its kernel tells them (ctnetlink, nfnetlink_conntrack.h).

An entry is confirmed, and told, by the last hook on its way (nf_confirm at input or after routing, priority INT_MAX):
only once every chain there has let the session's first packet through. It is told also where it is forgotten at once,
as a session is whose only answer is a refusal.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from shoko.proof.dynamic.sockets import inside

_NETLINK_NETFILTER, _GROUP_NEW = 12, 1  # linux/netlink.h; NFNLGRP_CONNTRACK_NEW as a bit
_CT_NEW = 1 << 8  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW
_ORIGINAL, _REPLY, _MARK = 1, 2, 8  # CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_MARK
_IP, _PROTO = 1, 2  # CTA_TUPLE_IP, CTA_TUPLE_PROTO
_SO_RCVBUFFORCE, _BUFFER = 33, 32 << 20
_HEADERS = 20  # nlmsghdr and nfgenmsg
_NAMES = {6: "tcp", 17: "udp"}

# A session's first packet: protocol, source, source port, destination, destination port; addresses written in full.
Tuple5 = tuple[str, str, int, str, int]


@dataclass(frozen=True)
class Entry:
    """A confirmed session: its mark, and to whom answers go, which is its source after translation."""

    mark: int
    answers_to: tuple[str, int]


class Sessions:
    """The sessions that one host has let through since this was made."""

    def __init__(self, namespace: Path) -> None:
        self.known: dict[Tuple5, Entry] = {}
        self._socket = inside(namespace, _listening)

    def drain(self) -> bool:
        """Take in what has been told since the last time; False if the kernel had to leave some out."""
        complete = True
        while True:
            try:
                content = self._socket.recv(1 << 16)
            except BlockingIOError:
                return complete
            except OSError as problem:
                if problem.errno != errno.ENOBUFS:
                    raise
                complete = False
                continue
            self.known.update(_entries(content))

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _listening() -> socket.socket:
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    one.bind((0, _GROUP_NEW))
    return one


def _entries(content: bytes) -> Iterator[tuple[Tuple5, Entry]]:
    while len(content) >= _HEADERS:
        length, kind = struct.unpack_from("IH", content)
        if kind == _CT_NEW:
            told = dict(_attributes(content[_HEADERS:length]))
            first, back = _tuple(told[_ORIGINAL]), _tuple(told[_REPLY])
            if first is not None and back is not None:
                mark = struct.unpack("!I", told[_MARK])[0] if _MARK in told else 0
                yield first, Entry(mark, (back[3], back[4]))
        content = content[(length + 3) & ~3 :]


def _tuple(content: bytes) -> Tuple5 | None:
    """Return the ends of a session; None if it is neither of TCP nor of UDP."""
    parts = dict(_attributes(content))
    ends = dict(_attributes(parts[_IP]))
    proto = dict(_attributes(parts[_PROTO]))
    name = _NAMES.get(proto[1][0])
    if name is None:
        return None
    ipv4 = 1 in ends  # CTA_IP_V4_SRC, CTA_IP_V4_DST; else 3 and 4
    source, destination = (ends[1], ends[2]) if ipv4 else (ends[3], ends[4])
    sport, dport = (struct.unpack("!H", proto[at])[0] for at in (2, 3))
    return name, written(source), sport, written(destination), dport


def written(packed: bytes) -> str:
    """Return an address of a packet as text, IPv6 with every digit."""
    return (IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)).exploded


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield netlink attributes: type without its flags, and content."""
    while len(content) >= 4:
        length, kind = struct.unpack_from("HH", content)
        yield kind & 0x3FFF, content[4:length]
        content = content[(length + 3) & ~3 :]
