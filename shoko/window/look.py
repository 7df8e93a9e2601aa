"""What is open: the elements that hosts hold for windowed flows, and until when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from shoko.declaration.model import Declaration
from shoko.window.errors import WindowError
from shoko.window.plan import openings
from shoko.window.remote import Answer, ask

PROGRAM = "/usr/local/sbin/shoko-window"
Ends = dict[str, dict[float, list[str]]]  # by flow: the ends (seconds of the epoch) with the hosts where they count


def ends(declaration: Declaration, config: Path | None, flows: Sequence[str]) -> tuple[Ends, list[Answer]]:
    """Return what is open of these flows, and the answers of hosts that did not say."""
    hosts = dict.fromkeys(opening.host for flow in flows for opening in openings(declaration, flow))
    answers = ask(declaration, config, [PROGRAM, "list"], dict.fromkeys(hosts, ""))
    found: Ends = {}
    for answer in answers:
        for flow, end in (json.loads(answer.output) if not answer.error else {}).items():
            found.setdefault(flow, {}).setdefault(end, []).append(answer.host)
    return found, [answer for answer in answers if answer.error]


def open_until(declaration: Declaration, config: Path | None, person: str, now: datetime) -> datetime | None:
    """Return until when a person's windowed flows let that person in, everywhere; None if no window is open.

    WindowError where a host does not answer: nobody knows then.
    """
    own = [flow for flow in declaration.flows.values() if flow.source.person == person and flow.window is not None]
    by_command = [flow.name for flow in own if flow.window is not None and flow.window.by_command]
    found, failed = ends(declaration, config, by_command) if by_command else ({}, [])
    if failed:
        raise WindowError("; ".join(f"{answer.host}: {answer.error}" for answer in failed))
    open_: list[datetime] = []
    for flow in own:
        window = flow.window
        if window is not None and window.start is not None and window.end is not None:
            if window.start <= now < window.end:
                open_.append(window.end)
            continue
        there = found.get(flow.name, {})
        if there and sum(map(len, there.values())) == len(openings(declaration, flow.name)):
            open_.append(datetime.fromtimestamp(min(there), UTC))
    return max(open_, default=None)
