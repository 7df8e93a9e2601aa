#!/usr/bin/env python3
"""How long a scan takes at the counters of the converged lab, over HTTPS, through everything that stands between.

`tests/bench/counters.py [COUNTERS [SECONDS]]` (10 and 60 unless said), with SHOKO_LAB_ID. The counters sit at
`tb-south`: each logs in once, then scans a card, lends four items to it and takes them back, over and over, on one
connection, as a browser does. First at the pace of people (a scan in two seconds each), then without a pause. Printed
are the times of the scans that lent and that returned, and how many a second there were; every answer is read for the
item's number in it, so that a stop does not count as a loan. Times count from the request to the last byte.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import socket
import ssl
import statistics
import sys
import threading
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
from converged import SITE, Converged

from shoko.declaration.load import load as declared

STAFF = "staff.library.example"
ITEMS_EACH, PACE = 4, 2.0
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|key|sitting)" value="([^"]*)"')
READY = """
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from django.utils import timezone
shelf = Item.objects.filter(library__key='south', at_library__key='south', library_use_only=False, condition='normal',
    material_class__key='book', accompanying='', record__holds=None, transits=None).exclude(
    loans__returned_on=None, loans__isnull=False).order_by('-pk')
print('ITEMS', *shelf.values_list('barcode', flat=True)[:{items}])
people = Patron.objects.filter(expires_on__gt=timezone.localdate(), loans=None, holds=None, kind='person')
print('CARDS', *people.filter(cards__ended_on=None).order_by('pk').values_list('cards__number', flat=True)[:{cards}])
"""


class Counter:
    """One counter: a connection, a session, the page it shows."""

    def __init__(self, address: str, trust: ssl.SSLContext) -> None:
        self.connection = http.client.HTTPSConnection(STAFF, context=trust, timeout=30)
        self.connection._create_connection = lambda _place, *rest: socket.create_connection((address, 443), *rest)
        self.cookies: dict[str, str] = {}
        self.fields: dict[str, str] = {}

    def ask(self, path: str, **fields: str) -> str:
        """Get a page, or post its hidden fields and these; follow one redirection. Return the page."""
        method, body = ("POST", urllib.parse.urlencode({**self.fields, **fields})) if fields else ("GET", None)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{STAFF}"}
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
        self.fields = dict(HIDDEN.findall(page))
        return page

    def scan(self, path: str, code: str) -> tuple[float, str]:
        """Scan a number in a window; the seconds it took, and the page."""
        began = time.monotonic()
        page = self.ask(path, scan=code)
        return time.monotonic() - began, page


def work(
    counter: Counter, cards: list[str], items: list[str], time_of: tuple[float, float], times: dict[str, list]
) -> None:
    """Lend and take back until the time is over; what is not as it should be ends the program."""
    until, pace = time_of
    chance = random.Random(cards[0])  # noqa: S311 - pauses, no secret
    while time.monotonic() < until:
        counter.ask("/lend/")
        counter.scan("/lend/", chance.choice(cards))
        for item in items:
            seconds, page = counter.scan("/lend/", item)
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


def told(what: str, seconds: list[float], over: float) -> str:
    """One line of figures."""
    cuts = statistics.quantiles(seconds, n=100)
    shown = {"p50": statistics.median(seconds), "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
    figures = "  ".join(f"{name} {1000 * value:5.0f}" for name, value in shown.items())
    return f"{what:8} n={len(seconds):5} {len(seconds) / over:6.1f}/s  {figures} ms"


def main() -> int:
    """Print the figures of both paces, and the load at the end."""
    counters, seconds = (int(word) for word in (*sys.argv[1:], *("10", "60")[len(sys.argv) - 1 :]))
    lab = Converged()
    query = READY.format(items=counters * ITEMS_EACH, cards=counters * 4)
    said = lab.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", query)
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.startswith(("ITEMS", "CARDS"))}
    items, cards = lines["ITEMS"], lines["CARDS"]
    if len(items) < counters * ITEMS_EACH or len(cards) < counters * 4:
        raise SystemExit("the lab has too few free items or cards: a fresh one has enough")
    address = next(str(vip.ipv4) for vip in declared(SITE).vips.values() if vip.held_by == "ils_servers")
    trust = ssl.create_default_context(cafile=str(lab.root_certificate))
    password = lab.demo_password
    with Path("/run/netns", lab.settings.machine("tb-south")).open("rb") as namespace:
        os.setns(namespace.fileno(), os.CLONE_NEWNET)
    seats = []
    for _ in range(counters):
        seat = Counter(address, trust)
        page = seat.ask("/login/")
        library = re.search(r'<option value="([^"]+)"[^>]*>南市民図書館', page)
        seat.ask("/login/", login_id="demo", password=password, **({"library": library.group(1)} if library else {}))
        seats.append(seat)
    wrong = 0
    for pace in (PACE, 0.0):
        times: dict[str, list] = {"lend": [], "return": [], "wrong": []}
        began = time.monotonic()
        threads = [
            threading.Thread(
                target=work,
                args=(
                    seat,
                    cards[number::counters],
                    items[number::counters],
                    (began + seconds, pace),
                    times,
                ),
            )
            for number, seat in enumerate(seats)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        over = time.monotonic() - began
        print(f"{counters} counters, {f'a scan in {pace:.0f} s each' if pace else 'without a pause'}, {over:.0f} s")
        for what in ("lend", "return"):
            print(told(what, times[what], over))
        print(f"not done as asked: {len(times['wrong'])}", flush=True)
        wrong += len(times["wrong"])
    print(f"load {Path('/proc/loadavg').read_text().split()[0]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
