"""`shoko usb`: the registered devices as policies for terminals that run Windows."""

from __future__ import annotations

import argparse
from pathlib import Path

from shoko.declaration import load
from shoko.declaration.commands import add_site
from shoko.usb.windows import policy


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `usb`."""
    parser = subparsers.add_parser(
        "usb",
        help="render device control for terminals that run Windows",
        description="Writes, per host under device control, a registry file with Windows' device installation "
        "restrictions. Rendered and checked for syntax only: no Windows ran it.",
    )
    add_site(parser)
    parser.add_argument("--windows", type=Path, required=True, metavar="DIR", help="where to write HOST.reg")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the files and say where they are."""
    declaration = load(options.inventory)
    options.windows.mkdir(parents=True, exist_ok=True)
    written = 0
    for host in declaration.hosts.values():
        content = policy(declaration, host)
        if content is not None:
            (options.windows / f"{host.name}.reg").write_bytes(content)
            written += 1
    print(f"{options.windows}: registry policies of {written} hosts; checked for syntax, never run on Windows")
    return 0
