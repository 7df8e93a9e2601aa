"""Loan rules, loans, and the receipts that make a repeated scan harmless."""

from django.db import models
from django.db.models import F, Q

from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron, PatronCategory


class LoanRule(models.Model):
    """Period and limit; an empty category or library means "any". The most specific rule wins.

    Rules are never edited: a new version is a new row and `ended_on` closes the former, so that a loan
    always shows the rule under which it was made.
    """

    category = models.ForeignKey(PatronCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField()
    # 0 lends nothing; NULL knows no limit
    max_loans = models.PositiveSmallIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "loan_rule"
        constraints = (
            models.UniqueConstraint(
                fields=("category", "library"),
                condition=Q(ended_on__isnull=True),
                nulls_distinct=False,
                name="loan_rule_one_in_force",
            ),
        )

    def __str__(self) -> str:
        return f"rule {self.pk} v{self.version}"


class Loan(models.Model):
    """One loan. When it ends, the borrower and everything near to him leave the row (JLA 1984, S0)."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="loans")
    patron = models.ForeignKey(Patron, null=True, blank=True, on_delete=models.PROTECT, related_name="loans")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="lent at")
    rule = models.ForeignKey(LoanRule, on_delete=models.PROTECT, related_name="+")
    lent_on = models.DateField()
    # to the second only while it is open: the time of day would lead back to who stood at the counter
    lent_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField()
    returned_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "loan"
        indexes = (models.Index(fields=("patron",), condition=Q(patron__isnull=False), name="loan_of_patron"),)
        constraints = (
            models.UniqueConstraint(
                fields=("item",), condition=Q(returned_on__isnull=True), name="loan_one_open_per_item"
            ),
            models.CheckConstraint(
                name="loan_borrower_only_while_open",
                condition=Q(returned_on__isnull=True, patron__isnull=False, lent_at__isnull=False)
                | Q(returned_on__isnull=False, patron__isnull=True, lent_at__isnull=True),
            ),
            models.CheckConstraint(name="loan_due_not_before_lent", condition=Q(due_on__gte=F("lent_on"))),
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
    made_on = models.DateField(db_index=True)
    # set by a second commit when the first one could not be confirmed on a standby
    confirmed = models.BooleanField(default=True)

    class Meta:
        db_table = "scan_receipt"

    def __str__(self) -> str:
        return f"{self.key} {self.outcome}"
