"""Libraries of the site, their service points and calendars."""

import datetime as dt
import uuid
from collections import defaultdict

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language

from shoko_ils.core.calendar import pattern
from shoko_ils.core.calendar.days import HORIZON, Days, Exceptional
from shoko_ils.core.edition import current, kept


class Library(models.Model):
    """A library (館) of the site; `key` is its name in the declaration."""

    key = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField()
    name_ja = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    calendar = models.JSONField(default=dict, blank=True, help_text="as core.calendar.pattern reads it")

    class Meta:
        db_table = "library"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja

    def days(self, day: dt.date | None = None, edition: uuid.UUID | None = None) -> Days:
        """Open days around `day` (default: today), for a whole piece of work; `edition`: as the caller just read it."""
        day = day or timezone.localdate()
        near = dt.timedelta(days=2 * HORIZON)
        dated = _exceptions(edition or current()).get(self.pk, ())
        found = [one for one in dated if one.first <= day + near and one.last >= day - near]
        return Days(self.key, pattern.read(self.calendar), found)

    def is_open(self, day: dt.date) -> bool:
        return self.days(day).is_open(day)

    def next_open_day(self, day: dt.date) -> dt.date:
        """`day` itself or the first open day after it; a calendar without one raises CalendarEnds."""
        return self.days(day).next_open_day(day)

    def open_day_before(self, day: dt.date) -> dt.date:
        """The last open day before `day` (前開館日); raises CalendarEnds."""
        return self.days(day).open_day_before(day)

    def open_day_after(self, day: dt.date, count: int) -> dt.date:
        """The `count`-th open day after `day`, which is not counted itself; raises CalendarEnds."""
        return self.days(day).open_day_after(day, count)


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


class CalendarException(models.Model):
    """Days on which a library is open or closed whatever its pattern says; an emergency overrules both.

    Planned ones of a library do not overlap (exclusion constraint, migration 0003). `act` is the key of an emergency
    closing, the same for all its libraries.
    """

    class Kind(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"
        EMERGENCY = "emergency"

    class Reason(models.TextChoices):
        """Why: 特別整理期間, 年末年始, 工事, 行事, 臨時開館, 台風・大雨など, 地震, 停電・設備, 感染症, その他."""

        STOCKTAKING = "stocktaking"
        NEW_YEAR = "new-year"
        WORKS = "works"
        EVENT = "event"
        STORM = "storm"
        EARTHQUAKE = "earthquake"
        POWER = "power"
        DISEASE = "disease"
        OTHER = "other"

    library = models.ForeignKey(Library, on_delete=models.CASCADE, related_name="exceptions")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    first_on = models.DateField()
    last_on = models.DateField()
    reason = models.CharField(max_length=12, choices=Reason.choices)
    made_by = models.CharField(max_length=40, blank=True, help_text="log-in ID; empty: from the former calendar")
    act = models.UUIDField(null=True, blank=True)
    moved_loans = models.PositiveIntegerField(default=0, help_text="due dates that it moved")
    moved_limits = models.PositiveIntegerField(default=0, help_text="pickup-by dates that it moved")
    withdrawn_cards = models.PositiveIntegerField(default=0, help_text="postcards to be printed anew")

    class Meta:
        db_table = "calendar_exception"
        ordering = ("first_on", "library")
        constraints = (
            models.CheckConstraint(
                name="calendar_exception_in_order", condition=models.Q(last_on__gte=models.F("first_on"))
            ),
            models.CheckConstraint(
                name="calendar_exception_kind", condition=models.Q(kind__in=["open", "closed", "emergency"])
            ),
            models.CheckConstraint(
                name="calendar_exception_act_of_emergency",
                condition=models.Q(kind="emergency", act__isnull=False)
                | (~models.Q(kind="emergency") & models.Q(act__isnull=True)),
            ),
            models.UniqueConstraint(fields=("act", "library"), name="calendar_exception_act_once"),
        )

    def __str__(self) -> str:
        return f"{self.library.key} {self.kind} {self.first_on} to {self.last_on}"

    def as_days(self) -> Exceptional:
        emergency = self.kind == self.Kind.EMERGENCY
        return Exceptional(self.first_on, self.last_on, self.kind == self.Kind.OPEN, rank=int(emergency))


@kept
def _exceptions() -> dict[int, list[Exceptional]]:
    """The exceptions of each library."""
    found: dict[int, list[Exceptional]] = defaultdict(list)
    for one in CalendarException.objects.all():
        found[one.library_id].append(one.as_days())
    return dict(found)
