"""`shoko diff OLD NEW`: which packets a change of the declaration newly permits and denies, and which USB devices."""

from __future__ import annotations

import argparse

from shoko.declaration.checks.context import NOTHING_EXPIRED
from shoko.diff.allowlist import site_changes
from shoko.diff.compare import changes
from shoko.diff.devices import device_changes
from shoko.diff.places import declaration_at
from shoko.diff.report import lines, record


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `diff`."""
    parser = subparsers.add_parser(
        "diff",
        help="which packets a change of the declaration newly permits and newly denies, and which USB devices",
        description="Compares what two declarations permit, for every packet, at the forward proxies and on the USB "
        "ports of terminals, and touches nothing. A declaration is a site's directory, or REVISION:DIRECTORY as git "
        "names it (shoko diff HEAD:inventories/lab inventories/lab). Exit 0: both permit the same. Exit 1: they "
        "differ. Exit 2: a declaration cannot be read.",
    )
    parser.add_argument("old", metavar="OLD", help="the declaration before the change")
    parser.add_argument("new", metavar="NEW", help="the declaration after it")
    parser.add_argument("--json", action="store_true", help="for machines, with the addresses")
    parser.set_defaults(run=_diff)


def _diff(options: argparse.Namespace) -> int:
    # What has expired since was still enforced under the old declaration.
    old, new = declaration_at(options.old, NOTHING_EXPIRED), declaration_at(options.new)
    found, sites, devices = changes(old, new), site_changes(old, new), device_changes(old, new)
    if options.json:
        print(record(old, new, found, sites, devices))
    else:
        print("\n".join(lines(old, new, found, sites, devices)))
    return 1 if found or sites or devices else 0
