"""Measures import and search on a PostgreSQL of its own: `python -m benchmarks.catalogue FILE [--seconds N]`.

Imports FILE with the command that a library uses, gives the records items in four libraries (1.5 each), serves the
WebOPAC with gunicorn and asks it at a fixed rate, whether answers come or not (open loop): the time of an answer
counts from when it was due. Prints one line of JSON. The machine's load is printed, because it is part of the result.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

from benchmarks.server import APP, manage, server
from tests import cluster

PORT = 18_441
SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "jit": "off",
    "max_wal_size": "4GB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
}
# kinds of questions: very common words, pairs of words, names, kana, long words, rare titles, numbers, mistakes
QUESTIONS = (
    ("日本", 8),
    ("歴史", 6),
    ("図書館", 5),
    ("学校", 4),
    ("日本の歴史", 5),
    ("日本 経済 入門", 5),
    ("世界の文化", 4),
    ("夏目漱石", 6),
    ("なつめそうせき", 4),
    ("こころ", 5),
    ("走れメロス", 6),
    ("はしれめろす", 4),
    ("プログラミング", 5),
    ("コンピュータ 教育", 4),
    ("心理学 入門", 4),
    ("銀河鉄道の夜", 5),
    ("芥川 羅生門", 4),
    ("絵本 子ども", 4),
    ("キョウイク", 3),
    ("9784000000010", 3),
    ("猫", 2),
    ("銀河鉄道の昼", 2),
    ("見本書房", 2),
)


def give_items() -> int:
    with cluster.connect() as connection:
        connection.execute("SET search_path = ils")
        connection.execute(
            "INSERT INTO location (key, name_ja, name_en) VALUES ('general', '一般書架', 'General shelves')"
        )
        connection.execute(
            "INSERT INTO item (barcode, record_id, library_id, at_library_id, location_id, call_number, condition,"
            " library_use_only, material_class_id)"
            " SELECT lpad(row_number() OVER ()::text, 10, '0'), r.id, l.id, l.id, 1, '913', 'normal',"
            " false, 1 FROM record r, generate_series(1, 1 + (r.id % 2)::int) AS copy(n), LATERAL"
            " (SELECT id FROM library ORDER BY position OFFSET (r.id + n) % 4 LIMIT 1) AS l"
        )
        connection.execute("VACUUM ANALYZE")
        return connection.execute("SELECT count(*) FROM item").fetchone()[0]


def ask(path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("GET", path, headers={"Host": "localhost"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def open_loop(rate: float, seconds: int) -> dict[str, object]:
    draw = random.Random(1)  # noqa: S311
    times: list[tuple[float, str]] = []
    bad: list[int] = []

    def one(due: float, question: str) -> None:
        status = ask("/search/?q=" + urllib.parse.quote(question))
        times.append((time.monotonic() - due, question))
        if status != 200:
            bad.append(status)

    threads, began = [], time.monotonic()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        question = draw.choices([q for q, _ in QUESTIONS], [w for _, w in QUESTIONS])[0]
        threads.append(threading.Thread(target=one, args=(due, question)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    ordered = sorted(seconds for seconds, _ in times)
    slowest = sorted(
        {question: max(t for t, q in times if q == question) for _, question in times}.items(), key=lambda p: -p[1]
    )
    found = {f"p{p}_ms": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 1) for p in (50, 95, 99)}
    return {"n": len(times), "not_200": len(bad), **found, "slowest": [(q, round(1000 * t)) for q, t in slowest[:5]]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="of questions; 0: the import alone")
    parser.add_argument("--rate", type=float, default=10)
    options = parser.parse_args()
    result: dict[str, object] = {"load_before": os.getloadavg()}
    with server(**SETTINGS):
        manage("migrate", "-v0")
        manage("sync_site")
        began, before = time.monotonic(), os.times()
        result["import"] = manage("import_records", str(options.file), "--policy", "merge").strip().splitlines()[-1]
        after = os.times()
        result["import_seconds"] = round(time.monotonic() - began, 1)
        result["import_python_cpu_seconds"] = round(
            after.children_user + after.children_system - before.children_user - before.children_system, 1
        )
        if not options.seconds:
            print(json.dumps(result | {"load_after": os.getloadavg()}, ensure_ascii=False))
            return 0
        result["items"] = give_items()
        with cluster.connect() as connection:
            for name in ("search_document", "record", "marc", "heading"):
                sizes = (f"pg_size_pretty(pg_{kind}_size('ils.{name}'))" for kind in ("relation", "total_relation"))
                sql = f"SELECT {', '.join(sizes)}"
                result[f"size_{name}"] = connection.execute(sql).fetchone()
            result["size_search_tokens"] = connection.execute(
                "SELECT pg_size_pretty(pg_relation_size('ils.search_tokens'))"
            ).fetchone()
        manage("collectstatic", "--noinput", service="public")
        service = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:shoko_ils.gunicorn", "shoko_ils.wsgi_public"],
            cwd=APP,
            env=os.environ | {"SHOKO_BIND": f"127.0.0.1:{PORT}"},
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(3)
            for question, _ in QUESTIONS:
                ask("/search/?q=" + urllib.parse.quote(question))
            result["search"] = open_loop(options.rate, options.seconds)
        finally:
            service.terminate()
            service.wait()
        result["load_after"] = os.getloadavg()
    print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
