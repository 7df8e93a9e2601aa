"""Beyond ordinary first packets: flags, every ICMP type, other protocols and headers, fragments, forged sources."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from shoko.declaration.model import Declaration, Segment
from shoko.proof.dynamic import frames
from shoko.proof.dynamic.ends import Pair, addresses, fields, open_box
from shoko.proof.dynamic.judge import Judge
from shoko.proof.dynamic.possible import state
from shoko.proof.dynamic.probes import Pieces, Probe
from shoko.proof.fields import INVALID
from shoko.proof.packet import Packet

FLAGS = {
    "NULL": 0x00, "FIN": 0x01, "XMAS": 0x29, "ACK": 0x10, "SYN ACK": 0x12, "RST": 0x04, "RST ACK": 0x14,
    "FIN ACK": 0x11, "SYN FIN": 0x03, "SYN RST": 0x06, "every flag": 0xFF,
}  # fmt: skip
# Of what a router, a tunnel or a scanner could send; the headers that extend IPv6 are under `_extended`.
PROTOCOLS = (2, 4, 33, 41, 46, 47, 50, 51, 88, 89, 103, 108, 112, 115, 132, 136, 137, 253, 255)
_HEADER_NUMBERS = frozenset({50, 51, 135, 139, 140, 253, 254})  # IPv6: extension headers by RFC 7045
_SHORT_TYPES = {4: (0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 15, 17, 30, 40, 42), 6: (1, 2, 3, 4, *range(127, 162))}
FORGED = {
    4: ("0.0.0.1", "10.0.0.1", "127.0.0.1", "169.254.1.1", "192.0.2.1", "198.51.100.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255"),
    6: ("::", "::1", "fe80::1", "ff02::1", "fec0::1", "::ffff:10.10.80.10", "64:ff9b::a0a:500a", "2001:db8::1",
        "2001:4860::1", "fd00::1"),
}  # fmt: skip
_PORT = 443  # where nothing is permitted between two segments, any will do
_TCP_HEADER = 20
_NEXT_HOP, _ROUTING, _NONE = 0, 43, 59


def scans(judge: Judge, every: Iterable[Pair], sport: int, *, short: bool) -> Iterator[Probe]:
    """Yield the probes of all pairs; `short` leaves out ICMP types that have no meaning."""
    for pair in every:
        tcp, udp = (_opening(judge, pair, proto, sport) for proto in (frames.TCP, frames.UDP))
        source = pair.source.interface
        for name, flags in FLAGS.items():
            yield Probe(source, _stated({**tcp, "flags": flags}), name)
        yield from _icmp(source, tcp, short)
        for proto in PROTOCOLS:
            if pair.family == 4 or proto not in _HEADER_NUMBERS:
                yield Probe(source, {**tcp, "proto": proto, "nexthdr": proto, "flags": 0}, f"protocol {proto}")
        yield Probe(source, {**udp, "headed": 0, "state": INVALID}, "no UDP header")
        yield Probe(source, {**tcp, "headed": 0, "state": INVALID}, "no TCP header")
        yield Probe(source, {**udp, "state": INVALID}, "UDP length 0", pieces=_length_0(udp))
        yield from _fragments(source, tcp, udp)
        if pair.family == 6:
            yield from _extended(source, tcp)


def forged(declaration: Declaration, judge: Judge, every: list[Pair], sport: int) -> Iterator[Probe]:
    """Yield probes from every segment with sources of all others, and of nowhere, to what those may reach."""
    segments = {pair.source.name: pair.source for pair in every}
    for pair in every:
        for other in segments.values():
            if other in (pair.source, pair.destination):
                continue
            for saddr in addresses(declaration, other, pair.family)[:2]:
                yield from _as(judge, pair, other, saddr, sport)
        legs = (leg for name in declaration.gateways.hosts for leg in declaration.hosts[name].legs)
        own = [leg.ipv4 if pair.family == 4 else leg.ipv6 for leg in legs if leg.segment == pair.destination.name]
        texts = [*map(ip_address, FORGED[pair.family]), *(one for one in own if one is not None)]
        for address in texts:
            yield from _as(judge, pair, pair.source, int(address), sport)


def _as(judge: Judge, pair: Pair, other: Segment, saddr: int, sport: int) -> Iterator[Probe]:
    """A packet by `pair.source` with the source of somebody else, to a port that the other may open if there is one."""
    permitted = Pair(other, pair.destination, pair.family, saddr, pair.daddr)
    for proto in (frames.TCP, frames.UDP):
        packet = _opening(judge, permitted, proto, sport)
        packet |= {"iif": judge.names.number(pair.source.interface)}
        yield Probe(pair.source.interface, packet, f"source {ip_address(_packed(pair.family, saddr))} forged")


def _packed(family: int, address: int) -> bytes:
    return address.to_bytes(4 if family == 4 else 16)


def _opening(judge: Judge, pair: Pair, proto: int, sport: int) -> Packet:
    """The first packet to a port that the pair is permitted, or to one that it is not."""
    packet = fields(judge, pair, proto, sport)
    permitted = judge.values(open_box(packet, "dport"), "dport")[0]
    return {**packet, "dport": permitted[0] if permitted else _PORT}


def _stated(packet: Packet) -> Packet:
    return {**packet, "state": state(packet)}


def _icmp(source: str, base: Packet, short: bool) -> Iterator[Probe]:
    family = base["family"]
    proto = frames.ICMP if family == 4 else frames.ICMPV6
    for kind in _SHORT_TYPES[family] if short else range(256):
        packet = {**base, "proto": proto, "nexthdr": proto, "flags": 0, "sport": kind << 8, "dport": 0}
        yield Probe(source, _stated(packet))


def _length_0(packet: Packet) -> Pieces:
    """A datagram whose header says that it is none (RFC 768: at least 8)."""
    header = struct.pack("!HHHH", packet["sport"], packet["dport"], 0, 0)
    return lambda token: (frames.wrapped(packet, token, frames.UDP, header),)


def _fragments(source: str, tcp: Packet, udp: Packet) -> Iterator[Probe]:
    """A fragment alone never comes out: connection tracking waits for the rest of it."""
    content = b"shoko" * 8
    for packet, cut in ((tcp, 24), (tcp, 8), (udp, 16)):
        about = f"in two fragments, cut after {cut} bytes"
        # RFC 7112: of IPv6 the first fragment has to hold the whole transport header, or the kernel takes none.
        torn = packet["family"] == 6 and packet["proto"] == frames.TCP and cut < _TCP_HEADER
        yield Probe(source, packet, about, torn, _cut(packet, content, cut, (0, 1)))
        yield Probe(source, packet, f"first fragment alone, {cut} bytes", True, _cut(packet, content, cut, (0,)))
        yield Probe(source, packet, "second fragment alone", True, _cut(packet, content, cut, (1,)))


def _cut(packet: Packet, content: bytes, cut: int, which: tuple[int, ...]) -> Pieces:
    def pieces(token: int) -> list[bytes]:
        both = frames.fragments(packet, token, content, cut)
        return [both[at] for at in which]

    return pieces


def _extended(source: str, packet: Packet) -> Iterator[Probe]:
    """Headers between IPv6 and TCP: rules have to see through them, in both directions."""
    routing = bytes([0, 0, 0, 0, 0, 0, 0, 0])  # type 0, nowhere left to go (RFC 5095)
    chains: dict[str, list[tuple[int, bytes]]] = {
        "hop-by-hop options": [(_NEXT_HOP, frames.EMPTY_OPTIONS)],
        "destination options": [(frames.OPTIONS, frames.EMPTY_OPTIONS)],
        "routing header": [(_ROUTING, routing)],
        "hop-by-hop, destination and routing headers": [
            (_NEXT_HOP, frames.EMPTY_OPTIONS), (frames.OPTIONS, frames.EMPTY_OPTIONS), (_ROUTING, routing),
        ],
        "eight destination options headers": [(frames.OPTIONS, frames.EMPTY_OPTIONS)] * 8,
    }  # fmt: skip
    for about, chain in chains.items():
        yield Probe(source, {**packet, "nexthdr": chain[0][0]}, about, pieces=_chained(packet, chain))
    nothing = {**packet, "proto": _NONE, "nexthdr": _NONE, "flags": 0, "headed": 0, "state": INVALID}
    yield Probe(source, nothing, "no next header")


def _chained(packet: Packet, chain: list[tuple[int, bytes]]) -> Pieces:
    followers = [number for number, _header in chain[1:]] + [packet["proto"]]
    headers = b"".join(bytes([follower]) + header[1:] for follower, (_, header) in zip(followers, chain, strict=True))
    inner = headers + frames.upper(packet)
    return lambda token: (frames.wrapped(packet, token, chain[0][0], inner),)
