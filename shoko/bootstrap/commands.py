"""`shoko bootstrap`: what the installer needs to bring up a bare site."""

from __future__ import annotations

import argparse
from pathlib import Path

from shoko.bootstrap.write import write
from shoko.declaration import load
from shoko.declaration.commands import add_site


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bootstrap`."""
    parser = subparsers.add_parser(
        "bootstrap",
        help="render what an installer leaves on each host",
        description="Writes, per host, an archive of day-0 files and a part of the installer's answers; an ssh_config "
        "with known host keys for the controller; and an addressing sheet to print. Keys are made once and kept.",
    )
    add_site(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write; never inside git")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="where the keys are kept (default: OUT/keys)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write everything and say where it is."""
    declaration = load(options.inventory)
    written = write(declaration, options.out, options.keys)
    hosts = sum(path.suffix == ".tar" for path in written)
    print(f"{options.out}: day-0 archives of {hosts} hosts, preseed parts, ssh_config, known_hosts, sheet.ja.html")
    print("The archives and the keys are secret: keep them off shared places, destroy the medium after use.")
    return 0
