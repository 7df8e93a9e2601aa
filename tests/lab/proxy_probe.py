"""Runs inside a terminal: one attempt to get out through the proxy, told as one line of JSON.

Standard library only, since a terminal has nothing else. The argument is a JSON object with `proxy` (host, port) and
either `url` (plain HTTP; optional `host_header`) or `connect` (host, port) with `hello` (name for the TLS hello, null
for none) or `raw` (bytes to send instead of a hello). `names` checks the certificate against `hello`.
"""

import json
import socket
import ssl
import sys

END = b"\r\n\r\n"


def head(stream):
    """Read up to the end of the answer's head; what came so far if the connection ends."""
    got = b""
    while END not in got:
        more = stream.recv(65536)
        if not more:
            break
        got += more
    return got


def status(answer):
    """Status of an HTTP answer, 0 if there is none."""
    return int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0


def attempt(order):
    """Make the attempt; returns `proxy` and `site` (statuses, 0 for an ended connection)."""
    with socket.create_connection(tuple(order["proxy"]), timeout=15) as stream:
        stream.settimeout(15)
        if "url" in order:
            name = order.get("host_header") or order["url"].split("/")[2]
            stream.sendall(f"GET {order['url']} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            return {"proxy": status(head(stream)), "site": 0}
        target = "{}:{}".format(*order["connect"])
        stream.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = status(head(stream))
        if answer != 200:
            return {"proxy": answer, "site": 0}
        if "raw" in order:
            stream.sendall(order["raw"].encode())
            return {"proxy": answer, "site": 1 if stream.recv(100) else 0}
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the lab's public authority is plainer than a real one
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED if order.get("names") else ssl.CERT_NONE
        with context.wrap_socket(stream, server_hostname=order["hello"]) as tls:
            tls.sendall(f"GET / HTTP/1.1\r\nHost: {order['connect'][0]}\r\nConnection: close\r\n\r\n".encode())
            return {"proxy": answer, "site": status(head(tls))}


if __name__ == "__main__":
    try:
        print(json.dumps(attempt(json.loads(sys.argv[1]))))
    except OSError as reason:
        print(json.dumps({"proxy": 0, "site": 0, "error": str(reason)}))
