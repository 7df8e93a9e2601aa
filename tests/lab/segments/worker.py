"""Runs inside one host's network namespace: opens connections, sends datagrams, or watches legs. Standard library only.

Reads one JSON object from standard input and writes one to standard output:

connect  {"attempts": [[id, source, destination, port, uid]], "seconds": s} -> {id: open|refused|silent|unreachable}
stream   {"source", "destination", "port", "count", "step"} -> {"sent": n}; numbered datagrams at a steady pace
watch    {"interfaces": [...]} -> after a line on standard input {interface: [token, ...]}
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import socket
import sys
import threading
import time

ETH_P_ALL = 3  # linux/if_ether.h
TOKEN = b"shoko-probe:"
TOKEN_BYTES = len(TOKEN) + 8


def connect(job: dict) -> dict:
    """Open all connections at once and say what became of each."""
    results: dict[str, str] = {}
    waiting: dict[int, tuple[str, socket.socket]] = {}
    poll = select.poll()
    for name, source, destination, port, uid in job["attempts"]:
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        os.seteuid(0)
        os.seteuid(uid)  # the ruleset looks at the owner of the socket
        stream = socket.socket(family, socket.SOCK_STREAM)
        stream.setblocking(False)
        try:
            stream.bind((source, 0))
            code = stream.connect_ex((destination, port))
        except OSError as error:
            code = error.errno or errno.EIO
        if code in (0, errno.EINPROGRESS):
            waiting[stream.fileno()] = (name, stream)
            poll.register(stream, select.POLLOUT)
        else:
            results[name] = outcome(code)
            stream.close()
    os.seteuid(0)
    end = time.monotonic() + job["seconds"]
    while waiting and (left := end - time.monotonic()) > 0:
        for number, _ in poll.poll(left * 1000):
            name, stream = waiting.pop(number)
            poll.unregister(number)
            results[name] = outcome(stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            stream.close()
    for name, stream in waiting.values():
        results[name] = "silent"
        stream.close()
    return results


def outcome(code: int) -> str:
    """Name a connect's result. An answer of the far host, even a refusal, means that the packet got through."""
    if code == 0:
        return "open"
    if code == errno.ECONNREFUSED:
        return "refused"
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM, errno.EACCES, errno.EADDRNOTAVAIL):
        return "unreachable"
    return "silent"


def stream(job: dict) -> dict:
    """Send numbered datagrams through the host's own rules and routes; an error is a datagram that does not arrive."""
    begin = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((job["source"], 0))
        for number in range(job["count"]):
            with contextlib.suppress(OSError):
                out.sendto(TOKEN + f"{number:08x}".encode(), (job["destination"], job["port"]))
            time.sleep(max(0.0, begin + (number + 1) * job["step"] - time.monotonic()))
    return {"sent": job["count"]}


def watch(job: dict) -> dict:
    """Collect the tokens that arrive on each leg until told to stop; before any ruleset of this host sees them."""
    seen: dict[str, set[str]] = {name: set() for name in job["interfaces"]}
    sockets = {}
    for name in job["interfaces"]:
        stream = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        stream.bind((name, 0))
        sockets[stream] = name
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            for stream in select.select(list(sockets), [], [], 0.1)[0]:
                frame, address = stream.recvfrom(65535)
                at = frame.find(TOKEN)
                if at >= 0 and address[2] != socket.PACKET_OUTGOING:
                    seen[sockets[stream]].add(frame[at + len(TOKEN) : at + TOKEN_BYTES].decode())

    thread = threading.Thread(target=collect)
    thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    time.sleep(0.3)
    stop.set()
    thread.join()
    return {name: sorted(tokens) for name, tokens in seen.items()}


if __name__ == "__main__":
    verb = {"connect": connect, "stream": stream, "watch": watch}[sys.argv[1]]
    print(json.dumps(verb(json.loads(sys.stdin.readline()))), flush=True)
