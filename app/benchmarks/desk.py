"""One counter as its browser is one: a connection, a session, the page that it shows. Standard library only.

Used by the counters on this machine (`counters.py`) and by those of the converged lab (`tests/bench/counters.py`).
"""

import http.client
import random
import re
import ssl
import statistics
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence

HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|key|sitting)" value="([^"]*)"')
ITEMS_EACH, CARDS_EACH = 4, 4
Times = dict[str, list]


class Counter:
    """A counter of the staff service at https://`host`:`port`."""

    def __init__(self, host: str, port: int, trust: ssl.SSLContext, connect: Callable | None = None) -> None:
        self.origin = f"https://{host}" if port == 443 else f"https://{host}:{port}"
        self.connection = http.client.HTTPSConnection(host, port, context=trust, timeout=30)
        if connect:
            self.connection._create_connection = connect
        self.cookies: dict[str, str] = {}
        self.fields: dict[str, str] = {}

    def log_in(self, account: str, password: str, library: str) -> None:
        """`library` by the name that the page shows."""
        page = self.ask("/login/")
        option = re.search(rf'<option value="([^"]+)"[^>]*>{library}', page)
        self.ask("/login/", login_id=account, password=password, **({"library": option.group(1)} if option else {}))

    def ask(self, path: str, **fields: str) -> str:
        """Get a page, or post its hidden fields and these; follow one redirection. Return the page."""
        method, body = ("POST", urllib.parse.urlencode({**self.fields, **fields})) if fields else ("GET", None)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
            headers["X-Shoko-Answer"] = "1"  # as the counter's script asks
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status in (302, 303):
            return self.ask(answer.headers["Location"])
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        self.fields = dict(HIDDEN.findall(page)) or self.fields
        return page

    def scan(self, path: str, code: str) -> tuple[float, str]:
        """Scan a number in a window; the seconds it took from the request to the last byte, and the page."""
        began = time.monotonic()
        page = self.ask(path, scan=code)
        return time.monotonic() - began, page


def work(
    counter: Counter, numbers: tuple[Sequence[str], Sequence[str]], until: float, pace: float, times: Times
) -> None:
    """Lend and take back, a scan in about `pace` seconds, until the time is over; notes what went wrong."""
    cards, items = numbers
    chance = random.Random(cards[0])  # noqa: S311 - pauses, no secret
    while time.monotonic() < until:
        counter.ask("/lend/")
        counter.scan("/lend/", chance.choice(cards))
        for item in items:
            seconds, page = counter.scan("/lend/", item)
            # every answer is read for the item's number in it, so that a stop does not count as a loan
            if f'"number">{item}<' not in page:
                times["wrong"].append(item)
            times["lend"].append(seconds)
            time.sleep(chance.uniform(0, 2 * pace))
        counter.ask("/return/")
        for item in items:
            seconds, page = counter.scan("/return/", item)
            if 'class="kind-done"' not in page and 'class="kind-note"' not in page:
                times["wrong"].append(item)
            times["return"].append(seconds)
            time.sleep(chance.uniform(0, 2 * pace))


def together(
    seats: Sequence[Counter], cards: Sequence[str], items: Sequence[str], seconds: float, pace: float
) -> Times:
    """All counters at once, each with its own cards and items: times of the scans that `lend` and `return`, `wrong`."""
    times: Times = {"lend": [], "return": [], "wrong": []}
    until, count = time.monotonic() + seconds, len(seats)
    threads = [
        threading.Thread(target=work, args=(seat, (cards[n::count], items[n::count]), until, pace, times))
        for n, seat in enumerate(seats)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def figures(seconds: Sequence[float], over: float) -> dict[str, float]:
    """Number, how many a second, and milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    shown = {"p50_ms": statistics.median(seconds), "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": max(seconds)}
    return {
        "n": len(seconds),
        "per_second": round(len(seconds) / over, 1),
        **{name: round(1000 * value, 1) for name, value in shown.items()},
    }
