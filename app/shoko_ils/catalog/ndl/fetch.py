"""One GET to the one named site, through the information proxy (S4:L357-363), within eight seconds and four megabytes.

There is no way round the proxy: without one the function is off. Nothing is retried, no redirect is followed.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

from django.conf import settings

CONNECT_SECONDS, WHOLE_SECONDS = 3.0, 8.0
LARGEST = 4 << 20
PIECE = 1 << 16


class Away(Exception):
    """No answer that can be used; `code` says why.

    off (no proxy or site is set), away (the proxy or site does not answer), slow (not within the time), refused (the
    proxy lets nobody through to this site), site (the other side is not the named site), large, answer (not what was
    asked for).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_on() -> bool:
    return bool(settings.INFORMATION_PROXY and settings.NDL_SITE)


def fetch(target: str) -> bytes:
    """Body of `https://SITE/target`. Raises Away, after WHOLE_SECONDS at the latest."""
    if not is_on():
        raise Away("off")
    with _Deadline() as deadline:
        try:
            return _fetch(target, deadline)
        except ssl.SSLCertVerificationError as error:
            raise Away("site") from error
        except (OSError, http.client.HTTPException) as error:
            late = deadline.passed or isinstance(error, TimeoutError)
            raise Away("slow" if late else "away") from error


class _Deadline:
    """Shuts the connection down when the time is over, whatever it is waiting for: a handshake, a header, a byte."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + WHOLE_SECONDS
        self._guard: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> "_Deadline":
        return self

    def watch(self, raw: socket.socket) -> None:
        # a handle of its own: TLS takes the socket over
        self._guard = raw.dup()
        self._timer = threading.Timer(max(self._ends - time.monotonic(), 0), self._shut, (self._guard,))
        self._timer.daemon = True
        self._timer.start()

    @staticmethod
    def _shut(guard: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it has ended by itself
            guard.shutdown(socket.SHUT_RDWR)

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._ends

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
        if self._guard:
            self._guard.close()


def _fetch(target: str, deadline: _Deadline) -> bytes:
    proxy, site = urlsplit(settings.INFORMATION_PROXY), urlsplit(f"https://{settings.NDL_SITE}")
    host, port = site.hostname or "", site.port or 443
    with socket.create_connection((proxy.hostname or "", proxy.port or 3128), CONNECT_SECONDS) as raw:
        raw.settimeout(WHOLE_SECONDS)
        deadline.watch(raw)
        _tunnel(raw, f"{host}:{port}")
        with ssl.create_default_context().wrap_socket(raw, server_hostname=host) as safe:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = safe
            connection.request("GET", target, headers={"Host": settings.NDL_SITE, "Accept": "application/xml"})
            with connection.getresponse() as answer:
                return _body(answer, deadline)


def _tunnel(raw: socket.socket, authority: str) -> None:
    raw.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    with http.client.HTTPResponse(raw, method="CONNECT") as answer:
        answer.begin()
        if answer.status != 200:
            # 502 to 504: it would, but the site is not there
            raise Away("away" if answer.status in (502, 503, 504) else "refused")


def _body(answer: http.client.HTTPResponse, deadline: _Deadline) -> bytes:
    if answer.status != 200:
        raise Away("away" if answer.status >= 500 else "answer")
    found = bytearray()
    while piece := answer.read1(PIECE):
        found += piece
        if len(found) > LARGEST:
            raise Away("large")
    # a connection that was shut down looks like one that ended
    if deadline.passed or answer.length:
        raise Away("slow" if deadline.passed else "away")
    return bytes(found)
