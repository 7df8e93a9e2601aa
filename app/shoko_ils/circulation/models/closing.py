"""Who is to be told of an emergency closing."""

from django.db import models
from django.db.models import Q

from shoko_ils.patrons.models import Patron


class ClosingNotice(models.Model):
    """A patron whose due dates or pickup limits an emergency closing moved: once for each act, until told.

    Says how many and until when now, and names no item; it goes with the sending of the mail, and at night anyway.
    """

    act = models.UUIDField(help_text="of the closing: CalendarException.act")
    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="+")
    loans = models.PositiveSmallIntegerField()
    due_on = models.DateField(null=True, help_text="the earliest new due date")
    holds = models.PositiveSmallIntegerField()
    pickup_by = models.DateField(null=True, help_text="the earliest new pickup-by date")

    class Meta:
        db_table = "closing_notice"
        constraints = (
            models.UniqueConstraint(fields=("act", "patron"), name="closing_notice_once"),
            models.CheckConstraint(
                name="closing_notice_has_a_reason",
                condition=(Q(loans__gt=0, due_on__isnull=False) | Q(loans=0, due_on__isnull=True))
                & (Q(holds__gt=0, pickup_by__isnull=False) | Q(holds=0, pickup_by__isnull=True))
                & (Q(loans__gt=0) | Q(holds__gt=0)),
            ),
        )

    def __str__(self) -> str:
        return f"closing notice {self.pk}"
