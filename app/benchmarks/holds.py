"""Measures holds on a PostgreSQL of its own: `python -m benchmarks.holds [--attempts N] [--returns N]`.

First, check-ins of copies of one title with 10,000 holds: every hold can be served; then the first 9,700 are passed
over. Then counters that race for the copies and holds of a few titles: threads of one process, each with its own
connection as the staff service has it, lend, take back, scan and cancel at random; at the end the database is asked
for what must not be. Times are of the service functions, without HTTP. Prints one line of JSON.
"""

import argparse
import json
import os
import random
import sys
import threading
import time
import uuid
from collections import Counter
from typing import Any

from benchmarks.server import server
from tests import cluster

TITLE, COPIES, HOLDS = 1567, 300, 10_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--returns", type=int, default=COPIES // 2, help="check-ins measured in each of both cases")
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=10)
    options = parser.parse_args()
    with server(shared_buffers="512MB"):
        print(json.dumps(_measure(options), ensure_ascii=False))
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoko_ils.settings.owner")
    import django  # noqa: PLC0415  # after the environment is set

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection as ours  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("load_demo", verbosity=0)
    ours.close()
    ours.settings_dict["USER"] = "ils_staff"  # from here on with the rights of the service
    ours.settings_dict["OPTIONS"]["options"] = "-c search_path=ils -c lock_timeout=3000"
    result: dict[str, Any] = {"load_before": os.getloadavg()}
    _queue()
    result["all_can_be_served"] = _returns(0, options.returns)
    with cluster.connect() as connection:
        connection.execute(
            "UPDATE ils.hold SET suspended_from = current_date - 1, suspended_until = current_date + 9 WHERE id IN"
            " (SELECT id FROM ils.hold WHERE state = 'queued' ORDER BY id LIMIT 9700)"
        )
    first = _returns(options.returns, 1)
    result["first_after_9700_were_suspended_ms"] = first["p50_ms"]
    result["9700_are_passed_over"] = _returns(options.returns + 1, options.returns - 1)
    with cluster.connect() as connection:
        connection.execute("TRUNCATE ils.hold, ils.transit, ils.notice, ils.take_off CASCADE")
    result["race"] = _race(options.attempts, options.threads)
    result["load_after"] = os.getloadavg()
    return result


def _queue() -> None:
    """10,000 more patrons, each with a hold on the title, and 300 copies that are out to others."""
    with cluster.connect() as connection:
        connection.execute("SET search_path = ils")
        connection.execute(
            "INSERT INTO patron (id, pseudonym, category_id, library_id, name, name_reading, reading_key, address,"
            " phone, contact, email, guardian_name, registered_on, expires_on)"
            " SELECT 100000 + n, gen_random_uuid(), 1, 1, '見本', 'みほん', 'ミホン', '架空市', '000', 'phone', '', '',"
            " '2026-04-01', '2099-03-31' FROM generate_series(1, %s) n",
            [HOLDS + COPIES],
        )
        connection.execute(
            "INSERT INTO hold (record_id, material_class_id, patron_id, pickup_library_id, state, key, priority,"
            " requested_at, order_at, group_kind, skipped, captures, extended)"
            " SELECT %s, 1, 100000 + n, 1 + n %% 4, 'queued', gen_random_uuid(), 100, t, t, '', '', 0, false"
            " FROM generate_series(1, %s) n,"
            " LATERAL (SELECT now() - interval '30 days' + n * interval '1 minute') AS x(t)",
            [TITLE, HOLDS],
        )
        connection.execute(
            "INSERT INTO item (id, barcode, record_id, library_id, at_library_id, location_id, call_number, condition,"
            " library_use_only, material_class_id)"
            " SELECT 900000 + n, lpad((5000000000 + n)::text, 10, '0'), %s, 1, 1, 1, '913', 'normal', false, 1"
            " FROM generate_series(1, %s) n",
            [TITLE, COPIES],
        )
        connection.execute(
            "INSERT INTO loan (item_id, patron_id, library_id, rule_id, lent_on, lent_at, due_on)"
            " SELECT 900000 + n, 100000 + %s + n, 1, (SELECT min(id) FROM loan_rule WHERE ended_on IS NULL),"
            " current_date - 7, now() - interval '7 days', current_date + 7 FROM generate_series(1, %s) n",
            [HOLDS, COPIES],
        )
        connection.execute("VACUUM ANALYZE")


