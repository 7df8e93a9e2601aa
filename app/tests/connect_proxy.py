"""A CONNECT proxy as a process of its own: `connect_proxy.py HOST:PORT` lets through to this authority alone.

Prints its port. Another authority gets 403, one that does not answer 502.
"""

import contextlib
import socket
import sys
import threading


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    finally:
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def serve(client: socket.socket, allowed: str) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(4096)
        if not piece:
            return client.close()
        head += piece
    method, authority, _ = head.split(b"\r\n")[0].decode().split(" ")
    if (method, authority) != ("CONNECT", allowed):
        client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        return client.close()
    host, _, port = authority.rpartition(":")
    try:
        upstream = socket.create_connection((host, int(port)), 2)
    except OSError:
        client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return client.close()
    upstream.settimeout(None)
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
    return pump(client, upstream)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], sys.argv[1]), daemon=True).start()
