"""Dates of every era."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoko_ils.core import dates


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1970-01-02", dt.date(1970, 1, 2)),
        ("1970/1/2", dt.date(1970, 1, 2)),
        ("19700102", dt.date(1970, 1, 2)),
        ("1970年1月2日", dt.date(1970, 1, 2)),
        ("S45.1.2", dt.date(1970, 1, 2)),
        ("s45/01/02", dt.date(1970, 1, 2)),
        ("Ｓ４５．１．２", dt.date(1970, 1, 2)),
        ("3450102", dt.date(1970, 1, 2)),
        ("昭和45年1月2日", dt.date(1970, 1, 2)),
        ("昭和 45 年 1 月 2 日", dt.date(1970, 1, 2)),
        ("令和元年5月1日", dt.date(2019, 5, 1)),
        ("R1.5.1", dt.date(2019, 5, 1)),
        ("H31.4.30", dt.date(2019, 4, 30)),
        ("S64.1.7", dt.date(1989, 1, 7)),
        ("H1.1.8", dt.date(1989, 1, 8)),
        ("T1.7.30", dt.date(1912, 7, 30)),
        ("M45.7.30", dt.date(1912, 7, 30)),
        ("S1.12.25", dt.date(1926, 12, 25)),
        ("T15.12.25", dt.date(1926, 12, 25)),
        ("R6.2.29", dt.date(2024, 2, 29)),
    ],
)
def test_a_date_is_read_as_it_is_written(text: str, day: dt.date) -> None:
    assert dates.parse(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "S64.1.8",
        "H31.5.1",
        "R1.4.30",
        "S0.1.1",
        "1970-2-30",
        "R5.2.29",
        "3640108",
        "6010101",
        "T15.12.26",
        "45",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(dates.NotADate):
        dates.parse(text)


@given(st.dates(dt.date(1868, 1, 25), dt.date(2100, 12, 31)))
def test_every_day_survives_the_way_through_its_era(day: dt.date) -> None:
    assert dates.parse(dates.by_era(day)) == day == dates.parse(day.isoformat())
