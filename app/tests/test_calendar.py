"""Calendars: the real ones of a city and of a ward, exceptions, and a calendar that ends."""

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from shoko_ils.core.calendar import pattern
from shoko_ils.core.calendar.days import HORIZON, CalendarEnds, Days, Exceptional
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.demo.load import BRANCH_CALENDAR, CENTRAL_CALENDAR

WARD = {
    "closed": [
        {"weekday": "tue", "if_holiday": "next-day", "after_holiday": "next-day"},
        {"weekday": "thu", "nth": [2]},
        {"weekday": "sun", "nth": [3], "months": [2, 5, 8, 11]},
        {"from": "12-29", "to": "01-04"},
    ]
}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def closed(calendar: dict, first: str, last: str) -> list[str]:
    """Closed days from `first` to `last`."""
    days = Days("x", pattern.read(calendar))
    length = (day(last) - day(first)).days + 1
    every = [day(first) + dt.timedelta(days=n) for n in range(length)]
    return [str(each) for each in every if not days.is_open(each)]


def test_the_central_library_closes_on_second_and_fourth_wednesdays() -> None:
    assert closed(CENTRAL_CALENDAR, "2026-10-01", "2026-12-28") == [
        "2026-10-14", "2026-10-28", "2026-11-11", "2026-11-25", "2026-12-09", "2026-12-23",
    ]  # fmt: skip


def test_a_wednesday_that_is_a_holiday_moves_to_the_next_weekday() -> None:
    # 2029-05-09 is the second Wednesday; 2027-11-03 is the first, 2026-02-11 (建国記念の日) the second
    assert closed(CENTRAL_CALENDAR, "2026-02-08", "2026-02-14") == ["2026-02-12"]
    # 2026-09-23 秋分の日 is the fourth Wednesday, after 敬老の日 and the 国民の休日 between the two
    assert closed(CENTRAL_CALENDAR, "2026-09-20", "2026-09-27") == ["2026-09-24"]


def test_branches_close_on_mondays_but_not_on_holidays_and_the_last_of_august() -> None:
    # 2026-09-21 敬老の日, 09-22 国民の休日, 09-23 秋分の日: the first weekday after is the 24th
    assert closed(BRANCH_CALENDAR, "2026-09-13", "2026-09-29") == ["2026-09-14", "2026-09-24", "2026-09-28"]
    # 2026-05-04 みどりの日, 05, 06 振替休日 of Sunday 05-03: Thursday
    assert closed(BRANCH_CALENDAR, "2026-05-01", "2026-05-12") == ["2026-05-07", "2026-05-11"]
    # a Friday to Sunday never takes the Monday over: 2027-01-11 成人の日 goes to Tuesday
    assert closed(BRANCH_CALENDAR, "2027-01-05", "2027-01-17") == ["2027-01-12"]
    assert day("2026-08-31").weekday() == 0
    assert closed(BRANCH_CALENDAR, "2026-08-25", "2026-09-06") == []
    assert closed(BRANCH_CALENDAR, "2027-08-29", "2027-08-31") == ["2027-08-30"]


def test_a_branch_of_the_ward_moves_tuesdays_after_holidays() -> None:
    # Monday 2026-10-12 スポーツの日: Tuesday open, Wednesday closed
    assert closed(WARD, "2026-10-04", "2026-10-17") == ["2026-10-06", "2026-10-08", "2026-10-14"]
    # Tuesday 2026-11-03 文化の日: Wednesday closed; 11-12 second Thursday; 11-15 third Sunday
    assert closed(WARD, "2026-11-01", "2026-11-16") == ["2026-11-04", "2026-11-10", "2026-11-12", "2026-11-15"]
    # May 2026: Tuesday the 5th in a row of holidays to Wednesday the 6th: Thursday instead
    assert "2026-05-05" not in (may := closed(WARD, "2026-05-03", "2026-05-17"))
    assert may == ["2026-05-07", "2026-05-12", "2026-05-14", "2026-05-17"]
    # third Sunday only in the four months
    assert "2026-10-18" not in closed(WARD, "2026-10-18", "2026-10-18")


