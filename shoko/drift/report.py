"""Drift for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator

from shoko.declaration.model import Declaration
from shoko.drift.changes import DRIFT, NO_DRIFT, UNREAD, Change, HostDrift, verdict
from shoko.drift.together import NAME

_RESULTS = {NO_DRIFT: "no drift", DRIFT: "drift", UNREAD: "unread"}


def lines(found: list[HostDrift]) -> Iterator[str]:
    """Yield the report for people: one line for each change, host by host, then one for all."""
    for one in found:
        for reason in one.unread:
            yield f"{one.host}: UNREAD: {reason}"
        for change in one.changes:
            yield f"{one.host}: {change.text} [{change.ident}]"
    yield summary(found)


def summary(found: list[HostDrift]) -> str:
    """Return what was found, in one line."""
    changes = sum(len(one.changes) for one in found)
    unread = [one.host for one in found if one.unread]
    hosts = sum(one.host != NAME for one in found)
    said = f"{_RESULTS[verdict(found)]}: {hosts - len(unread)} of {hosts} hosts read"
    if changes:
        said += f", {changes} change{'s' if changes > 1 else ''}"
    return said + (f"; not (wholly) read: {', '.join(unread)}" if unread else "")


def record(declaration: Declaration, found: list[HostDrift]) -> str:
    """Return the report as JSON text."""
    content = {
        "site": declaration.key,
        "declaration_digest": declaration.digest,
        "result": _RESULTS[verdict(found)],
        "hosts": [
            {
                "host": one.host,
                "result": _RESULTS[verdict([one])],
                "unread": list(one.unread),
                "changes": [_json(change) for change in one.changes],
            }
            for one in found
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _json(change: Change) -> dict[str, object]:
    return {
        "id": change.ident,
        "area": change.area,
        "effect": change.effect,
        "sentences": list(change.sentences),
        "packet": change.packet or None,
        "cause": change.cause or None,
        "text": change.text,
    }
