"""The yearly pattern of a library as the site declares it: which days it closes, and its hours.

    {"closed": [{"weekday": "wed", "nth": [2, 4], "if_holiday": "next-weekday"},
                {"weekday": "sun", "nth": [3], "months": [2, 5, 8, 11]},
                {"weekday": "tue", "if_holiday": "next-day", "after_holiday": "next-day"},
                {"from": "12-29", "to": "01-04"}, {"holidays": true}],
     "open": [{"from": "08-31", "to": "08-31"}],
     "hours": [{"weekdays": ["tue", "fri"], "from": "09:30", "to": "19:00"}, {"from": "09:30", "to": "17:00"}]}

`if_holiday` says what becomes of a closing day that is a national holiday, `after_holiday` of one on the day after
a holiday: `closed` (as it is, the default), `open`, `next-day` (closes on the next day that is no holiday instead),
`next-weekday` (on the next day that is no holiday, Saturday or Sunday). `open` takes back what `closed` says.
Of `hours` the first line that fits counts.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoko_ils.core.calendar.holidays import is_holiday, next_not_holiday, next_weekday

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = tuple(range(1, 13))
NTHS = (1, 2, 3, 4, 5)
# a closing day never moves further than the longest row of holidays and weekends
FURTHEST_MOVE = 14
DAY = dt.timedelta(days=1)


class BadCalendar(ValueError):
    """The declaration of a calendar is wrong; the message says where."""


def _stay(day: dt.date) -> dt.date | None:
    return day


def _fall_out(day: dt.date) -> dt.date | None:
    return None


MOVES: dict[str, Callable[[dt.date], dt.date | None]] = {
    "closed": _stay,
    "open": _fall_out,
    "next-day": next_not_holiday,
    "next-weekday": next_weekday,
}


@dataclass(frozen=True)
class Weekly:
    """A weekday, each or the n-th of the month, in all or some months, moved by holidays."""

    weekday: int
    nth: tuple[int, ...] = NTHS
    months: tuple[int, ...] = MONTHS
    if_holiday: str = "closed"
    after_holiday: str = "closed"

    def _falls_on(self, day: dt.date) -> bool:
        return day.weekday() == self.weekday and (day.day - 1) // 7 + 1 in self.nth and day.month in self.months

    def _moved(self, day: dt.date) -> dt.date | None:
        if is_holiday(day):
            return MOVES[self.if_holiday](day)
        return MOVES[self.after_holiday](day) if is_holiday(day - DAY) else day

    def has(self, day: dt.date) -> bool:
        bases = (day - DAY * back for back in range(FURTHEST_MOVE + 1))
        return any(self._falls_on(base) and self._moved(base) == day for base in bases)


@dataclass(frozen=True)
class Span:
    """Days of every year, both ends included; it may run over New Year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def has(self, day: dt.date) -> bool:
        here = day.month, day.day
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last


@dataclass(frozen=True)
class Holidays:
    """Every national holiday."""

    def has(self, day: dt.date) -> bool:
        return is_holiday(day)


@dataclass(frozen=True)
class Hours:
    """Opening hours on some weekdays; `holidays`: on national holidays instead."""

    weekdays: tuple[int, ...]
    holidays: bool
    opens: dt.time
    closes: dt.time


@dataclass(frozen=True)
class Pattern:
    """A library's year."""

    closed: tuple[Weekly | Span | Holidays, ...] = ()
    open: tuple[Span, ...] = ()
    hours: tuple[Hours, ...] = ()

    def closes(self, day: dt.date) -> bool:
        return not any(span.has(day) for span in self.open) and any(rule.has(day) for rule in self.closed)

    def hours_on(self, day: dt.date) -> tuple[dt.time, dt.time] | None:
        """Opening and closing time of an open day; None if the site declares none."""
        for each in self.hours:
            if is_holiday(day) if each.holidays else day.weekday() in each.weekdays:
                return each.opens, each.closes
        return None


def read(data: dict[str, Any], where: str = "calendar") -> Pattern:
    """The pattern of a declaration; raises BadCalendar."""
    _keys(data, {"closed", "open", "hours"}, where)
    return Pattern(
        tuple(_closing(one, f"{where}.closed[{n}]") for n, one in enumerate(data.get("closed", []))),
        tuple(_span(one, f"{where}.open[{n}]") for n, one in enumerate(data.get("open", []))),
        tuple(_hours(one, f"{where}.hours[{n}]") for n, one in enumerate(data.get("hours", []))),
    )


def _keys(data: Any, known: set[str], where: str) -> None:
    if not isinstance(data, dict):
        raise BadCalendar(f"{where}: not a mapping")
    if unknown := sorted(set(data) - known):
        raise BadCalendar(f"{where}: unknown key {unknown[0]!r}, known are {', '.join(sorted(known))}")


def _closing(data: Any, where: str) -> Weekly | Span | Holidays:
    _keys(data, {"weekday", "nth", "months", "if_holiday", "after_holiday", "from", "to", "holidays"}, where)
    if "weekday" in data:
        _keys(data, {"weekday", "nth", "months", "if_holiday", "after_holiday"}, where)
        moves = {name: data.get(name, "closed") for name in ("if_holiday", "after_holiday")}
        for name, move in moves.items():
            if move not in MOVES:
                raise BadCalendar(f"{where}.{name}: {move!r} is none of {', '.join(MOVES)}")
        return Weekly(
            _weekday(data["weekday"], where),
            _numbers(data.get("nth", NTHS), NTHS, f"{where}.nth"),
            _numbers(data.get("months", MONTHS), MONTHS, f"{where}.months"),
            **moves,
        )
    if "holidays" in data:
        if data != {"holidays": True}:
            raise BadCalendar(f"{where}: holidays stands alone and is true")
        return Holidays()
    return _span(data, where)


def _weekday(name: Any, where: str) -> int:
    if name not in WEEKDAYS:
        raise BadCalendar(f"{where}: {name!r} is none of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name)


def _numbers(data: Any, known: tuple[int, ...], where: str) -> tuple[int, ...]:
    if not data or not isinstance(data, list | tuple) or not set(data) <= set(known):
        raise BadCalendar(f"{where}: {data!r} is not a list of numbers from {known[0]} to {known[-1]}")
    return tuple(sorted(set(data)))


def _span(data: Any, where: str) -> Span:
    _keys(data, {"from", "to"}, where)
    ends = []
    for name in ("from", "to"):
        found = re.fullmatch(r"(\d\d)-(\d\d)", str(data.get(name, "")))
        try:
            if not found:
                raise ValueError
            # a leap year: 02-29 is a day
            day = dt.date(2024, int(found[1]), int(found[2]))
        except ValueError:
            raise BadCalendar(f"{where}.{name}: {data.get(name)!r} is no day of a year such as 08-31") from None
        ends.append((day.month, day.day))
    return Span(*ends)


def _hours(data: Any, where: str) -> Hours:
    _keys(data, {"weekdays", "holidays", "from", "to"}, where)
    try:
        opens, closes = (dt.time.fromisoformat(str(data.get(name, ""))) for name in ("from", "to"))
    except ValueError:
        raise BadCalendar(f"{where}: from and to are times such as 09:30") from None
    if opens >= closes:
        raise BadCalendar(f"{where}: opens at {opens:%H:%M} and closes at {closes:%H:%M}")
    weekdays = tuple(_weekday(name, where) for name in data.get("weekdays", WEEKDAYS))
    return Hours(weekdays, bool(data.get("holidays", False)), opens, closes)
