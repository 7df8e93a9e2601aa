"""What the collectors hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from converged import Converged

COLLECTORS = ("log1", "log2")
KEPT = "/var/log/shoko"
DOMAIN = ".shoko.internal.log"


def say(site: Converged, hosts: Iterable[str], word: str) -> None:
    """Let each of the hosts log one line."""
    for host in hosts:
        site.said(host, "logger", "-p", "user.notice", "-t", "shoko-test", word)


def count(site: Converged, collector: str, host: str, word: str) -> int:
    """Lines with a word that a collector holds of a host."""
    done = site.inside(collector, "grep", "-F", "-c", "-e", word, f"{KEPT}/{host}{DOMAIN}")
    return int(done.stdout.strip() or 0)


def missing(site: Converged, hosts: Iterable[str], word: str) -> list[tuple[str, str]]:
    """Hosts of which a collector holds no line with a word, each with that collector."""
    wanted = set(hosts)
    found: list[tuple[str, str]] = []
    for collector in COLLECTORS:
        files = site.inside(collector, "sh", "-c", f"cd {KEPT} && grep -l -F -e '{word}' -- *.log").stdout.split()
        found += [(host, collector) for host in sorted(wanted - {file.removesuffix(DOMAIN) for file in files})]
    return found


def eventually(check: Callable[[], bool], within: float) -> bool:
    """Whether a check comes true in time (seconds)."""
    end = time.monotonic() + within
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True
