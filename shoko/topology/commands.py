"""`shoko topology`: what a site declares, as tables, for machines, or as a diagram."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from shoko.declaration import load
from shoko.declaration.commands import add_site
from shoko.errors import ShokoError
from shoko.proof.kept import read
from shoko.topology import tables
from shoko.topology.diagram import draw
from shoko.topology.report import report


class CannotWrite(ShokoError):
    """The diagram's file cannot be written."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `topology`."""
    parser = subparsers.add_parser(
        "topology",
        help="zones, hosts and flows as tables, or a network diagram",
        description="Prints what a site declares. With --svg it writes a network diagram for print (A4, landscape).",
    )
    add_site(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the diagram and print nothing")
    parser.add_argument(
        "--proof", type=Path, metavar="FILE", help="with --svg: a result of `shoko prove --json`, marks what it shows"
    )
    parser.add_argument("--lang", choices=("ja", "en"), default="ja", help="language (default: %(default)s)")
    parser.add_argument("--platform", action="store_true", help="show the flows that every host needs one by one")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the tables or the report, or write the diagram."""
    declaration = load(options.inventory)
    if options.svg is not None:
        proof = read(declaration, options.proof) if options.proof is not None else None
        try:
            options.svg.write_text(draw(declaration, options.lang, proof), encoding="utf-8")
        except OSError as error:
            raise CannotWrite(f"{options.svg}: cannot be written: {error.strerror}") from error
    elif options.json:
        print(json.dumps(report(declaration), ensure_ascii=False, indent=2))
    else:
        print(tables.zones(declaration, options.lang))
        print(tables.hosts(declaration, options.lang))
        if declaration.vips:
            print(tables.vips(declaration, options.lang))
        print(tables.services(declaration, options.lang))
        print(tables.flows(declaration, options.lang, unfold=options.platform), end="")
    return 0
