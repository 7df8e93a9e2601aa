"""Ordinary sockets of lab hosts: connect() and send(), as a process of that host and user would."""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from ipaddress import ip_address
from itertools import groupby
from typing import Literal

from shoko.proof.dynamic.hosts_attempts import Attempt
from shoko.proof.dynamic.place import Place
from shoko.proof.dynamic.sessions import Tuple5
from shoko.proof.dynamic.sockets import inside
from shoko.proof.expected.host import USERS

PAYLOAD = b"shoko-probe"
TOGETHER = 3000  # sockets that are open at the same time
Said = Literal["no way", "held", "not sent", "answered", "unreachable"]
# What the kernel says at once: no route for this source, or held by a rule of the output hook.
_AT_ONCE: dict[int, Said] = {errno.ENETUNREACH: "no way", errno.EHOSTUNREACH: "no way", errno.EPERM: "held"}
_LATER: dict[int, Said] = {0: "answered", errno.ECONNREFUSED: "answered"}
_LATER |= dict.fromkeys((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES), "unreachable")


class Opened:
    """A chunk of attempts under way: from the first packet until `close`."""

    def __init__(self, used: set[Tuple5]) -> None:
        """Take the packets that were sent before, of which none is sent again: its session would be known already."""
        self._used = used
        self.keys: dict[Attempt, Tuple5] = {}  # of those for which a packet was made
        self.said: dict[Attempt, Said] = {}
        self._waiting: dict[int, tuple[Attempt, socket.socket]] = {}
        self._poll = select.poll()

    def start(self, place: Place, chunk: Sequence[Attempt]) -> None:
        """Open every session of a chunk (sorted by host and user)."""
        for host, of_host in groupby(chunk, key=lambda one: one.host):
            inside(place.network(host), partial(self._of_host, list(of_host)))

    def _of_host(self, chunk: Sequence[Attempt]) -> None:
        for user, of_user in groupby(chunk, key=lambda one: one.user):
            with _being(user):
                for one in of_user:
                    self._open(one)

    def listen(self, seconds: float) -> None:
        """Note what the far hosts answer within a time."""
        end = time.monotonic() + seconds
        while self._waiting and (left := end - time.monotonic()) > 0:
            for number, _events in self._poll.poll(left * 1000):
                attempt, one = self._waiting.pop(number)
                self._poll.unregister(number)
                self.said[attempt] = _answer(one)
                one.close()

    def close(self) -> None:
        """Close what is still open."""
        for _attempt, one in self._waiting.values():
            one.close()
        self._waiting.clear()

    def _open(self, attempt: Attempt) -> None:
        one = _socket(attempt)
        try:
            self.keys[attempt] = self._bound(attempt, one)
            code = one.connect_ex((attempt.destination, attempt.port))
            if code == 0 and attempt.protocol == "udp":
                one.send(PAYLOAD)
        except OSError as problem:
            code = problem.errno or errno.EIO
        if code in (0, errno.EINPROGRESS):
            self._waiting[one.fileno()] = (attempt, one)
            self._poll.register(one, select.POLLOUT if attempt.protocol == "tcp" else select.POLLIN)
            return
        self.said[attempt] = _AT_ONCE.get(code, "not sent")
        one.close()

    def _bound(self, attempt: Attempt, one: socket.socket) -> Tuple5:
        """Give a socket its address and a port; return what its first packet is going to be."""
        one.bind((attempt.source, 0))
        key = (attempt.protocol, _full(attempt.source), one.getsockname()[1], _full(attempt.destination), attempt.port)
        if key in self._used:
            raise OSError(errno.EADDRINUSE, "this very session has been tried before")
        self._used.add(key)
        return key


def _socket(attempt: Attempt) -> socket.socket:
    family = socket.AF_INET6 if attempt.family == 6 else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM if attempt.protocol == "tcp" else socket.SOCK_DGRAM)
    one.setblocking(False)
    return one


def _answer(one: socket.socket) -> Said:
    """What came back: a refusal by TCP or ICMP is an answer of the far host as well (no rule of ours rejects)."""
    return _LATER.get(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "unreachable")


@contextmanager
def _being(user: str | None) -> Iterator[None]:
    """Make sockets as a system user: rulesets ask for the owner of a socket."""
    if user is None:
        yield
        return
    os.seteuid(USERS[user])
    try:
        yield
    finally:
        os.seteuid(0)


def room_for_sockets() -> None:
    """Let this process have as many sockets open as a chunk needs."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = TOGETHER + 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


def chunks(all_of_them: Sequence[Attempt]) -> Iterator[Sequence[Attempt]]:
    """Yield attempts in portions, those of one host and user together."""
    ordered = sorted(all_of_them, key=lambda one: (one.host, one.user or "", one))
    for at in range(0, len(ordered), TOGETHER):
        yield ordered[at : at + TOGETHER]


@cache
def _full(address: str) -> str:
    return ip_address(address).exploded
