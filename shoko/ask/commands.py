"""`shoko ask`: may A open this service to B?"""

from __future__ import annotations

import argparse

from shoko.ask.record import record
from shoko.ask.report import lines
from shoko.ask.result import ask
from shoko.declaration.commands import add_site


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `ask`."""
    parser = subparsers.add_parser(
        "ask",
        help="may A open a service to B: by which flow and rules, or what denies it",
        description="Answers one question from the declaration, offline. Says why and by which rules, or what denies "
        "it and which change would permit it. Exit 0: yes, or partly (something of a zone or of several ports is "
        "permitted). Exit 1: no, nothing is. Exit 2: no answer (an unknown name, an address that belongs nowhere, a "
        "declaration with mistakes).",
    )
    add_site(parser)
    end = "a zone, segment (zone.segment), host, vip, person, external party or address; kind:name if ambiguous"
    parser.add_argument("--from", dest="start", required=True, metavar="A", help=f"who opens: {end}")
    parser.add_argument("--to", dest="end", required=True, metavar="B", help="to whom: the same")
    parser.add_argument("--service", required=True, metavar="S", help="a declared service, or tcp/PORT, udp/PORT")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer; 0 if anything is permitted, 1 if nothing is."""
    result = ask(options.inventory, options.start, options.end, options.service)
    print(record(result) if options.json else "\n".join(lines(result)))
    return 0 if result.answer.grants else 1
