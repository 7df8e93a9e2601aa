"""Runs in the network namespace of a lab host: a citizen who searches, a librarian who lends and takes back.

Standard library and `visitor` (PYTHONPATH) only. `python people.py citizen|librarian` reads an order (JSON) from
standard input, works until standard input ends, and prints a line of JSON for every attempt:
{"at": seconds, "ok": bool, "what": text, ...}.
"""

from __future__ import annotations

import contextlib
import html
import http.client
import json
import re
import select
import sys
import time
import urllib.parse
from typing import Any

from visitor import HTTPS, Visitor

PATIENCE = 12.0  # seconds until a person presses Enter once more; the counter itself waits 10 for a new primary


def visitor(order: dict[str, Any], patience: float) -> Visitor:
    """Somebody at the name and address that the order says."""
    return Visitor(order["name"], HTTPS, order["root"], address=order["address"], patience=patience)


def fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def headline(page: str) -> str:
    """What the counter said about a scan."""
    found = re.search(r'class="notice-headline">([^<]*)<', page)
    return html.unescape(found[1]) if found else ""


def tell(ok: bool, what: str, **more: object) -> None:
    """Print what came of an attempt, now."""
    print(json.dumps({"at": time.time(), "ok": ok, "what": what, **more}), flush=True)


def ended(pause: float) -> bool:
    """Wait a little; whether standard input has ended."""
    return bool(select.select([sys.stdin], [], [], pause)[0])


def citizen(order: dict[str, Any]) -> None:
    """Search for one word again and again."""
    browser = visitor(order, 5.0)
    path = "/search/?q=" + urllib.parse.quote(order["word"])
    while not ended(order["pause"]):
        try:
            status, page, _ = browser.ask("GET", path)
            tell(status == 200 and order["word"] in page, str(status))
        except (OSError, http.client.HTTPException) as error:
            tell(False, type(error).__name__)


class Counter:
    """A librarian's browser at the counter."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.browser, self.order = visitor(order, PATIENCE), order

    def log_in(self) -> None:
        """Log in; an AssertionError says what came instead."""
        _, page, _ = self.browser.ask("GET", "/en/login/")
        library = next(one for one in re.findall(r'<option value="([^"]+)"', page) if one)
        form = {"login_id": self.order["user"], "password": self.order["password"], "library": library}
        status, page, _ = self.browser.ask("POST", "/en/login/", fields(page) | form)
        assert status == 302, f"log-in: {status}"

    def until_answered(self, method: str, path: str, form: dict[str, str] | None = None) -> str | None:
        """Repeat the same request, as a person presses Enter once more; None when the day ends before an answer."""
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, page, headers = self.browser.ask(method, path, form)
                if "/login/" in headers.get("location", ""):
                    tell(False, "logged out", fatal=True)
                elif status == 200 and headline(page) != "The result is not known yet":
                    return page
            tell(False, f"{method} {path}")
            if ended(0.5):
                return None

    def scan(self, path: str, page: str, text: str) -> str | None:
        """Scan something into a page's form."""
        return self.until_answered("POST", path, fields(page) | {"scan": text})

    def lend(self, barcode: str) -> str | None:
        """Lend an item to the one patron; what the counter said."""
        page = self.until_answered("GET", "/en/lend/")
        page = page and self.scan("/en/lend/", page, self.order["card"])
        page = page and self.scan("/en/lend/", page, barcode)
        return page and headline(page)

    def take_back(self, barcode: str) -> str | None:
        """Take an item back; what the counter said."""
        page = self.until_answered("GET", "/en/return/")
        page = page and self.scan("/en/return/", page, barcode)
        return page and headline(page)


def librarian(order: dict[str, Any]) -> None:
    """Lend all items and take all back, again and again; at the end of the day everything is back."""
    counter = Counter(order)
    counter.log_in()
    out: list[str] = []
    over = False
    while not over:
        for barcode in order["barcodes"]:
            over = over or ended(order["pause"])
            if over:
                break
            said = counter.lend(barcode)
            tell(said == "Lent", str(said), act="lend", barcode=barcode, fatal=said != "Lent")
            out.append(barcode)
        while out:
            over = ended(order["pause"]) or over
            barcode = out.pop()
            said = str(counter.take_back(barcode))
            good = said.startswith(("To the shelf", "Other library"))
            tell(good, said, act="take-back", barcode=barcode, fatal=not good)


if __name__ == "__main__":
    {"citizen": citizen, "librarian": librarian}[sys.argv[1]](json.loads(sys.stdin.readline()))
