"""Counts of the day's work (日報)."""

from django.db import models

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import MaterialClass


class DayCount(models.Model):
    """How often an act happened on a day at a place with items of a class. Nothing of persons, items or the hour."""

    day = models.DateField()
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    act = models.CharField(max_length=10, help_text="lend, return, renew, hold-back, lost, settled")
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    count = models.IntegerField()

    class Meta:
        db_table = "day_count"
        constraints = (
            models.UniqueConstraint(
                fields=("day", "library", "service_point", "act", "material_class"),
                nulls_distinct=False,
                name="day_count_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.act} {self.count}"
