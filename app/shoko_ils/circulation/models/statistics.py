"""Statistics of lending without persons: no two of these tables can be joined, and none knows a person or an hour."""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.patrons.models import PatronCategory


class ItemMonth(models.Model):
    """How often an item was lent in a month, anywhere. Without a number of its own, that would keep the order."""

    pk = models.CompositePrimaryKey("item_id", "month")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    month = models.DateField(help_text="its first day")
    loans = models.PositiveIntegerField()

    class Meta:
        db_table = "item_month"
        constraints = (models.CheckConstraint(name="item_month_first_day", condition=Q(month__day=1)),)

    def __str__(self) -> str:
        return f"{self.item_id} {self.month:%Y-%m}"


class LendingFact(models.Model):
    """How many loans there were on a day at a place, by what is coarse about item and borrower."""

    day = models.DateField()
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    ndc_figure = models.CharField(max_length=1, blank=True, help_text="first figure of the NDC; empty: has none")
    # empty: birth date not known, or a loan from before these statistics
    age_band = models.CharField(max_length=5, blank=True, help_text="0-6, 7-12, 13-15, 16-18, 19-29, 30-39, …, 70-")
    category = models.ForeignKey(PatronCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    loans = models.PositiveIntegerField()

    class Meta:
        db_table = "lending_fact"
        constraints = (
            models.UniqueConstraint(
                fields=(
                    "day", "library", "service_point", "material_class", "ndc_figure", "age_band", "category",
                ),
                nulls_distinct=False,
                name="lending_fact_once",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.day} {self.library_id} {self.loans}"


class LoanSpan(models.Model):
    """How many loans of a day were kept for so many days: on what a change of rules is tried. Two months of them."""

    category = models.ForeignKey(PatronCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="lent at")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lent_on = models.DateField()
    kept_days = models.PositiveIntegerField()
    loans = models.IntegerField()

    class Meta:
        db_table = "loan_span"
        constraints = (
            models.UniqueConstraint(
                fields=("category", "material_class", "library", "service_point", "lent_on", "kept_days"),
                nulls_distinct=False,
                name="loan_span_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.lent_on} {self.kept_days} {self.loans}"
