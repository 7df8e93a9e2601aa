"""Who is open today and for how long, and the open days of a library in the weeks to come."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from shoko_ils.core.calendar import pattern
from shoko_ils.core.calendar.days import CalendarEnds, Days, Exceptional
from shoko_ils.core.models import CalendarException, Library

WEEKS = 4


@dataclass(frozen=True)
class Day:
    day: dt.date
    is_open: bool
    is_past: bool


@dataclass(frozen=True)
class Opening:
    """A library on one day; `hours` is None where it is closed or declares none."""

    library: Library
    is_open: bool
    hours: tuple[dt.time, dt.time] | None


def openings(libraries: Iterable[Library], day: dt.date) -> list[Opening]:
    """Every library on a day, by one query for all."""
    exceptions: dict[int, list[Exceptional]] = {}
    for one in CalendarException.objects.filter(first_on__lte=day, last_on__gte=day):
        exceptions.setdefault(one.library_id, []).append(one.as_days())
    made = []
    for library in libraries:
        days = Days(library.key, pattern.read(library.calendar), exceptions.get(library.pk, ()))
        is_open = days.is_open(day)
        made.append(Opening(library, is_open, days.pattern.hours_on(day) if is_open else None))
    return made


def weeks(library: Library, today: dt.date) -> list[list[Day]]:
    """Four weeks from the Sunday before `today` on; empty for a library whose calendar is not declared that far."""
    sunday = today - dt.timedelta(days=(today.weekday() + 1) % 7)
    days = library.days(today)
    try:
        return [
            [
                Day(day, days.is_open(day), day < today)
                for day in (sunday + dt.timedelta(days=7 * week + n) for n in range(7))
            ]
            for week in range(WEEKS)
        ]
    except CalendarEnds:
        return []
