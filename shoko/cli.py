"""The `shoko` command: finds the area that a command belongs to, and shows errors as one line.

An area is imported only when one of its commands is called, so that `shoko check` does not pay for the lab.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from shoko import __version__
from shoko.errors import ShokoError

# Command to the module whose `register(subparsers)` adds it; each sets `run`, a function from the parsed
# arguments to the exit code.
AREAS = {
    "check": "shoko.declaration.commands",
    "ask": "shoko.ask.commands",
    "topology": "shoko.topology.commands",
    "bootstrap": "shoko.bootstrap.commands",
    "diff": "shoko.diff.commands",
    "drift": "shoko.drift.commands",
    "integrity": "shoko.integrity.commands",
    "lab": "shoko.lab.commands",
    "matrix": "shoko.matrix.commands",
    "prove": "shoko.proof.commands",
    "trust": "shoko.trust.commands",
    "usb": "shoko.usb.commands",
    "window": "shoko.window.commands",
}


class Area(Protocol):
    """A module that adds commands."""

    def register(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Add the area's commands."""


def parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser: with the one area that the arguments name, or with all of them (for help and mistakes)."""
    top = argparse.ArgumentParser(
        prog="shoko", description="A network-segmented library information system from one declaration."
    )
    top.add_argument("--version", action="version", version=f"shoko {__version__}")
    commands = top.add_subparsers(dest="area", metavar="COMMAND", required=True)
    named = arguments[0] if arguments else ""
    for module in [AREAS[named]] if named in AREAS else dict.fromkeys(AREAS.values()):
        area: Area = importlib.import_module(module)
        area.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 success, 1 refused, 2 wrong usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = parser(arguments).parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except ShokoError as error:
        print(f"shoko: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("shoko: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`shoko topology | head`): nothing is left to say, not at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
