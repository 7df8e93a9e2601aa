"""Items (資料): copies of a record, each with a number, a place and a condition."""

from django.db import models
from django.utils.translation import get_language

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library


class Location(models.Model):
    """Shelving location (配架場所) within the libraries."""

    key = models.SlugField(max_length=40, unique=True)
    name_ja = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)

    class Meta:
        db_table = "location"

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class Item(models.Model):
    """One copy. Whether it is out is not written here: only an open loan says so."""

    class Condition(models.TextChoices):
        NORMAL = "normal"
        PROCESSING = "processing"
        MISSING = "missing"
        WITHDRAWN = "withdrawn"

    barcode = models.CharField(max_length=10, unique=True)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="items")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="owner")
    at_library = models.ForeignKey(
        Library, on_delete=models.PROTECT, related_name="+", help_text="where it last was scanned"
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    call_number = models.CharField(max_length=30)
    condition = models.CharField(max_length=12, choices=Condition.choices, default=Condition.NORMAL)
    library_use_only = models.BooleanField(default=False)

    class Meta:
        db_table = "item"
        constraints = (
            models.CheckConstraint(name="item_barcode_ten_digits", condition=models.Q(barcode__regex=r"^[0-9]{10}$")),
            models.CheckConstraint(
                name="item_condition",
                condition=models.Q(condition__in=["normal", "processing", "missing", "withdrawn"]),
            ),
        )

    def __str__(self) -> str:
        return self.barcode


class Availability(models.Model):
    """View `item_availability`: whether an item is out and until when, and nothing of who has it.

    The public role reads loans only through it.
    """

    item = models.OneToOneField(Item, on_delete=models.DO_NOTHING, primary_key=True, related_name="availability")
    due_on = models.DateField()

    class Meta:
        managed = False
        db_table = "item_availability"

    def __str__(self) -> str:
        return f"{self.item_id} until {self.due_on}"
