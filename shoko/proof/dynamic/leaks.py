"""Nothing of one VLAN arrives in another: every frame that leaves the switch is watched, on every port of it.

From the prober's port in each segment: what goes to everybody (ARP, neighbour discovery, DHCP, mDNS, broadcasts), to
hardware addresses of other segments, to nobody known, and frames that carry the tags of other VLANs.
"""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shoko.declaration.model import Segment
from shoko.declaration.switching import switch_ports
from shoko.lab.wires import NETNS
from shoko.ports import line_port
from shoko.proof.dynamic import frames
from shoko.proof.dynamic.bench import Bench, Gate
from shoko.proof.dynamic.filters import from_makers
from shoko.proof.dynamic.guard import PORT
from shoko.proof.dynamic.result import Counts, Finding, SuiteResult
from shoko.proof.dynamic.sockets import Tap
from shoko.proof.dynamic.traffic import Traffic

_MAKER = b"\x02\x53\x4b\x50"  # of the probes' source addresses; the other two bytes number them
_ALL = b"\xff" * 6
_VLAN, _SERVICE = b"\x81\x00", b"\x88\xa8"
_TRIES = 4
_PAUSE = 0.0002
_SETTLE = 0.2


@dataclass(frozen=True)
class _Frame:
    segment: Segment
    about: str
    target: bytes
    rest: bytes  # from the Ethernet type on
    everybody: bool  # the switch has to hand it to every other port of its own VLAN


def leaks(bench: Bench, traffic: Traffic, gates: list[Gate]) -> SuiteResult:
    """Send such frames from every segment and see by which ports of the switch they leave."""
    begun = time.monotonic()
    result = SuiteResult("leaks", bench.switch)
    vlans = ports(bench)
    everything = [one for segment in bench.segments for one in _frames(bench, segment, gates)]
    watch = _Watch(bench)
    try:
        waiting = everything
        for left in reversed(range(_TRIES)):
            if waiting:
                waiting = _round(traffic, watch, waiting, vlans, result)
            result.counts.resent += len(waiting) if left else 0
    finally:
        watch.close()
    result.unproved += [
        f"{one.segment.name}: {one.about} did not leave by all ports of its own VLAN, {_TRIES} times, so that nothing "
        "is shown by its absence elsewhere"
        for one in waiting
    ]
    result.seconds = time.monotonic() - begun
    return result


class _Watch:
    """Sees by which ports frames leave the switch. What its own leg gets does not leave, but comes in to its kernel."""

    def __init__(self, bench: Bench) -> None:
        there = NETNS / bench.settings.machine(bench.switch)
        own = bench.declaration.hosts[bench.switch].manage_leg.interface
        self._taps = [
            Tap(there, from_makers(_MAKER, outgoing=True), 32 << 20, raw=True),
            Tap(there, from_makers(_MAKER, outgoing=False), 8 << 20, raw=True, interface=own),
        ]

    def read(self, left: dict[int, set[str]]) -> None:
        """Note the ports by which frames left, by their number."""
        for tap in self._taps:
            for port, content in tap.read():
                left[int.from_bytes(content[10:12])].add(port)

    def lost(self) -> int:
        """How many were seen and could not be read."""
        for tap in self._taps:
            tap.poll()
        return sum(tap.lost for tap in self._taps)

    def close(self) -> None:
        for tap in self._taps:
            tap.close()


def _round(
    traffic: Traffic, watch: _Watch, waiting: list[_Frame], vlans: Mapping[str, int], result: SuiteResult
) -> list[_Frame]:
    """Send frames once; return those of which nothing is shown."""
    left: dict[int, set[str]] = defaultdict(set)
    before = watch.lost()
    for number, one in enumerate(waiting):
        traffic.put(one.segment.interface, one.target + _MAKER + number.to_bytes(2) + one.rest)
        time.sleep(_PAUSE)
        watch.read(left)
    time.sleep(_SETTLE)
    watch.read(left)
    blind = watch.lost() != before
    unshown: list[_Frame] = []
    for number, one in enumerate(waiting):
        vlan = one.segment.vlan
        own = {port for port, its in vlans.items() if its == vlan and port != f"{PORT}{vlan}"}
        for port in sorted(left[number] - own):
            result.findings.append(_finding(one, number, port, vlans.get(port)))
        if blind or (one.everybody and not own <= left[number]):
            unshown.append(one)
        elif left[number] & own:
            result.counts.add(Counts(1, 1, 1, 0))
        else:
            result.counts.add(Counts(1, 1, 0, 1))
    return unshown


