"""`shoko drift`: what hosts run just now against what is declared, as changes."""

from __future__ import annotations

import argparse

from shoko.declaration.commands import add_site, hosts_of
from shoko.declaration.load import load, site_directory
from shoko.drift.changes import verdict
from shoko.drift.drift import site_drift
from shoko.drift.errors import DriftError
from shoko.drift.last import last
from shoko.drift.report import lines, record
from shoko.observe.visit import visit
from shoko.window.remote import ssh_config


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `drift`."""
    parser = subparsers.add_parser(
        "drift",
        help="tell what differs on the hosts from the declaration, and who can now reach what",
        description="Reads what every host enforces and runs, and tells each difference from the declaration with who "
        "can now reach what, or no longer can. Exit 0: no drift. Exit 1: drift. Exit 2: something could not be read.",
    )
    add_site(parser)
    parser.add_argument("--host", action="append", metavar="HOST", help="only this host; may be repeated")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--last", action="store_true", help="instead of reading: what the control node's own watch found last"
    )
    parser.set_defaults(run=_drift)


def _drift(options: argparse.Namespace) -> int:
    declaration = load(options.inventory)
    hosts = hosts_of(declaration, options.host, DriftError)
    config = ssh_config(site_directory(options.inventory))
    if options.last:
        if options.host or options.json:
            raise DriftError("--last tells what the watch said; it cannot be combined with --host or --json")
        return last(declaration, config)
    found = site_drift(declaration, visit(declaration, config, hosts), hosts)
    print(record(declaration, found) if options.json else "\n".join(lines(found)))
    return verdict(found)
