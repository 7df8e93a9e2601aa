"""How many holds a patron has placed today, cancelled ones included."""

from django.db import models

from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import Patron


class HoldDay(models.Model):
    """The limit of a day counts what was placed, so that cancelling gives nothing back. No title; `tidy` removes it."""

    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    placed = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "hold_day"
        constraints = (models.UniqueConstraint(fields=("patron", "day", "material_class"), name="hold_day_once"),)

    def __str__(self) -> str:
        return f"{self.day} {self.placed}"