def _finding(one: _Frame, number: int, port: str, vlan: int | None) -> Finding:
    where = f"VLAN {vlan}" if vlan is not None else "no declared port"
    return Finding(
        "leak",
        port,
        f"{one.about} from {one.segment.name} (VLAN {one.segment.vlan}) left the switch by {port} ({where})",
        one.target + _MAKER + number.to_bytes(2) + one.rest,
    )


def ports(bench: Bench) -> dict[str, int]:
    """Return every port of the switch with the VLAN that it is declared in; the prober's own too."""
    found = {one.name: one.vlan for one in switch_ports(bench.declaration)}
    for segment in bench.segments:
        assigned = segment.vlan or 0
        found[f"{PORT}{assigned}"] = assigned
        if segment.router:
            found[line_port(segment.interface)] = assigned
    own = bench.declaration.hosts[bench.switch].manage_leg
    found[own.interface] = bench.declaration.segments[own.segment].vlan or 0
    return found


def _frames(bench: Bench, segment: Segment, gates: list[Gate]) -> Iterator[_Frame]:
    def ip(about: str, target: bytes, packet: bytes, everybody: bool = True) -> _Frame:
        return _Frame(segment, about, target, (frames.IPV4 if packet[0] >> 4 == 4 else frames.IPV6) + packet, everybody)

    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + _MAKER + b"\0\0" + b"\0" * 10 + b"\xc0\0\2\xfe"
    yield _Frame(segment, "an ARP question", _ALL, (frames.ARP + arp).ljust(48, b"\0"), True)
    yield ip("a broadcast", _ALL, _udp(4, 0xFFFFFFFF, 9, 9))
    yield ip("a DHCP question", _ALL, _udp(4, 0xFFFFFFFF, 68, 67))
    yield ip("an mDNS question", b"\x01\x00\x5e\x00\x00\xfb", _udp(4, 0xE00000FB, 5353, 5353))
    group = (0xFF02 << 112) | 0x0001_FF00_0001
    yield ip("a neighbour solicitation", b"\x33\x33\xff\x00\x00\x01", _solicitation(group))
    yield ip("a DHCPv6 question", b"\x33\x33\x00\x01\x00\x02", _udp(6, (0xFF02 << 112) | 0x10002, 546, 547))
    yield ip("an IPv6 mDNS question", b"\x33\x33\x00\x00\x00\xfb", _udp(6, (0xFF02 << 112) | 0xFB, 5353, 5353))
    yield ip("a router advertisement", b"\x33\x33\x00\x00\x00\x01", _advertisement())
    yield ip("a frame to nobody known", b"\x02\x53\x4b\x51\xff\xff", _udp(4, 0xC00002FE, 9, 9))
    broadcast = frames.IPV4 + _udp(4, 0xFFFFFFFF, 9, 9)
    for other in bench.segments:
        if other == segment or other.vlan is None or segment.vlan is None:
            continue
        for gate in gates:
            mac = gate.macs[other.interface]
            yield ip(f"a frame to {gate.name} in {other.name}", mac, _udp(4, 0xC00002FE, 9, 9), everybody=False)
        tag, own = _VLAN + other.vlan.to_bytes(2), _VLAN + segment.vlan.to_bytes(2)
        about = f"of VLAN {other.vlan}"
        for name, tags in (
            (f"a frame with the tag {about}", tag),
            (f"a frame with the service tag {about}", _SERVICE + tag[2:]),
            (f"a frame with its own tag and, inside, that {about}", own + tag),
            (f"a frame with two tags {about}", tag + tag),
            (f"a frame without VLAN (priority) and, inside, the tag {about}", _VLAN + b"\xe0\x00" + tag),
        ):
            yield _Frame(segment, name, _ALL, tags + broadcast, False)


def _udp(family: int, target: int, sport: int, dport: int) -> bytes:
    packet = {"family": family, "saddr": 0 if family == 4 else (0xFE80 << 112) | 0x53, "daddr": target,
              "proto": frames.UDP, "nexthdr": frames.UDP, "headed": 1, "hop": 1,
              "sport": sport, "dport": dport}  # fmt: skip
    return frames.packet(packet, 1, b"shoko probe, to be ignored")


def _solicitation(group: int) -> bytes:
    return _icmpv6(group, 135 << 8, ((0xFE80 << 112) | 1).to_bytes(16))


def _advertisement() -> bytes:
    """With a lifetime of 0: whoever believes it learns of no router."""
    return _icmpv6((0xFF02 << 112) | 1, 134 << 8, b"\0" * 8)


def _icmpv6(target: int, kind: int, content: bytes) -> bytes:
    packet = {"family": 6, "saddr": (0xFE80 << 112) | 0x53, "daddr": target, "proto": frames.ICMPV6,
              "nexthdr": frames.ICMPV6, "headed": 1, "sport": kind, "dport": 0, "hop": 255}  # fmt: skip
    return frames.packet(packet, 1, content)
