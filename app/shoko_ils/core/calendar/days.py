"""Open days of one library: its pattern, overruled by dated exceptions."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shoko_ils.core.calendar.pattern import Pattern

HORIZON = 366
DAY = dt.timedelta(days=1)


class CalendarEnds(Exception):
    """No open day within HORIZON days: the calendar of a library is wrong."""


@dataclass(frozen=True)
class Exceptional:
    """Days, both ends included, that are open or closed whatever the pattern says. The stronger rank wins."""

    first: dt.date
    last: dt.date
    is_open: bool
    rank: int = 0


class Days:
    """Open days of the library `name`; `exceptions` cover HORIZON days around the days that are asked for."""

    def __init__(self, name: str, pattern: Pattern, exceptions: Iterable[Exceptional] = ()) -> None:
        self.name, self.pattern = name, pattern
        self.exceptions = sorted(exceptions, key=lambda one: one.rank, reverse=True)

    def is_open(self, day: dt.date) -> bool:
        for one in self.exceptions:
            if one.first <= day <= one.last:
                return one.is_open
        return not self.pattern.closes(day)

    def _from(self, day: dt.date, step: dt.timedelta) -> Iterator[dt.date]:
        """Open days from `day` on, itself included; raises CalendarEnds after HORIZON closed ones in a row."""
        closed = 0
        while closed <= HORIZON:
            if self.is_open(day):
                closed = 0
                yield day
            else:
                closed += 1
            day += step
        way = "after" if step > dt.timedelta(0) else "before"
        raise CalendarEnds(f"library {self.name}: no open day within {HORIZON} days {way} {day - step * closed}")

    def next_open_day(self, day: dt.date) -> dt.date:
        """`day` itself or the first open day after it; raises CalendarEnds."""
        return next(self._from(day, DAY))

    def open_day_before(self, day: dt.date) -> dt.date:
        """The last open day before `day` (前開館日); raises CalendarEnds."""
        return next(self._from(day - DAY, -DAY))

    def open_day_after(self, day: dt.date, count: int) -> dt.date:
        """The `count`-th open day after `day`, which is not counted itself; raises CalendarEnds."""
        days = self._from(day + DAY, DAY)
        for _ in range(count - 1):
            next(days)
        return next(days)
