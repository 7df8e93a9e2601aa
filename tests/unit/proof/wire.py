"""A gateway of its own in a network namespace: real packets in, and a set in the kernel that keeps what comes out."""

import json
import os
import socket
import struct
import subprocess
import sys
from contextlib import contextmanager

from shoko.proof.wire import ETHERTYPES, datagram

from .random_rulesets import ZONES


def oracle():
    """Rules behind every chain of a ruleset, and before conntrack would confirm an entry: no packet leaves a trace.

    The mark tells the packets that were sent, by zone, from what the gateway's own kernel says to its neighbours. There
    are many sets because the kernel walks a whole set for each thousand members that it tells.
    """
    sets, rules = "", ""
    for zone, name in enumerate(ZONES, start=1):
        for family, word in (("ipv4", "ip"), ("ipv6", "ip6")):
            for kind, test in (("tcp", "== tcp"), ("not_tcp", "!= tcp")):
                into = f"{name}_{family}_{kind}"
                sets += (
                    f"  set {into} {{ type {family}_addr . {family}_addr . inet_proto . inet_service . inet_service;"
                )
                sets += " flags dynamic; size 600000; }\n"
                rules += f"    meta mark {zone} meta nfproto {family} meta l4proto {test}"
                rules += f" add @{into} {{ {word} saddr . {word} daddr . meta l4proto . th sport . th dport }} drop\n"
    numbers = ", ".join(f'"{name}" : {zone}' for zone, name in enumerate(ZONES, start=1))
    came = "type filter hook prerouting priority -450;"
    went = "type filter hook postrouting priority 400;"
    return (
        f"table inet oracle {{\n{sets}  counter came {{ }}\n"
        f"  chain come {{ {came}\n    meta mark set iifname map {{ {numbers} }} counter name came\n  }}\n"
        f"  chain go {{ {went}\n{rules}  }}\n}}\n"
    )


