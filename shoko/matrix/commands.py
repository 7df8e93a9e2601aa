"""`shoko matrix`: the permitted traffic between zones as a page for people."""

from __future__ import annotations

import argparse
from pathlib import Path

from shoko.declaration.commands import add_site
from shoko.declaration.load import load
from shoko.matrix.errors import MatrixError
from shoko.matrix.page import page
from shoko.proof.kept import read


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `matrix`."""
    parser = subparsers.add_parser(
        "matrix",
        help="zones by zones, who may open what, as one page",
        description="Writes a self-contained HTML page: zones by zones, the services permitted, and with a proof "
        "(shoko prove --static --json) every cell in which reality differs. It prints on one A4 sheet.",
    )
    add_site(parser)
    parser.add_argument("--html", type=Path, required=True, metavar="FILE", help="the page to write")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="a result of `shoko prove --json`")
    parser.add_argument("--lang", choices=("ja", "en"), default="ja", help="language (default: %(default)s)")
    parser.set_defaults(run=_matrix)


def _matrix(options: argparse.Namespace) -> int:
    declaration = load(options.inventory)
    proof = read(declaration, options.proof) if options.proof is not None else None
    try:
        options.html.write_text(page(declaration, options.lang, proof), encoding="utf-8")
    except OSError as error:
        raise MatrixError(f"{options.html}: cannot be written: {error.strerror}") from error
    return 0
