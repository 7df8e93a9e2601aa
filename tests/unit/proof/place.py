"""A network namespace that stands for one host: its interfaces are cables, its ruleset is the kernel's own.

Every packet carries its number and its way in the mark that the kernel gives a packet (not a connection): the way
chooses the route, so that each interface, and the host itself, can be the target of every address. Behind the last
chain an oracle keeps the number, the source and the connection's mark of what came through, and drops it: no packet
leaves a trace for the next one. Numbers begin with 1, so that a mark below 0x1000 is of a packet of the kernel's own
(one with the mark 212 was seen on Linux 6.18).
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from ipaddress import ip_address

from shoko.proof.dynamic.verdicts import Fate
from shoko.proof.fields import NEW

from .datagram import datagram, session
from .tracked import Tracked, key
from .wire import inside

HERE, WAYS = 0xFFF, 12  # the way to the host itself; ways have 12 bits, numbers of packets the other 20
ORACLE = """
table inet oracle {
  set marks { type mark . mark; flags dynamic; size 1200000; }
  set seen4 { type mark . ipv4_addr; flags dynamic; size 1200000; }
  set seen6 { type mark . ipv6_addr; flags dynamic; size 1200000; }
  set met { type mark; flags dynamic; size 1200000; }
  chain come {
    type filter hook prerouting priority -450;
    @ll,48,16 0x0200 meta mark set @ll,64,32 add @met { meta mark };
  }
  chain go { type filter hook output priority -500; meta mark < 0x1000 drop; add @met { meta mark }; }
  chain kept {
    add @marks { meta mark . ct mark }
    meta nfproto ipv4 add @seen4 { meta mark . ip saddr }
    meta nfproto ipv6 add @seen6 { meta mark . ip6 saddr }
    drop;
  }
  chain received { type filter hook input priority 400; meta mark >= 0x1000 goto kept; }
  chain left { type filter hook postrouting priority 400; meta mark >= 0x1000 goto kept; }
}
"""
# A raw IPv6 socket wants an address on the link that it could send from; no packet has it.
LIKELY = "addr add 2001:db8:ffff::{way}/128 dev {name} nodad\n"
ORDER = ("table", "chain", "set", "map", "rule")
SO_MARK = 36


class Refused(Exception):
    """nft does not take this ruleset: no kernel can hold it."""


class Place:
    """A host with these interfaces ("lo" besides); `close` leaves nothing."""

    def __init__(self, interfaces):
        self.host, self.outside = (f"shm{os.getpid()}-{end}" for end in ("host", "out"))
        self.sockets, self.senders, self.ways = {}, {}, {}
        for name in (self.host, self.outside):
            _run("ip", "netns", "add", name)
        with inside(self.outside):
            _write("/proc/sys/net/ipv6/conf/all/disable_ipv6", 1)
            _write("/proc/sys/net/ipv6/conf/default/disable_ipv6", 1)
        with inside(self.host):
            for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/default/addr_gen_mode"):
                _write(f"/proc/sys/net/{name}", 1)
            for name in ("all", "default"):
                _write(f"/proc/sys/net/ipv4/conf/{name}/rp_filter", 0)
            self.tracked = Tracked()
        self._ip(self.host, f"link set lo up\n{LIKELY.format(name='lo', way=1)}", "-6")
        for family in ("-4", "-6"):
            self._ip(
                self.host,
                "rule add pref 900 lookup local\nrule del pref 0\n"
                f"rule add pref 100 fwmark {HERE}/{HERE} lookup {HERE}\nroute add local default dev lo table {HERE}\n",
                family,
            )
        self._open("lo", self.host)
        self.ways["lo"] = HERE
        for name in interfaces:
            self.connect(name)

    def connect(self, name):
        """One more interface."""
        if name in self.ways:
            return
        way = self.ways[name] = 100 + len(self.ways)
        self._ip(self.host, f"link add {name} type veth peer name {name} netns {self.outside}\nlink set {name} up\n")
        self._ip(self.host, LIKELY.format(name=name, way=way), "-6")
        self._ip(self.outside, f"link set {name} up\n")
        with inside(self.host):
            _write(f"/proc/sys/net/ipv4/conf/{name}/rp_filter", 0)
        for family in ("-4", "-6"):
            rule = f"rule add pref 100 fwmark {way}/{HERE} lookup {way}\n"
            self._ip(self.host, f"route add default dev {name} table {way}\n{rule}", family)
        self._open(name, self.outside)

    def _open(self, name, where):
        with inside(where):
            one = self.sockets[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            one.bind((name, 0))
        links = json.loads(_run("ip", "-n", self.host, "-j", "link", "show", name))
        self.senders[name] = bytes.fromhex(links[0]["address"].replace(":", "")) + b"\x02\x00"

    def load(self, listing):
        """Replace the ruleset; return the listing that nft gives of it. Raises Refused."""
        items = [item for item in listing["nftables"] if next(iter(item)) in ORDER]
        items.sort(key=lambda item: ORDER.index(next(iter(item))))
        self._nft("-f", "-", text="flush ruleset\n")
        done = self._nft("-j", "-f", "-", text=json.dumps({"nftables": items}), check=False)
        if done.returncode:
            raise Refused(done.stderr.strip().splitlines()[0])
        return json.loads(self._nft("-j", "list", "ruleset").stdout)

    def fates(self, path, packets, names, also=lambda _packet: ()):
        """Send packets (of the analysis) one by one, and return the fate of each.

        `names` gives the interface of a number. `also` gives further tuples under which a packet's session is held.
        """
        self._nft("-f", "-", text="table inet oracle\ndelete table inet oracle\n" + ORACLE)
        sent = []
        for batch in _rounds(packets, also):
            self.tracked.flush()
            self.tracked.add([(ends, packet) for packet, sessions in batch for ends in sessions])
            for packet, _sessions in batch:
                sent.append((packet, self._send(path, packet, names, len(sent) + 1)))
        seen = self._seen({mark for _packet, mark in sent})
        fates = {id(packet): seen.get(mark, Fate(False)) for packet, mark in sent}
        return [fates[id(packet)] for packet in packets]

    def _send(self, path, packet, names, number):
        """Send one packet; return its mark."""
        mark = number << WAYS | (HERE if path == "input" else self.ways[names[packet["oif"]]])
        if path == "output":
            self._emit(packet, mark)
        else:
            name = names[packet["iif"]]
            kind = b"\x08\x00" if packet["family"] == 4 else b"\x86\xdd"
            self.sockets[name].send(self.senders[name] + mark.to_bytes(4, sys.byteorder) + kind + datagram(packet))
        return mark

    def _seen(self, sent):
        """Return the fates of those that came through, by mark; all that were sent must have come to the first hook."""
        listed = json.loads(self._nft("-j", "list", "table", "inet", "oracle").stdout)["nftables"]
        kept = {one["set"]["name"]: one["set"].get("elem", []) for one in listed if "set" in one}
        met = set(kept.pop("met"))
        assert met == sent, (
            f"{len(sent - met)} of {len(sent)} packets did not arrive, nobody had sent {sorted(met - sent)[:3]}"
        )
        kept = {name: [one["concat"] for one in elements] for name, elements in kept.items()}
        marks = dict(kept["marks"])
        return {
            mark: Fate(True, marks.get(mark), int(ip_address(source)))
            for mark, source in (*kept["seen4"], *kept["seen6"])
        }

    def _emit(self, packet, mark):
        family = socket.AF_INET if packet["family"] == 4 else socket.AF_INET6
        target = str(ip_address(packet["daddr"].to_bytes(4 if packet["family"] == 4 else 16)))
        sender = self._sender(family, packet["user"])
        about = [(socket.SOL_SOCKET, SO_MARK, mark.to_bytes(4, sys.byteorder))]
        with suppress(PermissionError):  # that is how a drop tells the sender
            sender.sendmsg([datagram(packet)], about, 0, (target, 0))

    def _sender(self, family, user):
        """A raw socket that belongs to a user, and still may send what it likes."""
        if (family, user) not in self.senders:
            with inside(self.host):
                libc = ctypes.CDLL(None, use_errno=True)
                libc.setfsuid(ctypes.c_uint(user))
                try:
                    one = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
                finally:
                    libc.setfsuid(0)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self.senders[family, user] = self.sockets[family, user] = one
        return self.senders[family, user]

    @staticmethod
    def _ip(name, lines, family="-4"):
        _run("ip", "-n", name, family, "-batch", "-", text=lines)

    def _nft(self, *arguments, text=None, check=True):
        command = ["nsenter", f"--net=/run/netns/{self.host}", "nft", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done

    def close(self):
        for one in self.sockets.values():
            one.close()
        self.tracked.close()
        for name in (self.host, self.outside):
            _run("ip", "netns", "delete", name)


def _rounds(packets, also):
    """Packets with the ends of the sessions that they need: the lone ones first, then no two with the same ends."""
    rounds, turn = [[]], {}
    for packet in packets:
        if not _in_session(packet):
            rounds[0].append((packet, ()))
            continue
        sessions = {key(ends): ends for ends in (session(packet), *also(packet))}
        at = 1 + max(turn.get(one, 0) for one in sessions)
        turn |= dict.fromkeys(sessions, at)
        if at == len(rounds):
            rounds.append([])
        rounds[at].append((packet, sessions.values()))
    return [one for one in rounds if one]


def _in_session(packet):
    return packet["state"] in (1, 2) or bool(packet["mark"] and packet["state"] == NEW)


def _write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def _run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