def _returns(start: int, count: int) -> dict[str, float]:
    from shoko_ils.audit.record import Actor  # noqa: PLC0415
    from shoko_ils.circulation.services import Outcome, take_back  # noqa: PLC0415
    from shoko_ils.core.models import Library  # noqa: PLC0415

    library, times = Library.objects.get(key="central"), []
    for number in range(start + 1, start + count + 1):
        began = time.perf_counter()
        result = take_back(Actor("demo", "central"), f"{5_000_000_000 + number:010d}", library, uuid.uuid4())
        times.append(time.perf_counter() - began)
        if result.outcome not in (Outcome.HOLD_SHELF, Outcome.HOLD_TRANSIT):
            sys.exit(f"a return went to no hold: {result.outcome}")
    ordered = sorted(times)
    figures = {f"p{p}_ms": round(1000 * ordered[min(count - 1, count * p // 100)], 1) for p in (50, 95, 99)}
    return {"n": count, **figures}


def _race(attempts: int, threads: int) -> dict[str, Any]:
    """Random acts of many counters on three titles; then what must not be is counted."""
    from shoko_ils.circulation.models import Loan  # noqa: PLC0415
    from shoko_ils.core.models import Library  # noqa: PLC0415
    from shoko_ils.holds.models import Hold  # noqa: PLC0415

    titles = [TITLE, *_other_titles(2)]
    libraries = list(Library.objects.all())
    outcomes: Counter[str] = Counter()
    began = time.monotonic()

    def work(seed: int) -> None:
        from django.db import connection  # noqa: PLC0415

        counter = _Counter(random.Random(seed), titles, libraries)  # noqa: S311
        for _ in range(attempts // threads):
            outcomes[counter.act()] += 1
        connection.close()

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - began
    with cluster.connect() as connection:
        connection.execute("SET search_path = ils")
        wrong = {
            "double loans": "SELECT count(*) FROM (SELECT item_id FROM loan WHERE returned_on IS NULL"
            " GROUP BY item_id HAVING count(*) > 1) x",
            "double captures": "SELECT count(*) FROM (SELECT item_id FROM hold WHERE item_id IS NOT NULL"
            " GROUP BY item_id HAVING count(*) > 1) x",
            "captured and on loan": "SELECT count(*) FROM hold h JOIN loan l USING (item_id)"
            " WHERE l.returned_on IS NULL",
            # in queue before a hold that has a copy, and no reason is written down
            "overtaken without a reason": "SELECT count(*) FROM hold w JOIN hold h USING (record_id)"
            " WHERE w.state = 'queued' AND w.skipped = '' AND h.item_id IS NOT NULL AND w.order_at < h.order_at",
            "ended and somebody's": "SELECT count(*) FROM hold WHERE ended_on IS NOT NULL AND patron_id IS NOT NULL",
        }
        found = {name: connection.execute(sql).fetchone()[0] for name, sql in wrong.items()}
    return {
        "attempts": sum(outcomes.values()),
        "threads": threads,
        "per_second": round(sum(outcomes.values()) / seconds, 1),
        "wrong": found,
        "captured_now": Hold.objects.filter(item__isnull=False).count(),
        "loans_made": Loan.objects.count(),
        "outcomes": dict(outcomes.most_common(12)),
    }


def _other_titles(count: int) -> list[int]:
    from shoko_ils.catalog.models import Record  # noqa: PLC0415

    lendable = Record.objects.filter(items__library_use_only=False).exclude(pk=TITLE)
    return list(lendable.order_by("pk").values_list("pk", flat=True).distinct()[:count])


class _Counter:
    """One counter: what it does next is chosen by its own seed."""

    def __init__(self, draw: random.Random, titles: list[int], libraries: list[Any]) -> None:
        from shoko_ils.audit.record import Actor  # noqa: PLC0415
        from shoko_ils.holdings.models import Item  # noqa: PLC0415

        self.draw, self.titles, self.libraries = draw, titles, libraries
        self.actor = Actor("demo", "central")
        self.items = [
            barcode
            for title in titles
            for barcode in Item.objects.filter(record=title).order_by("pk").values_list("barcode", flat=True)[:4]
        ]

    def act(self) -> str:
        from shoko_ils.circulation import services  # noqa: PLC0415
        from shoko_ils.core.db import OutcomeUnknown  # noqa: PLC0415
        from shoko_ils.holds import scans  # noqa: PLC0415
        from shoko_ils.holds.services import ending, placing  # noqa: PLC0415
        from shoko_ils.holds.target import Target  # noqa: PLC0415

        patron = 100_001 + self.draw.randrange(40)
        item, library = self.draw.choice(self.items), self.draw.choice(self.libraries)
        kind = self.draw.choice(("lend", "lend", "return", "return", "scan", "place", "place", "cancel"))
        try:
            if kind == "lend":
                return services.lend(self.actor, patron, item, library, uuid.uuid4(), walk_in=True).outcome
            if kind == "return":
                return services.take_back(self.actor, item, library, uuid.uuid4()).outcome
            if kind == "scan":
                return scans.scan_in(self.actor, item, library, uuid.uuid4()).outcome
            if kind == "place":
                wish = placing.Wish((Target(self.draw.choice(self.titles)),), library)
                return placing.place(self.actor, patron, wish, uuid.uuid4()).outcome
            return "cancelled" if ending.cancel(self.actor, self._somebodys()) else "nothing-to-cancel"
        except OutcomeUnknown:
            return "unknown"

    def _somebodys(self) -> int:
        from shoko_ils.holds.models import Hold  # noqa: PLC0415

        numbers = list(Hold.objects.filter(patron__isnull=False).values_list("pk", flat=True)[:50])
        return self.draw.choice(numbers) if numbers else 0


if __name__ == "__main__":
    sys.exit(main())
