"""Patrons: the closed list of personal fields of S0:L188 and the conditions of S4:L199-229.

There is no free text about a person on purpose.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language

from shoko_ils.core.models import Library


class PatronCategory(models.Model):
    """Patron category (利用区分): resident, works here, studies here, …: site data."""

    key = models.SlugField(max_length=40, unique=True)
    name_ja = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)

    class Meta:
        db_table = "patron_category"

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class Patron(models.Model):
    """A registered person. Outside this table a person is only named by `pseudonym`."""

    class Contact(models.TextChoices):
        NONE = "none"
        PHONE = "phone"
        EMAIL = "email"

    pseudonym = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    category = models.ForeignKey(PatronCategory, on_delete=models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="registered at")
    name = models.CharField(max_length=80)
    name_reading = models.CharField(max_length=80)
    reading_key = models.CharField(max_length=160, help_text="name_reading folded")
    birth_date = models.DateField(null=True, blank=True, help_text="blank: not yet confirmed")
    address = models.CharField(max_length=200)
    phone = models.CharField(max_length=20, blank=True)
    contact = models.CharField(max_length=5, choices=Contact.choices, default=Contact.NONE)
    email = models.EmailField(blank=True)
    primary_until = models.DateField(null=True, blank=True, help_text="last day as a primary school pupil")
    guardian_name = models.CharField(max_length=80, blank=True)
    registered_on = models.DateField()
    expires_on = models.DateField()

    class Meta:
        db_table = "patron"
        indexes = (models.Index(fields=("reading_key",), name="patron_reading", opclasses=("text_pattern_ops",)),)
        constraints = (
            models.CheckConstraint(name="patron_contact", condition=Q(contact__in=["none", "phone", "email"])),
            # e-mail is stored only of those who asked to be told by e-mail (S4:L221-229)
            models.CheckConstraint(
                name="patron_email_only_if_wished",
                condition=Q(contact="email", email__gt="") | (~Q(contact="email") & Q(email="")),
            ),
            # "小学生以下の場合は保護者氏名" (S0:L190): never of anybody else
            models.CheckConstraint(
                name="patron_guardian_only_of_primary_pupils",
                condition=Q(guardian_name="") | Q(primary_until__isnull=False),
            ),
            models.CheckConstraint(
                name="patron_expires_after_registration",
                condition=Q(expires_on__gte=models.F("registered_on")),
            ),
        )

    def __str__(self) -> str:
        return str(self.pseudonym)


class Card(models.Model):
    """A patron card. A new card ends the former one; the old number is never given again."""

    number = models.CharField(max_length=8, unique=True)
    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="cards")
    issued_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "card"
        constraints = (
            models.UniqueConstraint(
                fields=("patron",), condition=Q(ended_on__isnull=True), name="card_one_valid_per_patron"
            ),
            models.CheckConstraint(name="card_eight_digits", condition=Q(number__regex=r"^[0-9]{8}$")),
        )

    def __str__(self) -> str:
        return self.number[-4:].rjust(8, "•")