def test_new_year_is_closed_over_the_change_of_the_year() -> None:
    assert closed(CENTRAL_CALENDAR, "2026-12-27", "2027-01-06") == [
        "2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04",
    ]  # fmt: skip


def test_a_library_may_close_on_all_holidays_or_open_on_those_that_meet_its_day() -> None:
    assert closed({"closed": [{"holidays": True}]}, "2026-11-20", "2026-11-25") == ["2026-11-23"]
    assert closed({"closed": [{"weekday": "mon", "if_holiday": "open"}]}, "2026-11-22", "2026-11-30") == ["2026-11-30"]


def test_hours_go_by_the_weekday() -> None:
    central = pattern.read(CENTRAL_CALENDAR)
    assert central.hours_on(day("2026-12-01")) == (dt.time(9, 30), dt.time(19))  # Tuesday
    assert central.hours_on(day("2026-12-02")) == (dt.time(9, 30), dt.time(17))
    assert pattern.read({}).hours_on(day("2026-12-02")) is None


@pytest.mark.parametrize(
    ("calendar", "message"),
    [
        ({"close": []}, "calendar: unknown key 'close'"),
        ({"closed": [{"weekday": "Wed"}]}, r"closed\[0\]: 'Wed' is none of mon"),
        ({"closed": [{"weekday": "wed", "nth": [6]}]}, r"closed\[0\]\.nth: \[6\] is not a list"),
        ({"closed": [{"weekday": "wed", "if_holiday": "move"}]}, r"closed\[0\]\.if_holiday: 'move' is none of"),
        ({"closed": [{"from": "02-30", "to": "03-01"}]}, r"closed\[0\]\.from: '02-30' is no day"),
        ({"open": [{"from": "08-31"}]}, r"open\[0\]\.to: None is no day"),
        ({"closed": ["mon"]}, r"closed\[0\]: not a mapping"),
        ({"hours": [{"from": "19:00", "to": "09:00"}]}, r"hours\[0\]: opens at 19:00"),
    ],
)
def test_a_wrong_declaration_says_where(calendar: dict, message: str) -> None:
    with pytest.raises(pattern.BadCalendar, match=message):
        pattern.read(calendar)


def test_exceptions_go_both_ways_and_an_emergency_is_the_strongest() -> None:
    days = Days(
        "x",
        pattern.read(CENTRAL_CALENDAR),
        [
            Exceptional(day("2026-12-09"), day("2026-12-09"), is_open=True),
            Exceptional(day("2027-02-15"), day("2027-02-26"), is_open=False),
            Exceptional(day("2026-12-08"), day("2026-12-10"), is_open=False, rank=1),
        ],
    )
    assert days.next_open_day(day("2026-12-08")) == day("2026-12-11")
    assert days.next_open_day(day("2027-02-15")) == day("2027-02-27")
    assert days.open_day_before(day("2026-12-11")) == day("2026-12-07")


def test_open_days_are_counted_without_the_day_itself() -> None:
    days = Days("x", pattern.read(BRANCH_CALENDAR))
    assert days.open_day_after(day("2026-11-28"), 7) == day("2026-12-06")  # Monday 11-30 does not count
    assert days.open_day_before(day("2026-12-01")) == day("2026-11-29")  # 返却ポスト on a Tuesday: Sunday


def test_a_calendar_that_ends_is_an_error_and_not_a_loop() -> None:
    never = Days("branch", pattern.read({"closed": [{"from": "01-01", "to": "12-31"}]}))
    for ask in (never.next_open_day, never.open_day_before, lambda start: never.open_day_after(start, 3)):
        with pytest.raises(CalendarEnds, match=f"library branch: no open day within {HORIZON} days"):
            ask(day("2026-12-01"))


