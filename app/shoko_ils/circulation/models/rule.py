"""Loan rules."""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import PatronCategory


class LoanRule(models.Model):
    """Period, limits and renewals; an empty category, material class or place means "any".

    Rules are never edited: a new version is a new row and `ended_on` closes the former, so that a loan always shows
    the rule and the version under which it was made. `rules.choose` has the order among those that fit.
    """

    class Basis(models.TextChoices):
        """What a renewal counts its days from."""

        TODAY = "today"
        DUE = "due"

    category = models.ForeignKey(PatronCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    material_class = models.ForeignKey(MaterialClass, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField()
    # of all open loans, and of those counted with the item's class: 0 lends nothing; NULL knows no limit
    max_loans = models.PositiveSmallIntegerField(null=True, blank=True)
    max_class_loans = models.PositiveSmallIntegerField(null=True, blank=True)
    counts_pending = models.BooleanField(db_default=False, help_text="返却保留 counts against the limits")
    # 0: never; NULL: as often as wished
    max_renewals = models.PositiveSmallIntegerField(null=True, blank=True, db_default=1)
    renewal_basis = models.CharField(max_length=5, choices=Basis.choices, db_default=Basis.TODAY)
    # lending stops when a loan is more days past due than this; NULL: it never does
    overdue_stop_days = models.PositiveSmallIntegerField(null=True, blank=True, db_default=30)
    version = models.PositiveIntegerField()
    ended_on = models.DateField(null=True, blank=True)
    made_by = models.CharField(max_length=40, blank=True, db_default="", help_text="log-in ID")

    class Meta:
        db_table = "loan_rule"
        constraints = (
            models.UniqueConstraint(
                fields=("category", "material_class", "library", "service_point"),
                condition=Q(ended_on__isnull=True),
                nulls_distinct=False,
                name="loan_rule_one_in_force",
            ),
            models.UniqueConstraint(
                fields=("category", "material_class", "library", "service_point", "version"),
                nulls_distinct=False,
                name="loan_rule_version_once",
            ),
            models.CheckConstraint(
                name="loan_rule_one_place", condition=Q(library__isnull=True) | Q(service_point__isnull=True)
            ),
            models.CheckConstraint(name="loan_rule_basis", condition=Q(renewal_basis__in=["today", "due"])),
        )

    def __str__(self) -> str:
        return f"rule {self.pk} v{self.version}"
