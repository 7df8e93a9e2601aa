"""Overdue stages and contacts (督促)."""

from django.db import models
from django.db.models import Q

from shoko_ils.patrons.models import Patron


class Means(models.TextChoices):
    EMAIL = "email"
    POSTCARD = "postcard"
    PHONE = "phone"


class OverdueStage(models.Model):
    """A stage of overdue notices: from how many days past due, and by which means. Site data."""

    number = models.PositiveSmallIntegerField(unique=True)
    after_days = models.PositiveSmallIntegerField(unique=True)
    means = models.CharField(max_length=8, choices=Means.choices)

    class Meta:
        db_table = "overdue_stage"
        ordering = ("number",)
        constraints = (models.CheckConstraint(name="overdue_stage_days", condition=Q(after_days__gt=0)),)

    def __str__(self) -> str:
        return f"{self.number}: {self.after_days}"


class OverdueContact(models.Model):
    """One contact with a patron about loans past due; names no item. Goes with the last of these loans."""

    class Result(models.TextChoices):
        """本人, 家族に伝言（書名は伝えない）, 留守, 不通, 返却済と申出, 発送待ち, 発送."""

        PATRON = "patron"
        FAMILY = "family"
        ABSENT = "absent"
        UNREACHABLE = "unreachable"
        SAYS_RETURNED = "says-returned"
        # a notice of the outbox is about this contact
        TO_SEND = "to-send"
        SENT = "sent"

    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="overdue_contacts")
    stage = models.PositiveSmallIntegerField()
    means = models.CharField(max_length=8, choices=Means.choices)
    result = models.CharField(max_length=13, choices=Result.choices)
    contacted_on = models.DateField()
    contacted_by = models.CharField(max_length=40, help_text="log-in ID")

    class Meta:
        db_table = "overdue_contact"
        ordering = ("-contacted_on", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("patron", "stage", "means"),
                condition=Q(result__in=["to-send", "sent"]),
                name="overdue_contact_written_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.contacted_on} {self.result}"
