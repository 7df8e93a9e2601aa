"""Requests for titles that no library has."""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron


class TitleRequest(models.Model):
    """A wish for a title that no library of the site has (リクエスト), until it becomes a hold or is refused."""

    class Decision(models.TextChoices):
        NONE = ""
        BUY = "buy"
        BORROW = "borrow"
        REFUSE = "refuse"

    patron = models.ForeignKey(Patron, null=True, on_delete=models.PROTECT, related_name="title_requests")
    pickup_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    author = models.CharField(max_length=100, blank=True)
    publisher = models.CharField(max_length=100, blank=True)
    isbn = models.CharField(max_length=13, blank=True)
    key = models.UUIDField(unique=True)
    requested_on = models.DateField()
    decision = models.CharField(max_length=6, choices=Decision.choices, blank=True, default=Decision.NONE)
    decided_on = models.DateField(null=True)
    decided_by = models.CharField(max_length=40, blank=True, help_text="log-in ID")
    ended_on = models.DateField(null=True)

    class Meta:
        db_table = "title_request"
        constraints = (
            models.CheckConstraint(
                name="title_request_patron_only_while_open",
                condition=Q(patron__isnull=False, ended_on__isnull=True)
                | Q(patron__isnull=True, ended_on__isnull=False),
            ),
            models.CheckConstraint(name="title_request_title", condition=~Q(title="")),
            models.CheckConstraint(
                name="title_request_decision",
                condition=Q(decision="", decided_on__isnull=True, decided_by="")
                | Q(decision__in=["buy", "borrow", "refuse"], decided_on__isnull=False, decided_by__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"request {self.pk}"
