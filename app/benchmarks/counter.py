"""What a scan at the counter costs the staff service: `python -m benchmarks.counter [--rounds N] [--profile]`.

The service's WSGI application in this process, with the role of staff, on a PostgreSQL of its own with the
demonstration library. A card, four loans and four returns make a round, asked for as the counter's script does.
Printed as one line of JSON, for a scan that lends and one that returns: statements, processor time of this process (the
machine's other work is not in it) and the time that passed. `--profile` prints where the processor time goes.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import re
import statistics
import sys
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from benchmarks.counters import free
from benchmarks.server import manage, server
from tests import cluster

HOST = "staff.benchmark"
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|key|sitting)" value="([^"]*)"')
ITEMS = 4


class Browser:
    """A counter's browser: cookies, the hidden fields of its page, and no network between it and the service."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application, self.cookies, self.fields = application, {}, {}

    def ask(self, path: str, **fields: str) -> str:
        """Get a page, or post its hidden fields and these; follow one redirection."""
        body = urllib.parse.urlencode({**self.fields, **fields}).encode() if fields else b""
        head: dict[str, Any] = {}
        environ = {
            "REQUEST_METHOD": "POST" if fields else "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": HOST,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": HOST,
            "HTTP_ORIGIN": f"https://{HOST}",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "HTTP_ACCEPT_LANGUAGE": "ja",
            "HTTP_X_SHOKO_ANSWER": "1",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        answer = self.application(environ, lambda status, headers: head.update(status=status, headers=headers))
        page = b"".join(answer).decode()
        answer.close()
        for name, value in head["headers"]:
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        if head["status"].startswith("302"):
            return self.ask(dict(head["headers"])["Location"])
        if not head["status"].startswith("200"):
            sys.exit(f"{path}: {head['status']} {page[:500]}")
        self.fields = dict(HIDDEN.findall(page)) or self.fields
        return page


class Scans:
    """Scans of one counter, each with its statements, processor time and time."""

    def __init__(self, browser: Browser) -> None:
        from django.db import connection  # noqa: PLC0415  # after the settings

        self.browser, self.connection = browser, connection
        self.rows: dict[str, list[tuple[int, float, float]]] = {"lend": [], "return": []}
        self.said: list[str] = []

    def scan(self, what: str, path: str, code: str, proof: str) -> None:
        count = 0

        def counted(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            nonlocal count
            count += 1
            self.said.append(sql)
            return execute(sql, *rest)

        self.said.clear()
        with self.connection.execute_wrapper(counted):
            began, used = time.perf_counter(), time.process_time()
            page = self.browser.ask(path, scan=code)
            row = (count, time.process_time() - used, time.perf_counter() - began)
        if proof not in page:
            sys.exit(f"{what} {code}: not done as asked")
        self.rows[what].append(row)


def _measure(rounds: int, *, profile: bool) -> dict[str, Any]:
    from shoko_ils.wsgi_staff import application  # noqa: I001, PLC0415  # sets Django up
    from shoko_ils.core.models import Library  # noqa: PLC0415

    browser = Browser(application)
    browser.ask("/login/")
    library = str(Library.objects.get(key="south").pk)
    browser.ask("/login/", login_id="demo", password=cluster.DEMO_PASSWORD, library=library)
    items, cards = free(cluster.SERVER, ITEMS, 20)
    scans = Scans(browser)
    profiler = cProfile.Profile()
    for number in range(rounds):
        if number == 1 and profile:  # everything is loaded by then
            profiler.enable()
        browser.ask("/lend/")
        browser.ask("/lend/", scan=cards[number % len(cards)])
        for item in items:
            scans.scan("lend", "/lend/", item, f'"number">{item}<')
        lent = list(scans.said)
        browser.ask("/return/")
        for item in items:
            scans.scan("return", "/return/", item, 'class="kind-')
    profiler.disable()
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(90)
        print(*lent, "", *scans.said, sep="\n")
    return {what: _figures(rows[ITEMS:]) for what, rows in scans.rows.items()}


def _figures(rows: list[tuple[int, float, float]]) -> dict[str, Any]:
    statements, used, passed = zip(*rows, strict=True)
    cuts = {f"{name}_p{p}_ms": round(1000 * statistics.quantiles(values, n=100)[p - 1], 1)
            for name, values in (("processor", used), ("passed", passed)) for p in (50, 95)}  # fmt: skip
    return {"n": len(rows), "statements": max(statements), **cuts}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with server(shared_buffers="512MB"):
        manage("migrate", "-v0")
        manage("load_demo", "-v0")
        manage("collectstatic", "--noinput", "-v0", service="staff")
        os.environ |= {"SHOKO_ALLOWED_HOSTS": HOST}
        result: dict[str, Any] = {"load_before": os.getloadavg()}
        result |= _measure(options.rounds, profile=options.profile)
        result["load_after"] = os.getloadavg()
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
