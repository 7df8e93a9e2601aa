"""The audit: what staff did and whom they looked at, never with a title.

Rows are numbered, timed and linked by a trigger of the database (migration 0002); a service only says what
happened. `chain.py` recomputes the links.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Event(models.Model):
    """One act. `subject` is a patron's pseudonym and never stands together with an item."""

    id = models.BigIntegerField(primary_key=True, db_default=0)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=40, help_text="log-in ID of the person")
    action = models.CharField(max_length=30)
    screen = models.CharField(max_length=30)
    library = models.CharField(max_length=40, help_text="key of the library of the counter")
    subject = models.UUIDField(null=True, blank=True)
    previous = models.CharField(max_length=64, db_default="")
    link = models.CharField(max_length=64, db_default="")

    class Meta:
        db_table = "audit_event"
        constraints = (models.CheckConstraint(name="audit_action", condition=Q(action__regex=r"^[a-z][a-z0-9-]*$")),)

    def __str__(self) -> str:
        return f"{self.id} {self.action}"


class Report(models.Model):
    """The analysis of one month's events (S0:L604 「定期的に分析する」)."""

    month = models.DateField(unique=True, help_text="its first day")
    made_on = models.DateField()
    events = models.PositiveIntegerField(help_text="how many were looked at")

    class Meta:
        db_table = "audit_report"
        constraints = (models.CheckConstraint(name="audit_report_month", condition=Q(month__day=1)),)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Finding(models.Model):
    """Something to ask about: who, on which day, how often. A person signs it off, never the one it is about."""

    class Kind(models.TextChoices):
        """時間外, 窓口処理のない閲覧, 大量, 同姓."""

        OUT_OF_HOURS = "out-of-hours"
        NO_COUNTER_EVENT = "no-counter-event"
        BULK = "bulk"
        SAME_SURNAME = "same-surname"

    class Resolution(models.TextChoices):
        """確認済, 本人聴取, 報告."""

        OPEN = ""
        CHECKED = "checked"
        INTERVIEWED = "interviewed"
        REPORTED = "reported"

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="findings")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    actor = models.CharField(max_length=40)
    library = models.CharField(max_length=40)
    day = models.DateField()
    count = models.PositiveIntegerField()
    resolution = models.CharField(max_length=11, choices=Resolution.choices, blank=True, db_default="")
    resolved_by = models.CharField(max_length=40, blank=True, db_default="")
    resolved_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "audit_finding"
        constraints = (
            models.UniqueConstraint(fields=("report", "kind", "actor", "library", "day"), name="audit_finding_once"),
            models.CheckConstraint(
                name="audit_finding_resolved",
                condition=Q(resolution="", resolved_by="", resolved_on__isnull=True)
                | Q(resolution__gt="", resolved_by__gt="", resolved_on__isnull=False),
            ),
            models.CheckConstraint(
                name="audit_finding_not_by_oneself", condition=Q(resolved_by="") | ~Q(resolved_by=models.F("actor"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.actor} {self.day}"
