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
    link = models.CharField(max_length=64, unique=True, db_default="")

    class Meta:
        db_table = "audit_event"
        constraints = (models.CheckConstraint(name="audit_action", condition=Q(action__regex=r"^[a-z][a-z0-9-]*$")),)

    def __str__(self) -> str:
        return f"{self.id} {self.action}"
