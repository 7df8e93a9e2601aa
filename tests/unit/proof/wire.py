"""A gateway of its own in a network namespace: real packets in, and a set in the kernel that keeps what comes out."""

import json
import os
import socket
import subprocess
from ipaddress import ip_address

from shoko.proof.wire import ETHERTYPES, datagram

from .random_rulesets import ZONES

# After every chain of a ruleset, and before conntrack would confirm an entry: no packet leaves a trace for the next.
# The mark tells the packets that were sent from what the gateway's own kernel says to its neighbours.
ORACLE = """
table inet oracle {
  set seen4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service . inet_service; flags dynamic; size 1200000; }
  set seen6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service . inet_service; flags dynamic; size 1200000; }
  chain came { type filter hook prerouting priority -450; iifname { "za", "zb", "zc" } counter meta mark set 1; }
  chain went { type filter hook postrouting priority 400;
    meta mark 1 meta nfproto ipv4 add @seen4 { ip saddr . ip daddr . meta l4proto . th sport . th dport } drop;
    meta mark 1 meta nfproto ipv6 add @seen6 { ip6 saddr . ip6 daddr . meta l4proto . th sport . th dport } drop;
  }
}
"""
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}


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
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.outside}", os.O_RDONLY)
        try:
            os.setns(there, os.CLONE_NEWNET)
            for zone in ZONES:
                self.sockets[zone] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                self.sockets[zone].bind((zone, 0))
        finally:
            os.setns(home, os.CLONE_NEWNET)
            os.close(home)
            os.close(there)
        links = json.loads(self._in(self.gateway, "ip", "-j", "link"))
        self.macs = {one["ifname"]: bytes.fromhex(one["address"].replace(":", "")) for one in links if "address" in one}

    @staticmethod
    def _in(name, *command, text=None):
        return _run("ip", "netns", "exec", name, *command, text=text)

    def load(self, text):
        """Replace the gateway's ruleset, return its listing, and put the oracle behind it."""
        self._in(self.gateway, "nft", "-f", "-", text="flush ruleset\n" + text)
        listing = json.loads(self._in(self.gateway, "nft", "-j", "list", "ruleset"))
        self._in(self.gateway, "nft", "-f", "-", text=ORACLE)
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
        for family in (4, 6):
            listed = json.loads(self._in(self.gateway, "nft", "-j", "list", "set", "inet", "oracle", f"seen{family}"))
            for element in listed["nftables"][1]["set"].get("elem", []):
                source, target, proto, *ports = element["concat"]
                number = PROTOCOLS.get(proto, proto)
                out.add((family, int(ip_address(source)), int(ip_address(target)), number, *ports))
        assert len(out) < 1_200_000, "the oracle's set is full"
        return out

    def _count(self):
        listed = json.loads(self._in(self.gateway, "nft", "-j", "list", "chain", "inet", "oracle", "came"))
        rule = next(item["rule"] for item in listed["nftables"] if "rule" in item)
        return next(part["counter"]["packets"] for part in rule["expr"] if "counter" in part)

    def close(self):
        for one in self.sockets.values():
            one.close()
        for name in (self.gateway, self.outside):
            _run("ip", "netns", "delete", name)


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
