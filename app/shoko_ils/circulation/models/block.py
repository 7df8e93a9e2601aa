"""Lending blocks (貸出停止) that a person sets."""

from django.db import models
from django.db.models import F, Q

from shoko_ils.patrons.models import Patron


class LendingBlock(models.Model):
    """No loans to a patron for a coded reason, until a day or until it is lifted; overdue loans stop by rule."""

    class Reason(models.TextChoices):
        """弁償未了, 住所不明, 不正利用."""

        COMPENSATION = "compensation"
        ADDRESS = "address"
        MISUSE = "misuse"

    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="lending_blocks")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    began_on = models.DateField()
    made_by = models.CharField(max_length=40, help_text="log-in ID")
    until = models.DateField(null=True, blank=True, help_text="last day; empty: until it is lifted")
    lifted_on = models.DateField(null=True, blank=True)
    lifted_by = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        db_table = "lending_block"
        constraints = (
            models.CheckConstraint(
                name="lending_block_in_order", condition=Q(until__isnull=True) | Q(until__gte=F("began_on"))
            ),
            models.CheckConstraint(
                name="lending_block_lifted",
                condition=Q(lifted_on__isnull=True, lifted_by="") | Q(lifted_on__isnull=False, lifted_by__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.reason} from {self.began_on}"
