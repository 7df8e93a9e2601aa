"""Runs inside a network namespace: `serve` answers on ports, `try` says which of many connections come about.

Plain sockets and nothing of the project, so that what it reports is what the network did.
"""

import contextlib
import json
import os
import select
import socket
import sys
import time

PATIENCE = 60.0  # seconds in which what is expected comes about, however busy the machine is


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(addresses, ports):
    """Answer until killed: TCP by echo, UDP by the address that asked. Prints one line when ready."""
    sockets = {}
    for address in addresses:
        for port in ports:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                one = socket.socket(family_of(address), kind)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind((address, port))
                if kind == socket.SOCK_STREAM:
                    one.listen(256)
                sockets[one.fileno()] = (one, kind == socket.SOCK_STREAM)
    print("ready", flush=True)
    poll = select.poll()
    for number in sockets:
        poll.register(number, select.POLLIN)
    while True:
        for number, _event in poll.poll():
            one, listening = sockets[number]
            with contextlib.suppress(OSError):
                if listening:
                    accepted, _peer = one.accept()
                    sockets[accepted.fileno()] = (accepted, False)
                    poll.register(accepted.fileno(), select.POLLIN)
                elif one.type == socket.SOCK_DGRAM:
                    _data, peer = one.recvfrom(64)
                    one.sendto(peer[0].encode(), peer)
                else:
                    data = one.recv(64)
                    if data:
                        one.send(data)
                        continue
                    poll.unregister(number)
                    sockets.pop(number)[0].close()


def attempt(attempts, wait, expected, user):
    """Return the attempts [source, target, protocol, port] that came about, with UDP's answers.

    Waits `wait` seconds, and longer while fewer came about than are expected.
    """
    if user:
        os.setuid(user)
    poll = select.poll()
    waiting = {}
    for source, target, protocol, port in attempts:
        one = socket.socket(family_of(target), socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        one.setblocking(False)
        try:
            one.bind((source, 0))
            if protocol == "tcp":
                with contextlib.suppress(BlockingIOError):
                    one.connect((target, port))
            else:
                one.sendto(b"?", (target, port))
        except OSError:
            one.close()  # the host's own rules refused, or there is no route
            continue
        waiting[one.fileno()] = (one, (source, target, protocol, port))
        poll.register(one.fileno(), select.POLLOUT if protocol == "tcp" else select.POLLIN)
    reached = []
    begun = time.monotonic()
    while waiting:
        left = begun + (wait if len(reached) >= expected else PATIENCE) - time.monotonic()
        ready = poll.poll(max(0.0, left * 1000))
        if not ready and left <= 0:
            break
        for number, _event in ready:
            one, what = waiting.pop(number)
            poll.unregister(number)
            if what[2] == "tcp":
                if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    reached.append([*what, ""])
            else:
                with contextlib.suppress(OSError):
                    reached.append([*what, one.recv(64).decode()])
            one.close()
    return reached


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2].split(","), [int(port) for port in sys.argv[3].split(",")])
    else:
        print(json.dumps(attempt(json.load(sys.stdin), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
