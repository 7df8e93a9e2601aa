"""Sets of items that are lent to groups together (団体貸出セット)."""

from django.db import models
from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import SET_DIGITS, is_set, with_check_digit
from shoko_ils.holdings.models import Item


class LendingSet(models.Model):
    """A prepared set. Says nothing of a group: which one has it is known from its open loans, and only from them."""

    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="prepared at")
    name = models.CharField(max_length=80)
    prepared_on = models.DateField(default=timezone.localdate)
    items = models.ManyToManyField(Item, through="LendingSetItem", related_name="lending_sets")

    class Meta:
        db_table = "lending_set"
        ordering = ("name", "pk")

    @property
    def number(self) -> str:
        """What stands on its barcode: the row's number in six digits, and a check digit."""
        return with_check_digit(f"{self.pk:0{SET_DIGITS - 1}d}")

    @staticmethod
    def pk_of(number: str) -> int | None:
        return int(number[:-1]) if is_set(number) else None

    def __str__(self) -> str:
        return self.name


class LendingSetItem(models.Model):
    """An item of a set; of one set at a time."""

    lending_set = models.ForeignKey(LendingSet, on_delete=models.CASCADE, related_name="+")
    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="+")

    class Meta:
        db_table = "lending_set_item"

    def __str__(self) -> str:
        return f"item {self.pk}"