class Wire:
    """Two namespaces with three cables between them; `close` leaves nothing."""

    def __init__(self):
        self.gateway, self.outside = (f"shp{os.getpid()}-{end}" for end in ("gw", "out"))
        self.sockets = {}
        for name in (self.gateway, self.outside):
            _run("ip", "netns", "add", name)
        lines = ["link set lo up"]
        for number, zone in enumerate(ZONES):
            lines += [
                f"link add {zone} type veth peer name {zone} netns {self.outside}",
                f"addr add 10.0.{number}.1/24 dev {zone}",
                f"addr add fd00:0:0:{number}::1/64 dev {zone} nodad",
                f"link set {zone} up",
            ]
        self._in(self.gateway, "ip", "-batch", "-", text="\n".join(lines))
        # The outside has no addresses: its kernel shall say nothing of its own accord.
        self._in(self.outside, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
        self._in(self.outside, "ip", "-batch", "-", text="\n".join(f"link set {zone} up" for zone in ZONES))
        forward = ("ipv4/ip_forward", "ipv6/conf/all/forwarding")
        settings = [f"echo 1 >/proc/sys/net/{one}" for one in forward]
        settings += ["for one in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$one; done"]
        self._in(self.gateway, "sh", "-c", ";".join(settings))
        with inside(self.outside):
            for zone in ZONES:
                self.sockets[zone] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                self.sockets[zone].bind((zone, 0))
        links = json.loads(self._in(self.gateway, "ip", "-j", "link"))
        self.macs = {one["ifname"]: bytes.fromhex(one["address"].replace(":", "")) for one in links if "address" in one}

    @staticmethod
    def _in(name, *command, text=None):
        return _run("ip", "netns", "exec", name, *command, text=text)

    def load(self, text):
        """Replace the gateway's ruleset, return its listing, and put the oracle behind it."""
        self._in(self.gateway, "nft", "-f", "-", text="flush ruleset\n" + text)
        listing = json.loads(self._in(self.gateway, "nft", "-j", "list", "ruleset"))
        self._in(self.gateway, "nft", "-f", "-", text=oracle())
        return listing

    def passed(self, packets):
        """Send packets (dicts with numbers and the zone that each comes `from`); return those that came out."""
        for packet in packets:
            self._send(packet["from"], [frame(packet)])
        return self._out(len(packets))

    def swept(self, packets):
        """Send each of these TCP and UDP packets to every port from 1 to 65,535; return those that came out."""
        for packet in packets:
            self._send(packet["from"], every_port(packet))
        return self._out(65535 * len(packets))

    def _send(self, zone, frames):
        head, send = self.macs[zone] + bytes(6), self.sockets[zone].send
        for one in frames:
            send(head + one)

    def _out(self, sent):
        came = self._count()
        assert came == sent, f"{came} of {sent} packets arrived at the gateway"
        out = set()
        for zone in ZONES:
            for family, size in ((4, 4), (6, 16)):
                layout = struct.Struct(f"!{size}s{size}sB3xH2xH2x")
                for kind in ("tcp", "not_tcp"):
                    members = list(elements(self.gateway, "oracle", f"{zone}_ipv{family}_{kind}"))
                    assert len(members) < 600_000, "the oracle's set is full"
                    for source, target, *numbers in map(layout.unpack, members):
                        out.add((family, int.from_bytes(source), int.from_bytes(target), *numbers))
        return out

    def _count(self):
        return counter(self.gateway, "oracle", "came")

    def close(self):
        for one in self.sockets.values():
            one.close()
        for name in (self.gateway, self.outside):
            _run("ip", "netns", "delete", name)


def elements(namespace, table, name):
    """Yield the keys of a set, from the kernel itself: nft takes a minute for half a million."""
    for content in _told(namespace, GET_ELEMENTS, ROOT, {TABLE: table, NAME: name}):
        for kind, members in _attributes(content):
            if kind == 3 and members:
                # Every element has one key and nothing else: list element, key, value, each with its length.
                size = int.from_bytes(members[:2], sys.byteorder)
                yield from (members[at + 12 : at + size] for at in range(0, len(members), size))


def counter(namespace, table, name):
    """Return the packets that a named counter has counted; nft would list all sets for it."""
    (content,) = _told(namespace, GET_OBJECT, 0, {TABLE: table, NAME: name}, struct.pack("=HH", 8, 3) + b"\0\0\0\1")
    data = dict(_attributes(dict(_attributes(content))[4]))
    return int.from_bytes(data[2])


# linux/netfilter/nfnetlink.h and nf_tables.h: numbers of messages and attributes.
GET_ELEMENTS, GET_OBJECT, ROOT, TABLE, NAME, NETFILTER, INET = 13, 19, 0x300, 1, 2, 12, 1


def _told(namespace, question, flags, words, more=b""):
    """Yield what the kernel's tables answer: the attributes of each message, as bytes."""
    asked = b"".join(_attribute(kind, word.encode() + b"\0") for kind, word in words.items()) + more
    with inside(namespace), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as kernel:
        kernel.send(struct.pack("=IHHIIBBH", 20 + len(asked), 10 << 8 | question, flags | 1, 1, 0, INET, 0, 0) + asked)
        while True:
            data, at = kernel.recv(1 << 20), 0
            while at < len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind == 3:  # the end of a dump
                    return
                assert kind == 10 << 8 | question - 1, f"the kernel answers with {kind}"
                yield data[at + 20 : at + length]
                at += (length + 3) // 4 * 4
            if not flags:
                return


def _attribute(kind, content):
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def _attributes(data):
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += (length + 3) // 4 * 4


@contextmanager
def inside(namespace):
    """This process in another network namespace."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    os.setns(there, os.CLONE_NEWNET)
    try:
        yield
    finally:
        os.setns(home, os.CLONE_NEWNET)
        os.close(home)
        os.close(there)


def frame(packet):
    """Return the Ethernet payload, with its type."""
    return ETHERTYPES[packet["family"]].to_bytes(2) + datagram(packet)


def every_port(packet):
    """Yield the packet's payloads to port 1, 2, … 65,535."""
    whole = frame({**packet, "dport": 0})
    start = 2 + (20 if packet["family"] == 4 else 40)
    place = start + (16 if packet["proto"] == 6 else 6)
    before, between, after = whole[: start + 2], whole[start + 4 : place], whole[place + 2 :]
    rest = 0xFFFF - int.from_bytes(whole[place : place + 2])
    for port in range(1, 65536):
        total = rest + port
        check = 0xFFFF - (total - 0xFFFF if total > 0xFFFF else total)
        # UDP says "no checksum" by 0, and means 0 by its complement (RFC 768).
        yield before + port.to_bytes(2) + between + (check or 0xFFFF).to_bytes(2) + after


def _run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
