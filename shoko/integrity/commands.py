"""`shoko integrity`: which files of hosts are not as they were when somebody last answered for them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoko.declaration.commands import add_site, hosts_of
from shoko.declaration.load import load, site_directory
from shoko.declaration.model import Declaration
from shoko.drift.alerts import State
from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import Finding
from shoko.integrity.kept import Accepted, Statement, unsealed
from shoko.integrity.seal import allowed, default_directory, sealed
from shoko.proof.report import printable
from shoko.window.remote import ask, ssh_config

CONTROL = "control"  # the group of the control node
PROGRAM = "/usr/local/sbin/shoko-integrity"
SECONDS = 1800  # for all hosts together
SAME, DIFFERS, UNKNOWN = 0, 1, 2  # exit codes


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `integrity` with its verbs."""
    area = subparsers.add_parser("integrity", help="tell which files of the hosts have changed since last accepted")
    verbs = area.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser(
        "check",
        help="compare; changes nothing",
        description="Has the control node read every host's watched files and compare them with what was accepted. "
        "Exit 0: no difference. Exit 1: differences. Exit 2: something could not be compared.",
    )
    accept = verbs.add_parser(
        "accept",
        help="compare, and keep what is there now; by who answers for it",
        description="Lists what differs, as `check` does, and signs that the hosts' present state is accepted. Hosts "
        "of which nothing can be said stay as they are: exit 2.",
    )
    for verb, function in ((check, _check), (accept, _accept)):
        add_site(verb)
        verb.add_argument("--host", action="append", metavar="HOST", help="only this host; may be repeated")
        verb.add_argument("--json", action="store_true", help="print the result as JSON")
        verb.set_defaults(run=function)
    check.add_argument(
        "--last", action="store_true", help="instead of reading: what the control node's own watch found last"
    )


class Site:
    """A site's control node, as people ask it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.declaration: Declaration = load(options.inventory)
        self.hosts = hosts_of(self.declaration, options.host, IntegrityError)
        self._config = ssh_config(site_directory(options.inventory))
        self.keys: Path = default_directory(self.declaration.key)

    def said(self, *words: str, given: str = "") -> str:
        """The answer of the control node's program; IntegrityError with its last line where it fails."""
        control = [host.name for host in self.declaration.group(CONTROL)]
        if not control:
            raise IntegrityError(f"no host of group {CONTROL}: nobody compares this site's files")
        answer = ask(self.declaration, self._config, [PROGRAM, *words], {control[0]: given}, seconds=SECONDS)[0]
        if answer.error is not None:
            raise IntegrityError(f"{control[0]}: {answer.error}; has role `control` run there?")
        return answer.output

    def read(self) -> dict[str, Any]:
        """What the hosts are like now."""
        found: dict[str, Any] = json.loads(self.said("read", *self.hosts))
        return found

    def statement(self, found: dict[str, Any]) -> Statement:
        """What is accepted, as it was signed here."""
        if found["sealed"] is None:
            return Statement(self.declaration.key)
        return unsealed(found["sealed"], allowed(self.keys), self.declaration.key, "what the control node keeps")


def _check(options: argparse.Namespace) -> int:
    site = Site(options)
    if options.last:
        return _last(site)
    found = site.read()
    site.statement(found)  # whoever has root on the control node has no signature of ours
    _print(options, found["hosts"], first="nothing is kept to compare with: `shoko integrity accept`")
    if any(one["findings"] for one in found["hosts"]):
        return DIFFERS
    return UNKNOWN if any(one["unknown"] or one["first"] for one in found["hosts"]) else SAME


def _accept(options: argparse.Namespace) -> int:
    site = Site(options)
    found = site.read()
    statement = site.statement(found)
    _print(options, found["hosts"], first="first time: there was nothing to compare with")
    offered = {
        one["host"]: Accepted(one["offered"], statement.hosts[one["host"]].inputs if not one["first"] else "")
        for one in found["hosts"]
        if one["offered"] is not None
    }
    if offered:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        site.said("accept", given=sealed(site.keys, statement.with_hosts(offered, now).text()))
    return UNKNOWN if any(one["unknown"] for one in found["hosts"]) else SAME


def _last(site: Site) -> int:
    state = State.of(json.loads(site.said("last")))
    print(f"looked last at {state.at}")
    for host in site.hosts:
        for text in [*state.told.get(host, {}).values(), *([state.unread[host]] if host in state.unread else [])]:
            print(f"{host}: {printable(text)}")
    if any(host in state.told for host in site.hosts):
        return DIFFERS
    return UNKNOWN if state.at == "never" or any(host in state.unread for host in site.hosts) else SAME


def _print(options: argparse.Namespace, hosts: Sequence[dict[str, Any]], first: str) -> None:
    if options.json:
        shown = [{key: value for key, value in one.items() if key != "offered"} for one in hosts]
        print(json.dumps({"hosts": shown}, ensure_ascii=False, indent=2))
        return
    for one in hosts:
        if one["first"]:
            print(f"{one['host']}: {first}")
        if one["unknown"]:
            print(f"{one['host']}: UNKNOWN: {printable(one['unknown'])}")
        for finding in one["findings"]:
            print(f"{one['host']}: {printable(Finding(finding['path'], finding['kind'], tuple(finding['what'])).text)}")
    differ = sum(bool(one["findings"]) for one in hosts)
    silent = sum(bool(one["unknown"] or one["first"]) for one in hosts)
    print(f"{len(hosts) - silent} of {len(hosts)} hosts compared, {differ} with differences")
