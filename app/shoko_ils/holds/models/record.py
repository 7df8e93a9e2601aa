"""What is recorded when the order of a queue was not followed."""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library
from shoko_ils.holds.models.hold import Hold


class HoldMove(models.Model):
    """A change of the order of a queue: the former rank stays readable."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="moves")
    old_rank = models.PositiveIntegerField()
    new_rank = models.PositiveIntegerField()
    reason = models.CharField(max_length=100)
    moved_by = models.CharField(max_length=40, help_text="log-in ID")
    moved_on = models.DateField()

    class Meta:
        db_table = "hold_move"
        constraints = (models.CheckConstraint(name="hold_move_has_a_reason", condition=~Q(reason="")),)

    def __str__(self) -> str:
        return f"{self.hold_id}: {self.old_rank} → {self.new_rank}"


class WalkIn(models.Model):
    """How often in a month a copy was lent to who brought it to the counter while holds waited (来館者優先).

    Neither title nor day: with the day, a title would tell what the patron of an exception in the audit took home.
    """

    month = models.DateField(help_text="its first day")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12)
    loans = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField(help_text="holds that these copies could have satisfied")

    class Reason(models.TextChoices):
        ON_SHELF = "on-shelf"
        EXCEPTION = "exception"

    class Meta:
        db_table = "walk_in"
        constraints = (
            models.CheckConstraint(name="walk_in_reason", condition=Q(reason__in=["on-shelf", "exception"])),
            models.CheckConstraint(name="walk_in_first_day", condition=Q(month__day=1)),
            models.UniqueConstraint(fields=("month", "library", "reason"), name="walk_in_once"),
        )

    def __str__(self) -> str:
        return f"{self.library_id} {self.month:%Y-%m} {self.loans}"
