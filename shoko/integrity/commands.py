"""`shoko integrity`: which files of hosts are not as they were when somebody last answered for them."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from shoko.declaration.commands import add_site, hosts_of
from shoko.declaration.load import load, site_directory
from shoko.integrity.errors import IntegrityError
from shoko.integrity.fingerprint import Finding, differences, entries
from shoko.integrity.kept import Kept, default_directory
from shoko.proof.report import printable
from shoko.window.remote import Answer, ask, ssh_config

COMMAND = ("/usr/local/sbin/shoko-fingerprint",)
SECONDS = 600  # that a host may take to read its files: seconds as a rule, minutes with a slow disk
SAME, DIFFERS, UNKNOWN = 0, 1, 2  # exit codes


@dataclass(frozen=True)
class Looked:
    """What was found on one host. `unknown` says why nothing can be said; `text` is the fingerprint of now, if any."""

    host: str
    findings: tuple[Finding, ...] = ()
    unknown: str = ""
    first: bool = False  # nothing was kept of it before
    text: str = ""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `integrity` with its verbs."""
    area = subparsers.add_parser("integrity", help="tell which files of the hosts have changed since last accepted")
    verbs = area.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser(
        "check",
        help="compare; changes nothing",
        description="Has every host read its watched files and compares with what was accepted last, kept here "
        "and signed. Exit 0: no difference. Exit 1: differences. Exit 2: something could not be compared.",
    )
    accept = verbs.add_parser(
        "accept",
        help="compare, and keep what is there now; after a run, by who answers for it",
        description="Lists what differs, as `check` does, and keeps the hosts' present state as accepted. Hosts "
        "of which nothing can be said stay as they are: exit 2.",
    )
    for verb, function in ((check, _check), (accept, _accept)):
        add_site(verb)
        verb.add_argument("--host", action="append", metavar="HOST", help="only this host; may be repeated")
        verb.add_argument("--json", action="store_true", help="print the result as JSON")
        verb.add_argument("--kept", type=Path, metavar="DIR", help="where it is kept (default: outside git, per site)")
        verb.set_defaults(run=function)


def _check(options: argparse.Namespace) -> int:
    looked = _look(options, _kept(options))
    found = [
        Looked(one.host, unknown="nothing is kept to compare with: `shoko integrity accept`") if one.first else one
        for one in looked
    ]
    _print(options, found)
    if any(one.findings for one in found):
        return DIFFERS
    return UNKNOWN if any(one.unknown for one in found) else SAME


def _accept(options: argparse.Namespace) -> int:
    kept = _kept(options)
    found = _look(options, kept)
    _print(options, found)
    for one in found:
        if not one.unknown and (one.first or one.findings):
            kept.write(one.host, one.text)
    return UNKNOWN if any(one.unknown for one in found) else SAME


def _kept(options: argparse.Namespace) -> Kept:
    return Kept(options.kept or default_directory(load(options.inventory).key))


def _look(options: argparse.Namespace, kept: Kept) -> list[Looked]:
    declaration = load(options.inventory)
    hosts = hosts_of(declaration, options.host, IntegrityError)
    config = ssh_config(site_directory(options.inventory))
    answers = ask(declaration, config, COMMAND, dict.fromkeys(hosts, ""), seconds=SECONDS)
    return [_compared(answer, kept) for answer in answers]


def _compared(answer: Answer, kept: Kept) -> Looked:
    if answer.error is not None:
        return Looked(answer.host, unknown=f"cannot be read: {answer.error}; has role `integrity` run there?")
    try:
        now = entries(answer.output)
        before = kept.read(answer.host)
        if before is None:
            return Looked(answer.host, first=True, text=answer.output)
        return Looked(answer.host, tuple(differences(entries(before), now)), text=answer.output)
    except IntegrityError as problem:
        return Looked(answer.host, unknown=str(problem))


def _print(options: argparse.Namespace, found: list[Looked]) -> None:
    if options.json:
        hosts = [
            {"host": one.host, "unknown": one.unknown or None, "first": one.first,
             "findings": [asdict(finding) for finding in one.findings]}
            for one in found
        ]  # fmt: skip
        print(json.dumps({"hosts": hosts}, ensure_ascii=False, indent=2))
        return
    for one in found:
        if one.first:
            print(f"{one.host}: first time: there was nothing to compare with")
        if one.unknown:
            print(f"{one.host}: UNKNOWN: {printable(one.unknown)}")
        for finding in one.findings:
            print(f"{one.host}: {printable(finding.text)}")
    differ = sum(bool(one.findings) for one in found)
    silent = sum(bool(one.unknown) for one in found)
    print(f"{len(found) - silent} of {len(found)} hosts compared, {differ} with differences")
