"""Measures import and search on a PostgreSQL of its own: `python -m benchmarks.catalogue FILE [--seconds N]`.

Imports FILE with the command that a library uses, gives the records items in four libraries (1.5 each), serves the
WebOPAC with gunicorn and asks it at a fixed rate, whether answers come or not (open loop): the time of an answer
counts from when it was due. Prints one line of JSON. The machine's load is printed, because it is part of the result.
"""

import argparse
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from benchmarks.questions import Questions
from benchmarks.server import manage, server
from benchmarks.stack import HOST, service, trust
from tests.cluster import Server

SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "jit": "off",
    "max_wal_size": "4GB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
}


def give_items(postgres: Server) -> int:
    with postgres.connect() as connection:
        connection.execute("SET search_path = ils")
        connection.execute(
            "INSERT INTO item (barcode, record_id, library_id, at_library_id, location_id, call_number, condition,"
            " library_use_only, material_class_id)"
            " SELECT lpad(row_number() OVER ()::text, 10, '0'), r.id, l.id, l.id, (SELECT min(id) FROM location),"
            " '913', 'normal', false, 1 FROM record r, generate_series(1, 1 + (r.id % 2)::int) AS copy(n), LATERAL"
            " (SELECT id FROM library ORDER BY position OFFSET (r.id + n) % 4 LIMIT 1) AS l"
        )
        connection.execute("VACUUM ANALYZE")
        return connection.execute("SELECT count(*) FROM item").fetchone()[0]


class Asked:
    """Questions at a fixed rate, whether answers come or not: each counts from when it was due."""

    def __init__(self, port: int, questions: Questions) -> None:
        self.port, self.questions, self.trust = port, questions, trust("public")
        self.times: list[tuple[float, str, str]] = []
        self.bad: list[int] = []

    def _one(self, due: float, kind: str, path: str) -> None:
        # each question comes from somebody else, who has no connection yet
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=60, context=self.trust)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self.times.append((time.monotonic() - due, kind, path))
        if answer.status != 200:
            self.bad.append(answer.status)

    def run(self, rate: float, seconds: int, between: Callable[[int], None] = lambda second: None) -> dict[str, object]:
        """Ask; `between` is called once a second. The figures of this run."""
        self.times, self.bad = [], []
        threads, began, second = [], time.monotonic(), 0
        for number in range(int(rate * seconds)):
            due = began + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            if number >= second * rate:
                between(second)
                second += 1
            threads.append(threading.Thread(target=self._one, args=(due, *self.questions.draw())))
            threads[-1].start()
        for thread in threads:
            thread.join()
        kinds = {kind: figures([t for t, k, _ in self.times if k == kind]) for kind in ("popular", "tail", "narrowed")}
        slow = sorted(self.times, reverse=True)[:5]
        return {
            **figures([t for t, _, _ in self.times]),
            "not_200": len(self.bad),
            "different": len({path for _, _, path in self.times}),
            "kinds": kinds,
            "slowest": [(urllib.parse.unquote(path.partition("?")[2]), round(1000 * t)) for t, _, path in slow],
        }


def figures(times: list[float]) -> dict[str, object]:
    ordered = sorted(times)
    at = {f"p{p}_ms": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 1) for p in (50, 95, 99)}
    return {"n": len(ordered), **at}


def fill(postgres: Server, file: Path) -> dict[str, object]:
    """Import the file as a library does, and give its records items."""
    manage("migrate", "-v0")
    manage("sync_site")
    began, before = time.monotonic(), os.times()
    said = manage("import_records", str(file), "--policy", "merge").strip().splitlines()[-1]
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "import": said,
        "import_seconds": round(time.monotonic() - began, 1),
        "import_python_cpu_seconds": round(cpu, 1),
        "items": give_items(postgres),
    }


def sizes(postgres: Server) -> dict[str, object]:
    with postgres.connect() as connection:
        names = ("search_document", "record", "marc", "heading", "search_tokens")
        sql = "SELECT pg_size_pretty(pg_relation_size(name)), pg_size_pretty(pg_total_relation_size(name))"
        return {
            name: connection.execute(f"{sql} FROM (SELECT 'ils.{name}'::regclass AS name) x").fetchone()
            for name in names
        }


def asked(options: argparse.Namespace, postgres: Server) -> dict[str, object]:
    """Serve the WebOPAC and ask it: just started, then again; then while the catalogue changes."""

    def change(second: int) -> None:
        """A copy goes to another library: the processes forget what they remember."""
        if second % options.change_every == 0:
            with postgres.connect() as connection:
                connection.execute(
                    "UPDATE ils.item SET library_id = (SELECT min(id) FROM ils.library WHERE id <> library_id)"
                    " WHERE id = (SELECT min(id) + %s FROM ils.item)",
                    [second],
                )

    results: dict[str, object] = {}
    for name, between in (("quiet", lambda second: None), ("changing", change)):
        with service("public") as port:
            citizens = Asked(port, Questions(postgres, seed=len(name)))
            results[f"{name}_cold"] = citizens.run(options.rate, options.seconds, between)
            results[f"{name}_warm"] = citizens.run(options.rate, options.seconds, between)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="of questions; 0: the import alone")
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--change-every", type=int, default=10, help="seconds between two changes of the catalogue")
    parser.add_argument("--keep", type=Path, help="directory of a server that stays; a filled one is asked as it is")
    options = parser.parse_args()
    result: dict[str, object] = {"load_before": os.getloadavg()}
    is_filled = bool(options.keep and (options.keep / "data" / "PG_VERSION").exists())
    with server(options.keep, **SETTINGS) as postgres:
        if is_filled:
            manage("migrate", "-v0")
        else:
            result |= fill(postgres, options.file)
        result["sizes"] = sizes(postgres)
        if options.seconds:
            result |= asked(options, postgres)
    print(json.dumps(result | {"load_after": os.getloadavg()}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
