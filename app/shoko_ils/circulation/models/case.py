"""Loans that stay open although the item is here, or lost: 返却保留 and 弁償."""

import datetime as dt

from django.db import models
from django.db.models import Q

from shoko_ils.circulation.models.loan import Loan
from shoko_ils.core.models import Library


class ReturnCase(models.Model):
    """A return that waits for a check, or a loss, until it is decided and settled. Names no patron.

    The loan stays open, with its borrower, as long as the case does: settling it ends the loan and erases.
    Its number is the number of the case on the form 図書館資料（紛失・汚損・き損）届 and of the erasure certificate.
    With that, who opened it and the day leave the row, but for the year in the number: the audit has who looked at
    which patron's loans that day, and then declared something lost.
    """

    class Reason(models.TextChoices):
        DIRTY = "dirty"
        DAMAGED = "damaged"
        WATER = "water"
        PARTS_MISSING = "parts-missing"
        LEFT_INSIDE = "left-inside"
        LOST = "lost"

    class Decision(models.TextChoices):
        """不要, 修理, 現物弁償, 代替資料, 免除（災害）, and a lost item that was found."""

        NOT_NEEDED = "not-needed"
        REPAIR = "repair"
        SAME_COPY = "same-copy"
        SUBSTITUTE = "substitute"
        WAIVED = "waived"
        FOUND = "found"

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="cases")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="opened at")
    reason = models.CharField(max_length=13, choices=Reason.choices)
    opened_on = models.DateField(help_text="of a settled case: 1 January of that year")
    opened_by = models.CharField(max_length=40, blank=True, db_default="", help_text="log-in ID")
    decide_by = models.DateField(null=True)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True, db_default="")
    decided_on = models.DateField(null=True, blank=True)
    decided_by = models.CharField(max_length=40, blank=True, db_default="")
    settled_on = models.DateField(null=True, blank=True)
    settled_by = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        db_table = "return_case"
        constraints = (
            models.UniqueConstraint(
                fields=("loan",), condition=Q(settled_on__isnull=True), name="return_case_one_open_per_loan"
            ),
            models.CheckConstraint(
                name="return_case_decided",
                condition=Q(decision="", decided_on__isnull=True, decided_by="")
                | Q(decision__gt="", decided_on__isnull=False, decided_by__gt=""),
            ),
            models.CheckConstraint(
                name="return_case_settled_after_decision",
                condition=Q(settled_on__isnull=True, settled_by="")
                | Q(settled_on__isnull=False, settled_by__gt="", decision__gt=""),
            ),
            models.CheckConstraint(
                name="return_case_opening_leaves_with_the_patron",
                condition=Q(settled_on__isnull=True, opened_by__gt="", decide_by__isnull=False)
                | Q(
                    settled_on__isnull=False, opened_by="", decide_by__isnull=True, opened_on__month=1, opened_on__day=1
                ),
            ),
        )

    def settle(self, day: dt.date, login_id: str) -> None:
        """Write the settlement of a decided case; see the class for what leaves with it."""
        self.settled_on, self.settled_by = day, login_id
        self.opened_on, self.opened_by, self.decide_by = self.opened_on.replace(month=1, day=1), "", None
        self.save()

    def __str__(self) -> str:
        return f"{self.opened_on:%Y}-{self.pk:05d}"
