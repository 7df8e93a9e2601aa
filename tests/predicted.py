#!/usr/bin/env python3
"""Compares what a `--check` run predicted with what the run after it did: `tests/predicted.py PLAN RECORD`.

Both are files that the callback `shoko.core.plan` wrote (SHOKO_PLAN_FILE). Each host is one check: the same files in
the same way (new, changed, rights, removed), the same packets newly permitted and denied, the same packages, the same
units due. A difference is printed with its host.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Page = dict[str, dict[str, Any]]


def differences(plan: Page, record: Page) -> dict[str, list[str]]:
    """Return, for every host that either page names, what only one of them has; an empty list if nothing."""
    kinds = {"files": _files, "packets": _packets, "packages": list, "due": list}
    if set(plan) != set(record) or not set(kinds) <= set(plan):
        raise ValueError(f"these are no two pages of one callback: {sorted(plan)} and {sorted(record)}")
    hosts = sorted({host for page in (plan, record) for kind in page if kind != "sent_twice" for host in page[kind]})
    found: dict[str, list[str]] = {host: [] for host in hosts}
    for host in hosts:
        for kind, said in kinds.items():
            predicted = set(said(plan[kind].get(host, {})))
            done = set(said(record[kind].get(host, {})))
            found[host] += [f"{kind}: predicted, not done: {one}" for one in sorted(predicted - done)]
            found[host] += [f"{kind}: done, not predicted: {one}" for one in sorted(done - predicted)]
    return found


def _files(changes: dict[str, str]) -> list[str]:
    return [f"{change} {path}" for path, change in changes.items()]


def _packets(both: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for verb, entries in both.items():
        for one in entries:
            for way in one["ways"]:
                yield f"{verb} {one['chain']} {one['flow']} {one['from']} → {one['to']} {' '.join(map(str, way))}"


def main(arguments: list[str]) -> int:
    """Print every difference and `N passed, N failed`; 0 when there is no difference and something to compare."""
    plan, record = (json.loads(Path(name).read_text()) for name in arguments)
    found = differences(plan, record)
    for host, lines in found.items():
        for line in lines:
            print(f"{host}: {line}")
    wrong = sum(bool(lines) for lines in found.values())
    for host, tasks in record.get("sent_twice", {}).items():
        print(f"{host}: a connection broke, so these were sent twice: {'; '.join(tasks)}")
    files = sum(len(changes) for changes in record["files"].values())
    print(f"{len(found)} hosts, {files} files written")
    print(f"{len(found) - wrong} passed, {wrong} failed")
    return 0 if files and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
