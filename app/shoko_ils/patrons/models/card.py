"""Patron cards and the numbers that are spent."""

from django.db import models
from django.db.models import Q

from shoko_ils.patrons.models.patron import Patron


class Card(models.Model):
    """A patron card. A new card ends the former one; the old number is never given again.

    A person has one valid card, a group may have several, each in a `slot` of its own. That `patron_kind` is the
    kind of the patron is a foreign key over both columns (migration 0002).
    """

    class Reason(models.TextChoices):
        """Why a card ended: 紛失, 破損, 盗難, 番号の切替, 返納."""

        LOST = "lost"
        DAMAGED = "damaged"
        STOLEN = "stolen"
        RENUMBERED = "renumbered"
        HANDED_IN = "handed-in"

    number = models.CharField(max_length=8, unique=True)
    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="cards")
    patron_kind = models.CharField(max_length=6, default=Patron.Kind.PERSON, db_default=Patron.Kind.PERSON)
    slot = models.PositiveSmallIntegerField(default=1, db_default=1)
    issued_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    ended_reason = models.CharField(max_length=10, choices=Reason.choices, blank=True, db_default="")

    class Meta:
        db_table = "card"
        constraints = (
            models.UniqueConstraint(
                fields=("patron", "slot"), condition=Q(ended_on__isnull=True), name="card_one_valid_per_slot"
            ),
            models.CheckConstraint(
                name="card_one_slot_of_a_person", condition=Q(patron_kind="group", slot__gte=1) | Q(slot=1)
            ),
            models.CheckConstraint(name="card_eight_digits", condition=Q(number__regex=r"^[0-9]{8}$")),
            models.CheckConstraint(
                name="card_reason_only_when_ended", condition=Q(ended_reason="") | Q(ended_on__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.number[-4:].rjust(8, "•")


class SpentCardNumber(models.Model):
    """A number whose patron was erased: nothing but the number is kept, so that it is never given to another."""

    number = models.CharField(max_length=8, primary_key=True)

    class Meta:
        db_table = "spent_card_number"

    def __str__(self) -> str:
        return self.number
