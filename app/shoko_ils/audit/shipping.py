"""Prints events into the journal, which takes them to the collectors: there they are out of the database's reach.

The chain's lock lets events commit in the order of their numbers and without a gap, so one number says how far it is.
It moves after the lines are out: what a crash parts is printed twice, under the same number, rather than never.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from django.db import connection, transaction

from shoko_ils.audit.models import Event

BATCH = 500


class Out(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


@dataclass(frozen=True)
class Shipped:
    """How many events were printed; `broken`: number of the first one that does not follow the one before it."""

    count: int = 0
    broken: int | None = None


def line(event: Event) -> str:
    """One event as JSON: all that its link is made of, so that the chain can be recomputed from the lines alone."""
    told = {
        "number": event.id,
        "at": event.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": event.actor,
        "action": event.action,
        "screen": event.screen,
        "library": event.library,
        "subject": str(event.subject or ""),
        "previous": event.previous,
        "link": event.link,
    }
    return json.dumps(told) + "\n"


def ship(out: Out) -> Shipped:
    """Print the next events and keep the position; none where another server is just at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id, link FROM audit_shipped FOR UPDATE SKIP LOCKED")
        kept = cursor.fetchone()
        if kept is None:
            return Shipped()
        events = list(Event.objects.filter(id__gt=kept[0]).order_by("id")[:BATCH])
        if not events:
            return Shipped()
        _print(out, events)
        cursor.execute("UPDATE audit_shipped SET id = %s, link = %s", [events[-1].id, events[-1].link])
    return Shipped(len(events), next(_broken(kept[1], events), None))


def again(out: Out, first: int) -> None:
    """Print what was printed before, from a number on: for a gap in what a collector holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_shipped")
        (last,) = cursor.fetchone()
    _print(out, Event.objects.filter(id__range=(first, last)).order_by("id").iterator(chunk_size=BATCH))


def _print(out: Out, events: Iterable[Event]) -> None:
    for event in events:
        out.write(line(event))
    out.flush()


def _broken(link: str, events: Iterable[Event]) -> Iterator[int]:
    for event in events:
        if event.previous != link:
            yield event.id
        link = event.link
