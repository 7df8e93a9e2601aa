"""Which addresses speak for a segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from shoko.declaration.model import Address, Declaration, Segment
from shoko.proof.boxes import Box
from shoko.proof.dynamic.bench import prefixes, taken
from shoko.proof.dynamic.judge import Judge
from shoko.proof.fields import ADDRESSES, NEW, NOBODY, VALUES
from shoko.proof.packet import Packet
from shoko.proof.spans import Spans, between, minus, single, size, union

SYN = 0x02
_TCP, _UDP = 6, 17


@dataclass(frozen=True)
class Pair:
    """Two segments at the gateways, and the addresses that stand for them in one family."""

    source: Segment
    destination: Segment
    family: int
    saddr: int
    daddr: int

    def __str__(self) -> str:
        return f"{self.source.name} -> {self.destination.name}"


def pairs(declaration: Declaration, judge: Judge, only: frozenset[tuple[str, str]] = frozenset()) -> list[Pair]:
    """Return every ordered pair of segments, from those on the switch to those and the tunnel, once for each family.

    Of the addresses that hosts have there, those stand for a pair that most is permitted between. `only` narrows.
    """
    found = []
    every = [one for one in declaration.segments.values() if not one.own_uplink]
    for destination in every:  # one source after the other: each port of the switch has its own buffer
        for source in every:
            wanted = not only or (source.name, destination.name) in only
            if source.vlan is None or source == destination or not wanted:
                continue
            for family in (4, 6):
                ends = [addresses(declaration, one, family) for one in (source, destination)]
                if all(ends):
                    found.append(max(
                        (Pair(source, destination, family, here, there) for here in ends[0] for there in ends[1]),
                        key=lambda pair: _permitted(judge, pair),
                    ))  # fmt: skip
    return found


def addresses(declaration: Declaration, segment: Segment, family: int) -> list[int]:
    """Return the addresses that hosts of a segment have or share, of a line those beyond it; else one that is free."""
    found: list[Address | None] = []
    if declaration.zones[segment.zone].outside:
        outside = [one for one in declaration.external.values() if one.zone == segment.zone]
        found += [at.ip for one in outside for at in (one.ipv4, one.ipv6) if at is not None]
    elif segment.tunnel is not None:
        found += [at for one in declaration.people.values() for at in (one.ipv4, one.ipv6)]
    else:
        hosts = [one for one in declaration.hosts.values() if one.name not in declaration.gateways.hosts]
        legs = [leg for host in hosts for leg in host.legs if leg.segment == segment.name]
        found += [at for leg in legs for at in (leg.ipv4, leg.ipv6)]
        found += [at for vip in declaration.vips.values() if vip.segment == segment.name for at in (vip.ipv4, vip.ipv6)]
    numbers = [int(at) for at in found if at is not None and at.version == (4 if family == 4 else 6)]
    return numbers or list(free(declaration, segment, family))[:1]


def free(declaration: Declaration, segment: Segment, family: int) -> Iterator[int]:
    """Yield addresses of a segment's prefix that nobody has, from the upper end."""
    known = taken(declaration, segment)
    for network in prefixes(segment):
        if network.version == family:
            last = int(network.broadcast_address) - 1
            yield from (at for at in range(last, last - 64, -1) if at not in known and ip_address(at) in network)


def fields(judge: Judge, pair: Pair, proto: int, sport: int, dport: int = 0) -> Packet:
    """Return the ordinary packet of a pair that opens a session."""
    return {
        "family": pair.family,
        "iif": judge.names.number(pair.source.interface),
        "oif": judge.names.number(pair.destination.interface),
        "state": NEW,
        "direction": 0,
        "mark": 0,
        "proto": proto,
        "nexthdr": proto,
        "headed": 1,
        "saddr": pair.saddr,
        "daddr": pair.daddr,
        "sport": sport,
        "dport": dport,
        "flags": SYN if proto == _TCP else 0,
        "hop": 64,
        "user": NOBODY,
    }


def open_box(packet: Packet, field: str) -> Box:
    """Return the box of a packet with one field free."""
    return {**{name: single(value) for name, value in packet.items()}, field: VALUES[field]}


def _permitted(judge: Judge, pair: Pair) -> int:
    return sum(
        size(judge.values(open_box(fields(judge, pair, proto, 61000), "dport"), "dport")[0]) for proto in (_TCP, _UDP)
    )


def reach(declaration: Declaration, segment: Segment, family: int) -> Spans:
    """Return the addresses that gateways send into a segment: its prefix, and by a line all that is nowhere here."""
    known = {one.name: _prefix(one, family) for one in declaration.segments.values() if not one.own_uplink}
    if not segment.router or not known[segment.name]:
        return known[segment.name]
    return minus(ADDRESSES[family], union(members for name, members in known.items() if name != segment.name))


def _prefix(segment: Segment, family: int) -> Spans:
    nets = [net for net in prefixes(segment) if net.version == family]
    return union(between(int(net.network_address), int(net.broadcast_address)) for net in nets)
