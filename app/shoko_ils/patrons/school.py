"""Until when a child is a primary school pupil (小学生以下), by the law."""

import datetime as dt

YEARS = 12
SCHOOL_YEAR_BEGINS = (4, 1)


def primary_until(birth_date: dt.date) -> dt.date:
    """Last day as a pupil: 31 March of the school year in which the child reaches 12.

    An age is reached at the end of the day before the birthday (年齢計算ニ関スル法律), so a child of 1 April belongs to
    the year before (学校教育法17条, 同施行規則59条): 2014-04-01 gives 2026-03-31, 2014-04-02 gives 2027-03-31.
    """
    early = (birth_date.month, birth_date.day) <= SCHOOL_YEAR_BEGINS
    return dt.date(birth_date.year + YEARS + (0 if early else 1), 3, 31)


def pupil_until(birth_date: dt.date | None, today: dt.date) -> dt.date | None:
    """The last day, or None: no birth date, or no pupil any more."""
    last = primary_until(birth_date) if birth_date else None
    return last if last and last >= today else None
