"""Asks paths from standard input at a fixed rate, whatever the answers are: `walker.py PORT CERTIFICATE RATE SECONDS`.

A process of its own, so that the counters' own time is not in it. Prints how often which status came.
"""

import http.client
import json
import ssl
import sys
import threading
import time
from collections import Counter

CONNECTIONS = 8


def main() -> int:
    port, certificate, rate, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    paths = sys.stdin.read().split()
    statuses: Counter[str] = Counter()
    context, began = ssl.create_default_context(cafile=certificate), time.monotonic()

    def walk(first: int) -> None:
        connection = http.client.HTTPSConnection("localhost", port, timeout=60, context=context)
        for number in range(first, int(rate * seconds), CONNECTIONS):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            connection.request("GET", paths[number % len(paths)])
            answer = connection.getresponse()
            answer.read()
            silent = answer.status == 429 and not answer.headers["Retry-After"]
            statuses[f"{answer.status}{' without Retry-After' if silent else ''}"] += 1

    threads = [threading.Thread(target=walk, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses["seconds"] = round(time.monotonic() - began)
    print(json.dumps(statuses))
    return 0


if __name__ == "__main__":
    sys.exit(main())
