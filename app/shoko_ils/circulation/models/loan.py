"""Loans, and the receipts that make a repeated scan harmless."""

from django.db import models
from django.db.models import F, Q

from shoko_ils.circulation.models.lending_set import LendingSet
from shoko_ils.circulation.models.rule import LoanRule
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron


class Loan(models.Model):
    """One loan. When it ends, the borrower and everything near to him leave the row (JLA 1984, S0)."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="loans")
    patron = models.ForeignKey(Patron, null=True, blank=True, on_delete=models.PROTECT, related_name="loans")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="lent at")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rule = models.ForeignKey(LoanRule, on_delete=models.PROTECT, related_name="+")
    # the set that it was lent with, while it is open: what is still out of a set is derived from this
    lending_set = models.ForeignKey(
        LendingSet, null=True, blank=True, on_delete=models.PROTECT, related_name="loans", db_index=False
    )
    lent_on = models.DateField()
    # to the second only while it is open: the time of day would lead back to who stood at the counter
    lent_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField()
    renewals = models.PositiveSmallIntegerField(db_default=0)
    # a case keeps it open (ReturnCase): not overdue, not renewed
    pending = models.BooleanField(db_default=False)
    # the borrower says that it is back: the shelves are searched first
    no_notice_until = models.DateField(null=True, blank=True)
    returned_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "loan"
        indexes = (
            models.Index(fields=("patron",), condition=Q(patron__isnull=False), name="loan_of_patron"),
            models.Index(fields=("lending_set",), condition=Q(lending_set__isnull=False), name="loan_of_set"),
            models.Index(fields=("due_on",), condition=Q(returned_on__isnull=True), name="loan_open_due"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("item",), condition=Q(returned_on__isnull=True), name="loan_one_open_per_item"
            ),
            models.CheckConstraint(
                name="loan_borrower_only_while_open",
                condition=Q(returned_on__isnull=True, patron__isnull=False, lent_at__isnull=False)
                | Q(
                    returned_on__isnull=False,
                    patron__isnull=True,
                    lent_at__isnull=True,
                    pending=False,
                    no_notice_until__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="loan_set_only_while_open",
                condition=Q(returned_on__isnull=True) | Q(lending_set__isnull=True),
            ),
            models.CheckConstraint(name="loan_due_not_before_lent", condition=Q(due_on__gte=F("lent_on"))),
            models.CheckConstraint(
                name="loan_returned_not_before_lent",
                condition=Q(returned_on__isnull=True) | Q(returned_on__gte=F("lent_on")),
            ),
        )

    def __str__(self) -> str:
        return f"loan {self.pk}"


class ScanReceipt(models.Model):
    """Outcome of one scan under its key: the same key again gives the same answer and changes nothing.

    Holds no patron, and a day instead of a time, for the reason given at Loan.lent_at. `tidy` removes it.
    """

    key = models.UUIDField(primary_key=True)
    outcome = models.CharField(max_length=30)
    item = models.ForeignKey(Item, null=True, on_delete=models.CASCADE, related_name="+")
    due_on = models.DateField(null=True, blank=True)
    slip = models.PositiveIntegerField(null=True, blank=True)
    made_on = models.DateField(db_index=True)
    # set by a second commit when the first one could not be confirmed on a standby
    confirmed = models.BooleanField(default=True)

    class Meta:
        db_table = "scan_receipt"

    def __str__(self) -> str:
        return f"{self.key} {self.outcome}"
