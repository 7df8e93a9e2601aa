"""Orders of signed-in patrons, and provisional registrations."""

import uuid

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron


class MemberOrder(models.Model):
    """What a citizen asked the public service to have done. The public role may write nothing else of circulation.

    `desk` does it with the services of its module and writes the answer; who asked reads and deletes it. The table is
    unlogged: an order is in no standby and no archive, and none outlives a minute. `patron` is empty for what does
    not need a log-in. Row-level security lets the public role write and read orders of its session's patron only.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    patron = models.ForeignKey(Patron, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    asked = models.JSONField()
    answer = models.JSONField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "member_order"
        indexes = (models.Index(fields=("made_at",), condition=Q(answer__isnull=True), name="member_order_open"),)

    def __str__(self) -> str:
        return f"{self.kind}"


class ProvisionalRegistration(models.Model):
    """An application for a card (仮登録), to be completed at a counter with the receipt number that the citizen brings.

    The public role adds rows and reads none. Erased when it is completed, and after thirty days.
    """

    receipt = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=80)
    name_reading = models.CharField(max_length=80, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    postal_code = models.CharField(max_length=7, blank=True)
    address = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    contact = models.CharField(max_length=5, choices=Patron.Contact.choices)
    email = models.EmailField(blank=True)
    guardian_name = models.CharField(max_length=80, blank=True)
    library = models.ForeignKey(
        Library, on_delete=models.PROTECT, related_name="+", help_text="where the card is wished"
    )
    applied_on = models.DateField()
    erase_after = models.DateField()

    class Meta:
        db_table = "provisional_registration"
        constraints = (
            models.CheckConstraint(name="provisional_receipt", condition=Q(receipt__regex=r"^[2-9A-HJ-NP-Z]{8}$")),
            models.CheckConstraint(name="provisional_contact", condition=Q(contact__in=["none", "phone", "email"])),
            models.CheckConstraint(
                name="provisional_email_only_if_wished",
                condition=Q(contact="email", email__gt="") | (~Q(contact="email") & Q(email="")),
            ),
            models.CheckConstraint(name="provisional_postal_code", condition=Q(postal_code__regex=r"^([0-9]{7})?$")),
        )

    def __str__(self) -> str:
        return f"provisional registration of {self.applied_on}"
