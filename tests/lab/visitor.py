"""Somebody at a door of the library system: HTTPS as a browser speaks it, without a screen. Standard library only."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import urllib.parse
from pathlib import Path

HTTPS = 443
OPAC, STAFF = "opac.shoko.localhost", "staff.shoko.localhost"
MELOS = "1567"  # the record 走れメロス, number of the work in its catalogue


class Visitor:
    """A browser without a screen: one host name, cookies, TLS that is checked against the site's root.

    `address` is where it connects (a door of the machine, `shoko lab url`, unless told), `patience` is in seconds.
    Each request has a connection of its own; without an answer it raises OSError or HTTPException.
    """

    def __init__(
        self, name: str, port: int, root: Path | str, *, address: str = "127.0.0.1", patience: float = 30
    ) -> None:
        self.name, self.port, self.address, self.patience = name, port, address, patience
        self.cookies: dict[str, str] = {}
        self.context = ssl.create_default_context(cafile=str(root))

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, dict[str, str]]:
        """One request; returns status, text and headers (lower case)."""
        with socket.create_connection((self.address, self.port), timeout=self.patience) as plain:
            connection = http.client.HTTPConnection(self.name, self.port, timeout=self.patience)
            connection.sock = self.context.wrap_socket(plain, server_hostname=self.name)
            with contextlib.closing(connection):
                return self._exchange(connection, method, path, form)

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, path: str, form: dict[str, str] | None
    ) -> tuple[int, str, dict[str, str]]:
        origin = f"https://{self.name}" + (f":{self.port}" if self.port != HTTPS else "")
        headers = {
            "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()),
            "Accept-Language": "ja",
        }
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Referer": origin + path}
        connection.request(method, path, body, {key: value for key, value in headers.items() if value})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            key, value = line.split(";")[0].split("=", 1)
            self.cookies[key] = value
        text = answer.read().decode(errors="replace")
        return answer.status, text, {key.lower(): value for key, value in answer.getheaders()}

    def get(self, path: str) -> str:
        """A page that must be there."""
        status, text, _ = self.ask("GET", path)
        assert status == 200, f"{path}: {status}: {text[:300]}"
        return text

    def post(self, path: str, text: str, **fields: str) -> tuple[int, str]:
        """Send the form of a page, with its hidden fields, and follow one redirection."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        status, answer, headers = self.ask("POST", path, hidden | fields)
        if status in (302, 303):
            status, answer, headers = self.ask("GET", headers["location"])
            while status in (302, 303):
                status, answer, headers = self.ask("GET", headers["location"])
        return status, answer


def log_in(port: int, root: Path, password: str) -> Visitor:
    """Somebody at the staff screens, logged in with the account `demo`."""
    visitor = Visitor(STAFF, port, root)
    page = visitor.get("/login/")
    library = re.findall(r'<option value="([^"]+)"', page)
    fields = {"login_id": "demo", "password": password}
    if library:
        fields["library"] = next(one for one in library if one)
    status, text = visitor.post("/login/", page, **fields)
    assert status == 200, text[:500]
    assert 'class="login"' not in text, "the demonstration account logs in"
    return visitor


def found(page: str) -> set[str]:
    """Numbers of the records on a page of results."""
    return set(re.findall(r'href="/records/(\d+)/"', page))
