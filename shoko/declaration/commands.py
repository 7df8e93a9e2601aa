"""`shoko check`: is the declaration of a site right?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from shoko.declaration.load import check, load, site_directory
from shoko.declaration.model import Declaration
from shoko.declaration.problems import Problem
from shoko.errors import ShokoError


def add_site(parser: argparse.ArgumentParser) -> None:
    """The option -i, the same for every command."""
    parser.add_argument(
        "-i",
        "--inventory",
        type=Path,
        default=Path("inventories/lab"),
        metavar="SITE",
        help="directory of the site, or its shoko.yml (default: %(default)s)",
    )


def hosts_of(declaration: Declaration, named: Sequence[str] | None, problem: type[ShokoError]) -> list[str]:
    """The hosts that --host names, each once; all if it names none. `problem` is raised where one is not declared."""
    hosts = list(dict.fromkeys(named or declaration.hosts))
    unknown = [host for host in hosts if host not in declaration.hosts]
    if unknown:
        raise problem(f"no such host: {', '.join(unknown)} (there are: {', '.join(declaration.hosts)})")
    return hosts


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `check`."""
    parser = subparsers.add_parser(
        "check",
        help="check a site's declaration offline, every mistake at once",
        description="Checks a declaration and touches nothing. Exit 0: right. Exit 1: each mistake on a line, as "
        "file:line: path: what is wrong (what is allowed).",
    )
    add_site(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print every mistake, or one line of counts."""
    site: Path = options.inventory
    problems = check(site)
    if options.json:
        print(json.dumps(_report(site, problems), ensure_ascii=False, indent=2))
    elif problems:
        for problem in problems:
            print(problem)
        print(f"{site_directory(site)}: {len(problems)} mistake{'s' if len(problems) != 1 else ''}")
    else:
        print(f"{site_directory(site)}: " + ", ".join(f"{n} {what}" for what, n in _counts(site).items()))
    return 1 if problems else 0


def _report(site: Path, problems: list[Problem]) -> dict[str, object]:
    report: dict[str, object] = {
        "site": str(site_directory(site)),
        "valid": not problems,
        "problems": [problem.as_json() for problem in problems],
    }
    if not problems:
        report["counts"] = _counts(site)
        report["digest"] = load(site).digest
    return report


def _counts(site: Path) -> dict[str, int]:
    declaration = load(site)
    return {
        "zones": len(declaration.zones),
        "segments": len(declaration.segments),
        "hosts": len(declaration.hosts),
        "services": len(declaration.services),
        "flows": sum(not flow.platform for flow in declaration.flows.values()),
        "platform flows": sum(flow.platform for flow in declaration.flows.values()),
        "sentences": len(declaration.expect),
    }
