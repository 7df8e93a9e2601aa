"""The city of source S4 around a catalogue that is already there: its people, and what years of lending leave behind.

`python -m benchmarks.city DIRECTORY settle | measure | years N`, in steps, on what `benchmarks.catalogue --keep`
filled: `settle` once, `measure` before and after `years`. Each prints one line of JSON.

S4:L189: 117,795 patrons, 2,875,266 loans and 615,471 holds a year. An ended loan leaves no row of its own: there stay a
count of its item's month, a count of its day's facts, and its events in the audit, which is kept for good; spans of
loans are kept for two months. Written by plain SQL, since nobody can scan for ten years: the audit's links are digests
of the right length, and not those of its rows.
"""

import argparse
import json
import os
import random
import sys
import time
import uuid
from pathlib import Path

import psycopg

from benchmarks.catalogue import SETTINGS, Asked
from benchmarks.counters import PACE, Counters
from benchmarks.desk import figures
from benchmarks.questions import Questions
from benchmarks.server import manage, server
from benchmarks.stack import service
from tests import cluster
from tests.cluster import Server

PATRONS, LOANS, HOLDS = 117_795, 2_875_266, 615_471
FIRST = 1_000  # patron's number; below are the invented ones of the demonstration
OPEN_DAYS = 300
# days that a loan and a hold last on the average
LOAN_LASTS, HOLD_LASTS = 10, 20


