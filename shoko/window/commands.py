"""`shoko window`: open a declared flow for a while, close it, see what is open."""

import argparse
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from shoko.declaration import load
from shoko.declaration.model import Declaration
from shoko.window.duration import duration
from shoko.window.errors import WindowError
from shoko.window.look import PROGRAM, ends
from shoko.window.plan import openings, until, windowed_flow
from shoko.window.remote import Answer, ask, ssh_config


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `window` with its verbs to the `shoko` command."""
    window = subparsers.add_parser("window", help="open a flow with a window for a while, close it, list what is open")
    verbs = window.add_subparsers(dest="verb", required=True)
    opened = verbs.add_parser("open", help="let the flow pass from now on, for a while")
    closed = verbs.add_parser("close", help="end it now, open sessions included")
    listed = verbs.add_parser("list", help="what is open, where, and until when")
    for parser, run in ((opened, _open), (closed, _close), (listed, _list)):
        parser.add_argument("-i", "--inventory", type=Path, required=True, metavar="SITE", help="site directory")
        parser.set_defaults(run=run)
    for parser in (opened, closed):
        parser.add_argument("flow", metavar="FLOW")
    opened.add_argument("--for", dest="length", required=True, metavar="TIME", help="30m, 2h, 1h30m")


def _site(arguments: argparse.Namespace) -> tuple[Path, Declaration]:
    site = arguments.inventory.parent if arguments.inventory.is_file() else arguments.inventory
    return site, load(site)


def _open(arguments: argparse.Namespace) -> int:
    site, declaration = _site(arguments)
    flow = windowed_flow(declaration, arguments.flow)
    end = until(flow, duration(arguments.length), datetime.now(UTC))
    stdin = {opening.host: json.dumps(opening.elements) for opening in openings(declaration, flow.name)}
    answers = ask(declaration, ssh_config(site), [PROGRAM, "open", flow.name, str(int(end.timestamp()))], stdin)
    failed = [answer for answer in answers if answer.error]
    if failed:
        # Half open is closed: what did open is taken back before we say that it failed.
        ask(declaration, ssh_config(site), [PROGRAM, "close", flow.name],
            {answer.host: "" for answer in answers if not answer.error})  # fmt: skip
        raise WindowError(f"{flow.name} is not open: {_errors(failed)}")
    print(f"{flow.name} is open until {_local(end, declaration)} on {', '.join(stdin)}.")
    return 0


def _close(arguments: argparse.Namespace) -> int:
    site, declaration = _site(arguments)
    flow = windowed_flow(declaration, arguments.flow)
    hosts = [opening.host for opening in openings(declaration, flow.name)]
    failed = [
        answer
        for answer in ask(declaration, ssh_config(site), [PROGRAM, "close", flow.name], dict.fromkeys(hosts, ""))
        if answer.error
    ]
    if failed:
        raise WindowError(f"{flow.name} may still be open: {_errors(failed)}; close again, or wait for its end")
    print(f"{flow.name} is closed on {', '.join(hosts)}; its sessions are ended.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    site, declaration = _site(arguments)
    flows = [flow.name for flow in declaration.flows.values() if flow.window and flow.window.by_command]
    found, failed = ends(declaration, ssh_config(site), flows)
    for flow in flows:
        for end, where in found.get(flow, {}).items():
            print(f"{flow}: open until {_local(datetime.fromtimestamp(end, UTC), declaration)} on {', '.join(where)}")
        if flow not in found:
            print(f"{flow}: closed")
    if failed:
        raise WindowError(f"not everybody answered: {_errors(failed)}")
    return 0


def _errors(answers: Iterable[Answer]) -> str:
    return "; ".join(f"{answer.host}: {answer.error}" for answer in answers)


def _local(moment: datetime, declaration: Declaration) -> str:
    return moment.astimezone(ZoneInfo(declaration.timezone)).strftime("%Y-%m-%d %H:%M %Z")
