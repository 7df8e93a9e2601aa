"""A crawler that asks the WebOPAC 50 times a second, and heeds nothing, while counters lend and take back.

`python -m benchmarks.crawler DIRECTORY [--rate N] [--seconds N] [--rounds N]`, on a settled city (`benchmarks.city`).
Both services as a site runs them (`stack.py`), the WebOPAC behind the limits of the role `entry`. Counters alone and
with the crawler take turns, round by round, so that what else the machine does meets both. The crawler is a process of
its own and walks records and searches with facets that nobody asked before. Prints one line of JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import urllib.parse
from collections import Counter as Tally
from pathlib import Path

from benchmarks.catalogue import SETTINGS
from benchmarks.counters import PACE, Counters
from benchmarks.desk import figures
from benchmarks.questions import NARROWINGS, Questions
from benchmarks.server import server
from benchmarks.stack import entry_limits, service
from tests import cluster
from tests.cluster import Server

BUSY = 10  # seconds, as the role's page says


def limits() -> tuple[str, str]:
    """The words of the role `entry` on how much one client may ask, for nginx's two levels."""
    found = entry_limits()
    return (
        "  limit_req_zone $binary_remote_addr zone=requests:10m rate={entry_rate}r/s;\n"
        "  limit_req_zone $binary_remote_addr zone=pages:10m rate={entry_page_rate}r/s;\n"
        "  limit_req_status 429;\n".format_map(found),
        "    limit_req zone=requests burst={entry_burst} nodelay;\n"
        "    limit_req zone=pages burst={entry_page_burst} nodelay;\n"
        "    error_page 429 @busy;\n"
        f"    location @busy {{{{ internal; add_header Retry-After {BUSY} always; return 429 'busy'; }}}}\n".format_map(
            found
        ),
    )


def ways(postgres: Server, count: int) -> list[str]:
    """Where a crawler goes: records by number, and from every page of results on to its facets."""
    tail = Questions(postgres, seed=3).tail
    made = []
    for number in range(count):
        query = urllib.parse.quote(tail[number % len(tail)])
        made.append(
            f"/records/{1 + number * 37}/" if number % 5 < 3 else f"/search/?q={query}&{NARROWINGS[number % 5]}"
        )
    return made


def walking(port: int, options: argparse.Namespace, paths: list[str]) -> subprocess.Popen[str]:
    """The crawler, under way."""
    certificate = cluster.ROOT / "public" / "certificate.pem"
    command = (Path(__file__).with_name("walker.py"), port, certificate, options.rate, options.seconds)
    started = subprocess.Popen(
        [sys.executable, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if started.stdin:
        started.stdin.write("\n".join(paths))
        started.stdin.close()
    return started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=int, default=60, help="of each turn")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--counters", type=int, default=10)
    options = parser.parse_args()
    result: dict[str, object] = {"load_before": os.getloadavg(), "limits": entry_limits()}
    everywhere, server_words = limits()
    times: dict[str, list[float]] = {"alone": [], "beside": []}
    answers: Tally[str] = Tally()
    with (
        server(options.place, **SETTINGS) as postgres,
        service("staff") as staff,
        service("public", limits=everywhere, server=server_words, nice=10) as public,
    ):
        counters = Counters(postgres, staff, options.counters)
        counters.run(4, 0)
        paths = ways(postgres, int(options.rate * options.seconds))
        for turn in range(2 * options.rounds):
            name = ("alone", "beside")[turn % 2]
            crawler = walking(public, options, paths) if name == "beside" else None
            made = counters.times(options.seconds, PACE)
            times[name] += made["lend"] + made["return"]
            result["not_as_asked"] = result.get("not_as_asked", 0) + len(made["wrong"])  # type: ignore[operator]
            if crawler and crawler.stdout:
                answers.update(json.loads(crawler.stdout.read()))
                crawler.wait()
    shown = {name: figures(each, options.seconds * options.rounds) for name, each in times.items()}
    result |= shown | {
        "crawler": answers,
        "p95_rises_by": round(shown["beside"]["p95_ms"] / shown["alone"]["p95_ms"] - 1, 3),
    }
    print(json.dumps(result | {"load_after": os.getloadavg()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
