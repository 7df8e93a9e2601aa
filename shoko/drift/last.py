"""What the control node's own watch found last, for people."""

from __future__ import annotations

import json
from pathlib import Path

from shoko.declaration.model import Declaration
from shoko.drift.alerts import State
from shoko.drift.changes import DRIFT, NO_DRIFT, UNREAD
from shoko.drift.errors import DriftError
from shoko.window.remote import ask

CONTROL = "control"  # the group of the control node
FILE = "/var/lib/shoko-drift/state.json"


def last(declaration: Declaration, config: Path | None) -> int:
    """Print what the watch said last and when; the exit code is that of `shoko drift`."""
    hosts = [host.name for host in declaration.group(CONTROL)]
    if not hosts:
        raise DriftError(f"no host of group {CONTROL}: nobody watches this site")
    answer = ask(declaration, config, ["cat", FILE], {hosts[0]: ""})[0]
    if answer.error is not None:
        raise DriftError(f"{hosts[0]}: {FILE}: {answer.error}; is shoko-drift.service running there?")
    try:
        state = State.of(json.loads(answer.output))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise DriftError(f"{hosts[0]}: {FILE} is not what the watch writes ({problem!r})") from problem
    print(f"looked last at {state.at}" + (", during a run: nothing is told before its end" if state.held else ""))
    for told in (state.told, state.unread):
        for host, words in told.items():
            for text in words.values() if isinstance(words, dict) else [words]:
                print(f"{host}: {text}")
    if state.told:
        return DRIFT
    return UNREAD if state.unread else NO_DRIFT
