"""National holidays (国民の祝日に関する法律), with 振替休日 and 国民の休日."""

import datetime as dt
from functools import lru_cache

import jpholiday


@lru_cache(maxsize=64)
def of_year(year: int) -> dict[dt.date, str]:
    """Holidays of a year and their Japanese names."""
    return dict(jpholiday.year_holidays(year))


def is_holiday(day: dt.date) -> bool:
    return day in of_year(day.year)


def next_not_holiday(day: dt.date) -> dt.date:
    """The first day after `day` that is no holiday (翌日, and on through a row of holidays)."""
    day += dt.timedelta(days=1)
    while is_holiday(day):
        day += dt.timedelta(days=1)
    return day


def next_weekday(day: dt.date) -> dt.date:
    """The first day after `day` that is neither holiday nor Saturday nor Sunday (その後最初の平日)."""
    day += dt.timedelta(days=1)
    while is_holiday(day) or day.weekday() >= 5:
        day += dt.timedelta(days=1)
    return day
