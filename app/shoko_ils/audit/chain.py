"""Recomputes the links of the audit, apart from the database's own arithmetic."""

import datetime as dt
import hashlib
from collections.abc import Iterable

from shoko_ils.audit.models import Event

GENESIS = "0" * 64


class ChainBroken(Exception):
    """A row was changed, removed or put in; the message says which is the first one not to fit."""


def link(event: Event, previous: str) -> str:
    """SHA-256 over the previous link and the row, fields parted by U+001F, time in UTC microseconds."""
    at = event.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    fields = (
        previous,
        str(event.id),
        at,
        event.actor,
        event.action,
        event.screen,
        event.library,
        str(event.subject or ""),
    )
    return hashlib.sha256("\x1f".join(fields).encode()).hexdigest()


def verify(events: Iterable[Event]) -> tuple[int, str]:
    """Number of events and the last link; raises ChainBroken. `events` in the order of their numbers."""
    previous, count = GENESIS, 0
    for count, event in enumerate(events, start=1):
        if event.id != count:
            raise ChainBroken(f"event {count} is missing (found {event.id})")
        if event.previous != previous or event.link != link(event, previous):
            raise ChainBroken(f"event {count} was altered")
        previous = event.link
    return count, previous
