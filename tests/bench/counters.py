#!/usr/bin/env python3
"""How long a scan takes at the counters of the converged lab, over HTTPS, through everything that stands between.

`tests/bench/counters.py [COUNTERS [SECONDS]]` (10 and 60 unless said), with SHOKO_LAB_ID. The counters sit at
`tb-south`: each logs in once, then scans a card, lends four items to it and takes them back, over and over, on one
connection, as a browser does. First at the pace of people (a scan in two seconds each), then without a pause. Printed
are the times of the scans that lent and that returned, and how many a second there were; every answer is read for the
item's number in it, so that a stop does not count as a loan. Times count from the request to the last byte.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "app" / "benchmarks"))
from converged import SITE, Converged
from desk import CARDS_EACH, ITEMS_EACH, Counter, figures, together

from shoko.declaration.load import load as declared

STAFF = "staff.library.example"
PACE = 2.0
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


def told(what: str, seconds: list[float], over: float) -> str:
    """One line of figures."""
    made = figures(seconds, over)
    number, rate = made.pop("n"), made.pop("per_second")
    shown = "  ".join(f"{name.removesuffix('_ms')} {value:5.0f}" for name, value in made.items())
    return f"{what:8} n={number:5} {rate:6.1f}/s  {shown} ms"


def main() -> int:
    """Print the figures of both paces, and the load at the end."""
    counters, seconds = (int(word) for word in (*sys.argv[1:], *("10", "60")[len(sys.argv) - 1 :]))
    lab = Converged()
    query = READY.format(items=counters * ITEMS_EACH, cards=counters * CARDS_EACH)
    said = lab.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", query)
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.startswith(("ITEMS", "CARDS"))}
    items, cards = lines["ITEMS"], lines["CARDS"]
    if len(items) < counters * ITEMS_EACH or len(cards) < counters * CARDS_EACH:
        raise SystemExit("the lab has too few free items or cards: a fresh one has enough")
    address = next(str(vip.ipv4) for vip in declared(SITE).vips.values() if vip.held_by == "ils_servers")
    trust = ssl.create_default_context(cafile=str(lab.root_certificate))
    password = lab.demo_password
    with Path("/run/netns", lab.settings.machine("tb-south")).open("rb") as namespace:
        os.setns(namespace.fileno(), os.CLONE_NEWNET)
    seats = []
    for _ in range(counters):
        seats.append(Counter(STAFF, 443, trust, lambda _place, *rest: socket.create_connection((address, 443), *rest)))
        seats[-1].log_in("demo", password, "南市民図書館")
    wrong = 0
    for pace in (PACE, 0.0):
        began = time.monotonic()
        times = together(seats, cards, items, seconds, pace)
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