def settle(postgres: Server) -> dict[str, int]:
    """Accounts, rules, patrons with cards, and the loans and holds that are open on one day."""
    _by_the_services()
    with postgres.connect() as connection:
        connection.execute("SET search_path = ils")
        connection.execute(
            "INSERT INTO patron (id, pseudonym, category_id, library_id, name, name_reading, reading_key, birth_date,"
            " address, phone, contact, email, guardian_name, registered_on, expires_on)"
            " SELECT n, gen_random_uuid(), (SELECT min(id) + n %% 4 FROM patron_category), 1 + n %% 4, '見本 ' || n,"
            " 'みほん', 'ミホン' || n, date '1940-01-01' + n %% 25000, '架空市', '000', 'phone', '', '', '2026-04-01',"
            " '2099-03-31' FROM generate_series(%s, %s) n",
            [FIRST, PATRONS + FIRST - 502],
        )
        connection.execute(
            "INSERT INTO card (number, patron_id, issued_on) SELECT lpad((40000000 + id)::text, 8, '0'), id,"
            " registered_on FROM patron WHERE id >= %s",
            [FIRST],
        )
        connection.execute(
            "INSERT INTO loan (item_id, patron_id, library_id, rule_id, lent_on, lent_at, due_on)"
            " SELECT i.id, %s + i.id * 7 %% 117000, i.library_id, (SELECT min(id) FROM loan_rule),"
            " current_date - (i.id %% 14)::int, now() - interval '1 day' * (i.id %% 14),"
            " current_date - (i.id %% 14)::int + 14"
            " FROM (SELECT id, library_id FROM item WHERE id %% (SELECT count(*) / %s FROM item) = 0) AS i",
            [FIRST, LOANS * LOAN_LASTS // 365],
        )
        connection.execute(
            "INSERT INTO hold (record_id, material_class_id, patron_id, pickup_library_id, state, key, priority,"
            " requested_at, order_at, group_kind, skipped, captures, extended)"
            " SELECT r.id, 1, %s + r.id * 11 %% 117000, 1 + r.id %% 4, 'queued', gen_random_uuid(), 100, t, t, '', '',"
            " 0, false FROM (SELECT id, now() - interval '1 minute' * (id %% 30000) FROM record"
            " WHERE material <> 'serial' AND id %% (SELECT count(*) / %s FROM record) = 0) AS r(id, t)",
            [FIRST, HOLDS * HOLD_LASTS // 365],
        )
        # all items came at once, which left the text index several times its size
        connection.execute("REINDEX TABLE search_document")
        connection.execute("VACUUM ANALYZE")
        return _counted(connection, "patron", "card", "loan", "hold")


def _by_the_services() -> None:
    """What is small, by the models and the demonstration's own functions."""
    _django("ils_owner")
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from shoko_ils.circulation.models import LoanRule  # noqa: PLC0415
    from shoko_ils.core.management.commands.load_demo import Command  # noqa: PLC0415
    from shoko_ils.core.models import Library  # noqa: PLC0415
    from shoko_ils.demo import invent, load  # noqa: PLC0415

    call_command("sync_site", verbosity=0)
    LoanRule.objects.create(days=load.LOAN_DAYS, max_class_loans=load.MAX_LOANS, version=1)
    libraries = list(Library.objects.all())
    load._patrons(list(invent.patrons(len(libraries))), libraries)
    Command._accounts(Path(cluster.ENVIRONMENT["SHOKO_DEMO_PASSWORD_FILE"]).read_text().strip())
    connection.close()


def _django(role: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = f"shoko_ils.settings.{role.removeprefix('ils_')}"
    import django  # noqa: PLC0415  # after the environment is set

    django.setup()


def measure(postgres: Server, seconds: int) -> dict[str, object]:
    """Search, counters and new holds, one after the other."""
    result: dict[str, object] = {}
    with service("public") as port:
        citizens = Asked(port, Questions(postgres, seed=10))
        citizens.run(10, 5)
        result["search"] = citizens.run(10, seconds)
    with service("staff") as port:
        counters = Counters(postgres, port, 10)
        counters.run(4, 0)
        result["a scan in 2 s"] = counters.run(seconds, PACE)
        result["without a pause"] = counters.run(seconds // 2, 0)
    return result | {"hold": _holds(postgres, 150)}


def _holds(postgres: Server, count: int) -> dict[str, float]:
    """A hold on a title that nobody waits for, placed by the service function; taken away again afterwards."""
    _django("ils_staff")
    from django.db import connection  # noqa: PLC0415

    from shoko_ils.audit.record import Actor  # noqa: PLC0415
    from shoko_ils.core.models import Library  # noqa: PLC0415
    from shoko_ils.holds.services import placing  # noqa: PLC0415
    from shoko_ils.holds.target import Target  # noqa: PLC0415

    library, chance, times = Library.objects.get(key="central"), random.Random(10), []  # noqa: S311
    with postgres.connect() as plain:
        newest = plain.execute("SELECT max(id) FROM ils.hold").fetchone()
        titles = plain.execute(
            "SELECT id FROM ils.record r WHERE NOT EXISTS (SELECT FROM ils.hold WHERE record_id = r.id)"
            " AND material <> 'serial' AND id %% 1009 = 5 LIMIT %s",
            [count],
        ).fetchall()
        for (title,) in titles:
            wish, patron = placing.Wish((Target(title),), library), FIRST + chance.randrange(100_000)
            began = time.monotonic()
            outcome = placing.place(Actor("demo", "central"), patron, wish, uuid.uuid4()).outcome
            times.append(time.monotonic() - began)
            if outcome is not placing.Placing.PLACED:
                sys.exit(f"a hold was not placed: {outcome}")
        plain.execute("DELETE FROM ils.hold WHERE id > %s", newest)
    connection.close()
    return figures(times, sum(times))


def years(postgres: Server, count: int) -> dict[str, int]:
    """What `count` years of lending leave behind."""
    with postgres.connect() as connection:
        connection.execute("SET search_path = ils")
        connection.execute("SET session_replication_role = replica")  # the rows need no second look
        connection.execute("SET maintenance_work_mem = '2GB'")
        _item_months(connection, count)
        _lending_facts(connection, count)
        _audit(connection, count)
        connection.execute("VACUUM ANALYZE item_month")
        connection.execute("VACUUM ANALYZE lending_fact")
        connection.execute("VACUUM ANALYZE audit_event")
        return _counted(connection, "item_month", "lending_fact", "loan_span", "audit_event")


def _item_months(connection: psycopg.Connection, count: int) -> None:
    """Loans fall on items by chance, on a tenth of them half of all; a month's loans of an item are one row."""
    for month in range(12 * count):
        connection.execute(
            "INSERT INTO item_month (item_id, month, loans) SELECT item, first, count(*) FROM"
            " (SELECT (date_trunc('month', current_date) - interval '1 month' * %(ago)s)::date AS first) AS m,"
            " (SELECT lowest + CASE WHEN random() < 0.5 THEN 10 * floor(random() * items / 10)"
            " ELSE floor(random() * items) END::bigint AS item FROM generate_series(1, %(loans)s),"
            " (SELECT min(id) AS lowest, count(*) AS items FROM item) AS i) AS l GROUP BY item, first",
            {"ago": month + 1, "loans": LOANS // 12},
        )


def _lending_facts(connection: psycopg.Connection, count: int) -> None:
    """A row for each day, library, class, subject, age and category that met: of 9,584 loans a day most meet alone."""
    connection.execute(
        "INSERT INTO lending_fact (day, library_id, material_class_id, ndc_figure, age_band, category_id, loans)"
        " SELECT day, library, class, ndc, age, category, count(*) FROM (SELECT"
        " current_date - 1 - (d * 365 / %(days)s) AS day, 1 + floor(random() * 4)::int AS library,"
        " (SELECT min(id) FROM material_class) + (random() < 0.15)::int AS class,"
        " CASE WHEN random() < 0.4 THEN '9' ELSE floor(random() * 9)::int::text END AS ndc,"
        " (ARRAY['0-6','7-12','13-15','16-18','19-29','30-39','40-49','50-59','60-69','70-'])"
        "[1 + floor(random() * 10)::int] AS age,"
        " (SELECT min(id) FROM patron_category) + floor(4 * random() ^ 3)::int AS category"
        " FROM generate_series(0, %(days)s * %(years)s - 1) d, generate_series(1, %(each)s)) x"
        " GROUP BY 1, 2, 3, 4, 5, 6",
        {"days": OPEN_DAYS, "years": count, "each": LOANS // OPEN_DAYS},
    )


def _audit(connection: psycopg.Connection, count: int) -> None:
    """For five loans five events, for their returns five, and two views of a patron, two visits being five loans.

    The index on their numbers is made afterwards, as it is packed where numbers only grow.
    """
    connection.execute("ALTER TABLE audit_event DROP CONSTRAINT audit_event_pkey")
    connection.execute(
        "INSERT INTO audit_event (id, at, actor, action, screen, library, subject, previous, link)"
        " SELECT head.id + n, now() - interval '1 second' * 4.57 * (%(events)s - n), 'officer' || n %% 40,"
        " (ARRAY['lend', 'take-back', 'view-patron'])[1 + n %% 12 / 5], 'counter', 'central',"
        " CASE WHEN n %% 12 >= 10 THEN md5((n %% 117000)::text)::uuid END, md5((n - 1)::text) || md5((n - 1)::text),"
        " md5(n::text) || md5(n::text) FROM audit_head AS head, generate_series(1, %(events)s) n",
        {"events": LOANS * 12 // 5 * count},
    )
    connection.execute("ALTER TABLE audit_event ADD PRIMARY KEY (id)")
    connection.execute("UPDATE audit_head SET (id, link) = (SELECT id, link FROM audit_event ORDER BY id DESC LIMIT 1)")


def _counted(connection: psycopg.Connection, *tables: str) -> dict[str, int]:
    rows = (connection.execute(f"SELECT count(*) FROM ils.{table}").fetchone() for table in tables)  # noqa: S608
    return {table: row[0] for table, row in zip(tables, rows, strict=True) if row}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("step", choices=("settle", "measure", "years"))
    parser.add_argument("years", type=int, nargs="?", default=10)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    result: dict[str, object] = {"load_before": os.getloadavg()}
    with server(options.place, **SETTINGS) as postgres:
        if options.step == "settle":
            manage("migrate", "-v0")
            result |= settle(postgres)
        elif options.step == "years":
            result |= years(postgres, options.years)
        else:
            result |= measure(postgres, options.seconds)
    print(json.dumps(result | {"load_after": os.getloadavg()}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
