"""The kernel's word on what a ruleset lets through: a session that it confirms, refused or not, and no other."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoko.proof.dynamic.sessions import Sessions
from shoko.proof.dynamic.sockets import inside
from shoko.proof.dynamic.wire import Wire

RULES = """
table inet t {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 80 } ct mark set 0x9 accept
    udp dport 53 accept
  }
}
"""


@pytest.fixture
def pair() -> Iterator[tuple[Path, Path]]:
    """Two hosts on one cable, 10.9.0.1 and 10.9.0.2 (fd09::1, fd09::2); the second has rules."""
    names = [f"shoko-t{os.getpid()}-{end}" for end in "ab"]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        cable = ["link", "add", "x", "type", "veth", "peer", "name", "x", "netns", names[1]]
        subprocess.run(["ip", "-n", names[0], *cable], check=True)
        for number, name in enumerate(names, start=1):
            for address in (f"10.9.0.{number}/24", f"fd09::{number}/64"):
                extra = ["nodad"] if ":" in address else []
                subprocess.run(["ip", "-n", name, "address", "add", address, "dev", "x", *extra], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "x", "up"], check=True)
        rules = ["ip", "netns", "exec", names[1], "nft", "-f", "-"]
        subprocess.run(rules, input=RULES, text=True, check=True)
        yield Path("/run/netns", names[0]), Path("/run/netns", names[1])
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.mark.parametrize("far", ["10.9.0.2", "fd09::2"])
def test_a_session_is_told_if_the_ruleset_lets_it_in_even_if_it_is_refused(pair: tuple[Path, Path], far: str) -> None:
    here, there = pair
    sessions, wire = Sessions(there), Wire(there, ["x"])
    family = socket.AF_INET6 if ":" in far else socket.AF_INET

    def tried(kind: socket.SocketKind, port: int, patience: float = 1.5) -> tuple[int, int]:
        """Own port, and how the connection went; seconds of patience."""
        with socket.socket(family, kind) as one:
            one.settimeout(patience)
            try:
                one.connect((far, port))
                one.send(b"x")
                one.recv(1)
                code = 0
            except TimeoutError:
                code = errno.ETIMEDOUT
            except OSError as problem:
                code = problem.errno or 0
            return one.getsockname()[1], code

    try:
        # the first one waits for the cable and its neighbour too, on a busy machine for seconds
        refused = inside(here, lambda: tried(socket.SOCK_STREAM, 22, patience=30))
        silent = inside(here, lambda: tried(socket.SOCK_STREAM, 23))
        datagram = inside(here, lambda: tried(socket.SOCK_DGRAM, 53))
        dropped = inside(here, lambda: tried(socket.SOCK_DGRAM, 123))
        time.sleep(0.1)
        assert sessions.drain()
        wire.drain()
        assert refused[1] == errno.ECONNREFUSED
        assert silent[1] == errno.ETIMEDOUT
        known = {(proto, sport, dport): entry.mark for (proto, _s, sport, _d, dport), entry in sessions.known.items()}
        assert known == {("tcp", refused[0], 22): 9, ("udp", datagram[0], 53): 0}
        seen = {(proto, sport, dport) for proto, _s, sport, _d, dport in wire.seen}
        assert seen == {("tcp", refused[0], 22), ("tcp", silent[0], 23), ("udp", datagram[0], 53),
                        ("udp", dropped[0], 123)}  # fmt: skip
    finally:
        sessions.close()
        wire.close()
