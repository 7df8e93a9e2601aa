#!/usr/bin/python3
"""The program /usr/local/sbin/shoko-firewall: load, apply, undo, windows, status.

  load [--forwarding]   the boot file and the open windows in one transaction; nftables.service runs it
  apply ID              the pending change (a unit that the firewall module starts runs it)
  undo [ID]             back to the former rules (the timer of a pending change runs it; so may a person)
  windows               make the timed sets hold exactly what is open now
  status                what is pending and what was confirmed, as JSON

Installed with firewall_state.py, firewall_rules.py and firewall_windows.py in one folder. Exit code 1 and one
line on standard error if it could not be done.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import firewall_rules as rules
import firewall_state as state

_LET_GO = 0.3  # seconds for the answer of the module that started the apply to leave the host


def main(arguments: list[str] | None = None) -> int:
    """Run one verb."""
    parser = argparse.ArgumentParser(prog="shoko-firewall", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--state-dir", default=state.STATE)
    parser.add_argument("--run-dir", default=state.RUN)
    verbs = parser.add_subparsers(dest="verb", required=True)
    load = verbs.add_parser("load")
    load.add_argument("--forwarding", action="store_true", help="a gateway: forward after the load, never without")
    load.add_argument("--boot-file", default=state.BOOT_FILE)
    verbs.add_parser("apply").add_argument("ident")
    verbs.add_parser("undo").add_argument("ident", nargs="?")
    verbs.add_parser("windows")
    verbs.add_parser("status")
    options = parser.parse_args(arguments)
    firewall = state.Firewall(options.state_dir, options.run_dir)
    try:
        print(_run(firewall, options))
    except (rules.FirewallError, OSError) as error:
        print(f"shoko-firewall {options.verb}: {error}", file=sys.stderr)
        return 1
    return 0


def _run(firewall: state.Firewall, options: argparse.Namespace) -> str:
    if options.verb == "status":
        told = {"pending": firewall.pending(), "confirmed": firewall.confirmed()}
        for one in told.values():  # as long as the ruleset itself
            one.pop("kernel", None)
            one.pop("permits", None)
        return json.dumps(told, indent=1)
    if options.verb == "apply":
        time.sleep(_LET_GO)
    with firewall.locked():
        if options.verb == "load":
            return firewall.load(boot_file=options.boot_file, forward=options.forwarding)
        if options.verb == "apply":
            return firewall.apply(options.ident)
        if options.verb == "undo":
            return firewall.undo(options.ident)
        problems = firewall.sync_windows(firewall.confirmed().get("tables", []))
        return "; ".join(["windows as they are open now", *problems])


if __name__ == "__main__":
    sys.exit(main())
