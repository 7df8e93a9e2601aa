"""Counters that lend and take back at once: `python -m benchmarks.counters [--counters N] [--seconds N]`.

The staff service as a site runs it (`stack.py`) on a PostgreSQL of its own with the demonstration library. Each counter
scans a card, lends four items to it and takes them back, over and over: first a scan in two seconds, as people do, then
without a pause; then one of them changes its operator by card and PIN. Everything is on this machine, the counters too.
Prints one line of JSON.
"""

import argparse
import json
import os
import sys
import time

from benchmarks.desk import CARDS_EACH, ITEMS_EACH, Counter, Times, figures, together
from benchmarks.server import manage, server
from benchmarks.stack import HOST, service, trust
from shoko_ils.holdings.barcode import with_check_digit
from tests import cluster
from tests.cluster import Server

PACE = 2.0
LIBRARY = ("south", "南市民図書館")
SETTINGS = {"shared_buffers": "512MB", "jit": "off"}
STAFF_CARDS, PIN = (with_check_digit("39000001"), with_check_digit("39000002")), "4827"
GIVE_CARDS = """
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.services import factors
for login_id, card in zip(("demo", "demo4"), {cards}):
    factors.set_card_and_pin(StaffAccount.objects.get(login_id=login_id), card, "{pin}")
"""


def free(postgres: Server, items: int, cards: int) -> tuple[list[str], list[str]]:
    """Numbers of items on the shelves of the library, without holds, and of cards without loans."""
    with postgres.connect() as connection:
        connection.execute("SET search_path = ils")
        shelf = connection.execute(
            "SELECT i.barcode FROM item i JOIN library l ON l.id = i.library_id AND l.id = i.at_library_id"
            " WHERE l.key = %s AND NOT library_use_only AND condition = 'normal' AND accompanying = ''"
            " AND NOT EXISTS (SELECT FROM loan WHERE item_id = i.id AND returned_on IS NULL)"
            " AND NOT EXISTS (SELECT FROM hold h WHERE h.record_id = i.record_id)"
            " AND NOT EXISTS (SELECT FROM transit t WHERE t.item_id = i.id) ORDER BY i.id LIMIT %s",
            [LIBRARY[0], items],
        ).fetchall()
        people = connection.execute(
            "SELECT c.number FROM card c JOIN patron p ON p.id = c.patron_id WHERE c.ended_on IS NULL"
            " AND p.kind = 'person' AND expires_on > current_date AND NOT EXISTS"
            " (SELECT FROM loan WHERE patron_id = p.id) ORDER BY p.id LIMIT %s",
            [cards],
        ).fetchall()
    if len(shelf) < items or len(people) < cards:
        sys.exit("too few free items or cards")
    return [number for (number,) in shelf], [number for (number,) in people]


class Counters:
    """Counters of one library, logged in."""

    def __init__(self, postgres: Server, port: int, count: int) -> None:
        self.items, self.cards = free(postgres, count * ITEMS_EACH, count * CARDS_EACH)
        self.seats = [Counter(HOST, port, trust("staff")) for _ in range(count)]
        for seat in self.seats:
            seat.log_in("demo", cluster.DEMO_PASSWORD, LIBRARY[1])

    def times(self, seconds: float, pace: float) -> Times:
        return together(self.seats, self.cards, self.items, seconds, pace)

    def run(self, seconds: float, pace: float) -> dict[str, object]:
        """Figures of the scans that lent, and that returned."""
        began = time.monotonic()
        times = self.times(seconds, pace)
        over = time.monotonic() - began
        return {
            **{what: figures(times[what], over) for what in ("lend", "return")},
            "not_as_asked": len(times["wrong"]),
        }


def changes(seat: Counter, times: int) -> dict[str, float]:
    """From the scan of a colleague's staff card to his lending window, the PIN typed in no time; two take turns."""
    manage("shell", "-v0", "-c", GIVE_CARDS.format(cards=STAFF_CARDS, pin=PIN))
    seat.ask("/lend/")
    took = []
    for number in range(times):
        card = STAFF_CARDS[(number + 1) % 2]
        began = time.monotonic()
        seat.ask("/lend/", scan=card)
        page = seat.ask("/operator/", card=card, pin=PIN)
        took.append(time.monotonic() - began)
        if 'id="scan"' not in page:
            sys.exit("the operator did not change")
    return figures(took, sum(took))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counters", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60, help="of each of both paces")
    options = parser.parse_args()
    with server(**SETTINGS) as postgres:
        manage("migrate", "-v0")
        manage("load_demo", "-v0")
        result: dict[str, object] = {"load_before": os.getloadavg()}
        with service("staff") as port:
            counters = Counters(postgres, port, options.counters)
            counters.run(4, 0)
            result["a scan in 2 s"] = counters.run(options.seconds, PACE)
            result["without a pause"] = counters.run(options.seconds, 0)
            result["change of operator"] = changes(counters.seats[0], 20)
        result["load_after"] = os.getloadavg()
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
