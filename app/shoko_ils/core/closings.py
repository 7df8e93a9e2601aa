"""Emergency closings as citizens are told of them."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from shoko_ils.core.models import CalendarException, Library

AHEAD = dt.timedelta(days=7)


@dataclass(frozen=True)
class Closing:
    """Libraries that are closed from `first` to `last` in one act."""

    libraries: list[Library]
    first: dt.date
    last: dt.date


def announced() -> list[Closing]:
    """Emergency closings that are on today or begin within a week, the nearest first."""
    today = timezone.localdate()
    rows = CalendarException.objects.filter(
        kind=CalendarException.Kind.EMERGENCY, last_on__gte=today, first_on__lte=today + AHEAD
    )
    found: dict[tuple[dt.date, dt.date], list[Library]] = {}
    for row in rows.select_related("library").order_by("first_on", "last_on", "library__position"):
        libraries = found.setdefault((row.first_on, row.last_on), [])
        if row.library not in libraries:
            libraries.append(row.library)
    return [Closing(libraries, first, last) for (first, last), libraries in found.items()]