@pytest.mark.django_db
def test_due_dates_of_the_demonstration_avoid_closed_days(central: Library) -> None:
    assert central.next_open_day(day("2026-12-09")) == day("2026-12-10")
    assert central.next_open_day(day("2026-12-29")) == day("2027-01-05")


@pytest.mark.django_db
def test_planned_exceptions_of_a_library_do_not_overlap(central: Library) -> None:
    def plan(library: Library, kind: str = "closed", **more: object) -> None:
        CalendarException.objects.create(
            library=library, kind=kind, first_on="2027-02-15", last_on="2027-02-26", reason="stocktaking", **more
        )

    plan(central)
    plan(Library.objects.get(key="south"))
    with pytest.raises(IntegrityError), transaction.atomic():
        plan(central, "open")
    plan(central, "emergency", act="00000000-0000-0000-0000-000000000001")
    assert central.next_open_day(day("2027-02-15")) == day("2027-02-27")


@pytest.mark.django_db
def test_the_site_file_brings_the_calendar_and_a_wrong_one_is_refused(settings, central: Library) -> None:
    def declare(**more: object) -> None:
        first, *others = settings.SITE["libraries"]
        settings.SITE = {**settings.SITE, "libraries": [{**first, **more}, *others]}

    call_command("sync_site", verbosity=0)
    central.refresh_from_db()
    assert central.calendar == CENTRAL_CALENDAR
    declare(calendar=WARD)
    call_command("sync_site", verbosity=0)
    central.refresh_from_db()
    assert central.next_open_day(day("2026-12-10")) == day("2026-12-11")
    declare(calendar={"closed": [{"weekday": "noday"}]})
    with pytest.raises(CommandError, match=r"library central: calendar\.closed\[0\]: 'noday'"):
        call_command("sync_site")
    declare(calendar={"closed": [{"from": "01-01", "to": "12-31"}]})
    with pytest.raises(CommandError, match="no open day within"):
        call_command("sync_site")
    declare(calendar={}, closed_weekdays=[0])
    with pytest.raises(CommandError, match="closed_weekdays is now"):
        call_command("sync_site")


@pytest.mark.django_db(transaction=False)
def test_the_calendar_of_the_former_release_is_carried_over() -> None:
    """Weekdays become a pattern; single days in a row become one exception."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM library WHERE key = 'south'")
        (south,) = cursor.fetchone()
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("core", "0003_calendar")
    forward = next(op.sql for op in migration.operations if "jsonb_build_object" in getattr(op, "sql", ""))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE library ADD closed_weekdays smallint[] NOT NULL DEFAULT '{}'")
        cursor.execute("CREATE TABLE closed_day (library_id bigint, day date)")
        cursor.execute("UPDATE library SET closed_weekdays = '{0,3}' WHERE id = %s", [south])
        cursor.execute(
            "INSERT INTO closed_day SELECT %s, d::date"
            " FROM generate_series('2026-12-29'::date, '2027-01-03', '1 day') d UNION ALL SELECT %s, '2027-02-01'",
            [south, south],
        )
        cursor.execute("ALTER TABLE calendar_exception DISABLE TRIGGER ALL")
        # columns that came after this migration
        cursor.execute(
            "ALTER TABLE calendar_exception ALTER moved_limits SET DEFAULT 0, ALTER withdrawn_cards SET DEFAULT 0"
        )
        cursor.execute(forward)
        cursor.execute("SELECT calendar::text FROM library WHERE id = %s", [south])
        assert json.loads(cursor.fetchone()[0]) == {"closed": [{"weekday": "mon"}, {"weekday": "thu"}]}
        cursor.execute("SELECT first_on::text, last_on::text FROM calendar_exception ORDER BY first_on")
        assert cursor.fetchall() == [("2026-12-29", "2027-01-03"), ("2027-02-01", "2027-02-01")]
