"""Which packets can be made at all, so that the kernel carries them as far as the chains.

`possible` are lone ones: they belong to no session, and which state conntrack gives them follows from the rest of the
packet. `going_on` are those of sessions that conntrack holds already, as the other gateway replicates them. What is
left out never gets to a chain behind routing, whatever the ruleset says (sources in net/ of Linux 6.1 to 6.18):

* martians: `ip_route_input_slow` (route.c), `ip6_rcv_core`, `ip6_forward`; link-local and multicast ends beyond a link;
* later fragments: defragmentation holds them back before the first chain. A header that cannot be read is therefore a
  packet cut short behind its IP header;
* protocols whose header is more than two ports to conntrack (GRE, SCTP, DCCP), and IPv6 extension headers as such;
* the state "related" but for ICMP errors: anything else needs a helper, and none is loaded.
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network

from shoko.proof import spans
from shoko.proof.boxes import Box, meet
from shoko.proof.fields import ADDRESSES, ESTABLISHED, INVALID, NEW, NOBODY, RELATED, UNTRACKED, VALUES
from shoko.proof.interfaces import NONE
from shoko.proof.packet import Packet
from shoko.proof.paths import Path
from shoko.proof.spans import Spans, between, holds, minus, of, single, union

TCP, UDP, ICMP, ICMPV6, DESTINATION_OPTIONS = 6, 17, 1, 58, 60
# tcp_new and tcp_valid_flags, nf_conntrack_proto_tcp.c: what opens a session, or is taken for one that goes on.
_SYN, _ACK, _URG, _FREE = 0x02, 0x10, 0x20, (0x00, 0x08, 0x40, 0x48, 0x80, 0x88, 0xC0, 0xC8)
OPENING: Spans = of(one | free for one in (_SYN, _SYN | _URG, _ACK, _ACK | _URG) for free in _FREE)
# icmp_new and icmpv6_new; nf_conntrack_icmpv6_error for those that are never tracked.
_ASKING = {ICMP: (8, 13, 15, 17), ICMPV6: (128, 139)}
_NEIGHBOURS = (130, 131, 132, 133, 134, 135, 136, 143)
_OTHER_HEADERS = (0, 4, 33, 41, 43, 44, 47, 50, 51, 59, 60, 132, 135, 136, 255)
GENERIC: Spans = minus(VALUES["proto"], of((TCP, UDP, ICMP, ICMPV6, *_OTHER_HEADERS)))

# To the analysis, bytes 2-3 of ICMP are its "destination port": any checksum but the one that no sum gives (RFC 1071).
CHECKSUMS = range(0xFFFF)

_NOWHERE4 = ("0.0.0.0/8", "127.0.0.0/8", "255.255.255.255/32")
_NOWHERE6 = ("::1/128", "::ffff:0:0/96")
_MULTICAST = {4: "224.0.0.0/4", 6: "ff00::/8"}
_LINK = ("fe80::/10", "::/128")


@cache
def possible(path: Path) -> tuple[Box, ...]:
    """Return every lone packet that can be made and takes a path, as disjoint boxes that name the state as well."""
    lone: Box = {"mark": single(0), "direction": single(0)}
    return _on_way(path, {family: [{**box, **lone} for box in _lone(family)] for family in ADDRESSES})


@cache
def going_on(path: Path) -> tuple[Box, ...]:
    """Return the packets of sessions that are there already, as disjoint boxes; also new ones with a mark."""
    return _on_way(path, {family: _of_sessions(family) for family in ADDRESSES})


def _on_way(path: Path, kinds: dict[int, list[Box]]) -> tuple[Box, ...]:
    ways: dict[Path, Box] = {
        "input": {"iif": _interfaces(), "oif": single(NONE), "hop": between(1, 255), "user": single(NOBODY)},
        "forward": {"iif": _interfaces(), "oif": _interfaces(), "hop": between(2, 255), "user": single(NOBODY)},
        "output": {"iif": single(NONE), "oif": _interfaces(), "hop": between(1, 255), "user": between(0, NOBODY - 2)},
    }
    found: list[Box] = []
    for family, boxes in kinds.items():
        source, target = ends(path, family)
        whole = {**ways[path], "family": single(family), "saddr": source, "daddr": target}
        found += [both for box in boxes if (both := meet(whole, box)) is not None]
    return tuple(found)


def state(packet: Packet) -> int:
    """Return the state that conntrack gives to a packet which belongs to no session (`possible` ones only)."""
    proto = packet["proto"]
    if proto not in (TCP, UDP, ICMP, ICMPV6):
        return NEW
    if not packet["headed"]:
        return INVALID
    if proto == TCP:
        return NEW if holds(OPENING, packet["flags"]) else INVALID
    if proto == UDP:
        return NEW
    kind = packet["sport"] >> 8
    if kind in _ASKING[proto]:
        return NEW
    return UNTRACKED if proto == ICMPV6 and kind in _NEIGHBOURS else INVALID


def can_be(path: Path, packet: Packet) -> bool:
    """Tell whether a packet, its state aside, can be made."""
    family, proto = packet["family"], packet["proto"]
    source, target = ends(path, family)
    least = 2 if path == "forward" else 1
    return (
        holds(source, packet["saddr"])
        and holds(target, packet["daddr"])
        and (proto in (TCP, UDP, ICMP if family == 4 else ICMPV6) or holds(GENERIC, proto))
        and packet["hop"] >= least
        and (proto not in (ICMP, ICMPV6) or packet["dport"] in CHECKSUMS)
        and (packet["oif"] == NONE) == (path == "input")
        and (packet["iif"] == NONE) == (path == "output")
        and (path != "output" or packet["user"] < NOBODY - 1)
    )


@cache
def ends(path: Path, family: int) -> tuple[Spans, Spans]:
    """Return the sources and the destinations that a packet of a path can have."""
    nowhere, multicast = _networks(*(_NOWHERE4 if family == 4 else _NOWHERE6)), _networks(_MULTICAST[family])
    link = _networks(*_LINK) if family == 6 else ()
    unspecified = _networks("::/128") if family == 6 else ()
    away = [nowhere, multicast, *([link] if path == "forward" else [unspecified] if path == "output" else [])]
    # A host gets what is for many only from groups that it has joined; it may send to any.
    far = [nowhere, unspecified, *([] if path == "output" else [multicast, link])]
    return minus(ADDRESSES[family], union(away)), minus(ADDRESSES[family], union(far))


def _lone(family: int) -> list[Box]:
    headed, short = single(1), single(0)
    icmp = ICMP if family == 4 else ICMPV6
    asking = _types(_ASKING[icmp])
    silent = _types(_NEIGHBOURS) if family == 6 else ()
    sums = between(CHECKSUMS[0], CHECKSUMS[-1])
    found: list[Box] = [
        {"proto": single(TCP), "headed": headed, "flags": OPENING, "state": single(NEW)},
        {"proto": single(TCP), "headed": headed, "flags": minus(VALUES["flags"], OPENING), "state": single(INVALID)},
        {"proto": single(UDP), "headed": headed, "state": single(NEW)},
        {"proto": single(icmp), "headed": headed, "sport": asking, "dport": sums, "state": single(NEW)},
        {"proto": single(icmp), "headed": headed, "dport": sums, "state": single(INVALID),
         "sport": minus(VALUES["sport"], union((asking, silent)))},
        {"proto": of((TCP, UDP)), "headed": short, "state": single(INVALID)},
        {"proto": single(icmp), "headed": short, "dport": sums, "state": single(INVALID)},
        {"proto": GENERIC, "state": single(NEW)},
    ]  # fmt: skip
    if silent:
        found.append({"proto": single(icmp), "headed": headed, "sport": silent, "dport": sums,
                      "state": single(UNTRACKED)})  # fmt: skip
    return found


def _of_sessions(family: int) -> list[Box]:
    headed = single(1)
    icmp = ICMP if family == 4 else ICMPV6
    asks, answers, errors = (8, 0, (3, 11, 12)) if family == 4 else (128, 129, (1, 2, 3, 4))
    echo: Box = {"proto": single(icmp), "headed": headed, "dport": between(CHECKSUMS[0], CHECKSUMS[-1])}
    marked: Box = {"state": single(NEW), "direction": single(0), "mark": minus(VALUES["mark"], single(0))}
    established: Box = {"state": single(ESTABLISHED)}
    return [
        {**established, "proto": single(TCP), "headed": headed, "flags": of((_ACK, _ACK | 0x08))},
        {**established, "proto": single(UDP), "headed": headed},
        {**established, "proto": GENERIC},
        {**established, **echo, "sport": single(asks * 256), "direction": single(0)},
        {**established, **echo, "sport": single(answers * 256), "direction": single(1)},
        {**echo, "state": single(RELATED), "sport": _types(errors)},
        {**marked, "proto": single(TCP), "headed": headed, "flags": single(_SYN)},
        {**marked, "proto": single(UDP), "headed": headed},
    ]


def _types(types: tuple[int, ...]) -> Spans:
    return union((one * 256, one * 256 + 256) for one in types)


def _networks(*texts: str) -> Spans:
    networks = [ip_network(text) for text in texts]
    return union((int(one.network_address), int(one.broadcast_address) + 1) for one in networks)


def _interfaces() -> Spans:
    return spans.minus(VALUES["iif"], single(NONE))
