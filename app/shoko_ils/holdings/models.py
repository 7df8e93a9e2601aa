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


class MaterialClass(models.Model):
    """Material class (資料区分) that loan rules go by: books, audiovisual, magazines, …: site data.

    Classes with the same `counted_as` share one limit (図書 and 雑誌 usually do, 視聴覚 does not).
    """

    key = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField()
    name_ja = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    counted_as = models.SlugField(max_length=40)

    class Meta:
        db_table = "material_class"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class Item(models.Model):
    """One copy. Whether it is out is not written here: only an open loan says so."""

    class Condition(models.TextChoices):
        NORMAL = "normal"
        PROCESSING = "processing"
        MISSING = "missing"
        LOST = "lost"
        DAMAGED = "damaged"
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
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    # what belongs to it and must come back with it (付属品): "CD, guide", and of how many pieces
    accompanying = models.CharField(max_length=100, blank=True, db_default="")
    accompanying_count = models.PositiveSmallIntegerField(db_default=0)
    note = models.CharField(max_length=200, blank=True, db_default="", help_text="of the item, never of a person")

    class Meta:
        db_table = "item"
        constraints = (
            models.CheckConstraint(name="item_barcode_ten_digits", condition=models.Q(barcode__regex=r"^[0-9]{10}$")),
            models.CheckConstraint(
                name="item_condition",
                condition=models.Q(condition__in=["normal", "processing", "missing", "lost", "damaged", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="item_accompanying_counted",
                condition=models.Q(accompanying="", accompanying_count=0)
                | models.Q(accompanying__gt="", accompanying_count__gt=0),
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
