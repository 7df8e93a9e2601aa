"""The open and closed days of a library in the weeks to come."""

import datetime as dt
from dataclasses import dataclass

from shoko_ils.core.calendar.days import CalendarEnds
from shoko_ils.core.models import Library

WEEKS = 4


@dataclass(frozen=True)
class Day:
    day: dt.date
    is_open: bool
    is_past: bool


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
