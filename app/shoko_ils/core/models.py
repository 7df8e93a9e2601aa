"""Libraries of the site and the days on which they are closed."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import get_language

CALENDAR_HORIZON = 60


class CalendarEnds(Exception):
    """No open day within the horizon: the calendar of a library is wrong."""


class Library(models.Model):
    """A library (館) of the site; `key` is its name in the declaration."""

    key = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField()
    name_ja = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    # weekdays as datetime.date.weekday(): 0 is Monday
    closed_weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)

    class Meta:
        db_table = "library"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja

    def next_open_day(self, day: dt.date) -> dt.date:
        """`day` itself or the first open day after it; a calendar without one raises CalendarEnds."""
        exceptions = set(
            ClosedDay.objects.filter(
                library=self, day__range=(day, day + dt.timedelta(days=CALENDAR_HORIZON))
            ).values_list("day", flat=True)
        )
        for offset in range(CALENDAR_HORIZON + 1):
            candidate = day + dt.timedelta(days=offset)
            if candidate.weekday() not in self.closed_weekdays and candidate not in exceptions:
                return candidate
        raise CalendarEnds(f"library {self.key}: no open day within {CALENDAR_HORIZON} days after {day}")


class ServicePoint(models.Model):
    """A service point (図書室・窓口) beside a library: it lends and takes back, `library` is in charge of it.

    It has the calendar of its library. Loan rules may name it.
    """

    key = models.SlugField(max_length=40, unique=True)
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="service_points")
    position = models.PositiveSmallIntegerField()
    name_ja = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)

    class Meta:
        db_table = "service_point"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class ClosedDay(models.Model):
    """One day on which a library is closed besides its weekdays."""

    library = models.ForeignKey(Library, on_delete=models.CASCADE)
    day = models.DateField()

    class Meta:
        db_table = "closed_day"
        constraints = (models.UniqueConstraint(fields=("library", "day"), name="closed_day_once"),)

    def __str__(self) -> str:
        return f"{self.library.key} {self.day}"
