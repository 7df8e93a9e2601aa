"""A patron (person or group), the contact person of a group, coded notes."""

import re
import unicodedata
import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language

from shoko_ils.core.models import Library

# where the name of a town ends in an address; 三番町 and 三の丸 are towns
FIGURE = "〇一二三四五六七八九十百千"
NUMBER_OR_BLANK = re.compile(
    rf"[0-9\s]|[{FIGURE}]+(?:丁目|番地|番(?!町)|号|[のノ之ー‐−-](?=[{FIGURE}0-9甲乙丙丁イロハニ]))"
)


class PatronCategory(models.Model):
    """Patron category (利用区分): resident, works here, studies here, …: site data, the list of the site file.

    Groups are registered under those that are for groups, persons under the others.
    """

    key = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(db_default=0)
    name_ja = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    for_groups = models.BooleanField(db_default=False)

    class Meta:
        db_table = "patron_category"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class Patron(models.Model):
    """A registered person or group. Outside this module it is only named by `pseudonym`.

    Which columns may hold anything is the site's declaration: `closing` makes a constraint of each that it leaves out.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        GROUP = "group"

    class Contact(models.TextChoices):
        NONE = "none"
        PHONE = "phone"
        EMAIL = "email"

    class PrimaryReason(models.TextChoices):
        """Why the last day as a pupil is not the computed one: 就学猶予, 原級留置."""

        COMPUTED = ""
        DEFERRED = "deferred"
        REPEATED = "repeated"

    pseudonym = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.PERSON, db_default=Kind.PERSON)
    category = models.ForeignKey(PatronCategory, on_delete=models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="registered at")
    name = models.CharField(max_length=80)
    name_reading = models.CharField(max_length=80, blank=True)
    reading_key = models.CharField(max_length=160, help_text="name_reading folded; without one, the name")
    birth_date = models.DateField(null=True, blank=True, help_text="blank: not yet confirmed")
    postal_code = models.CharField(max_length=7, blank=True, db_default="")
    address = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    contact = models.CharField(max_length=5, choices=Contact.choices, default=Contact.NONE)
    email = models.EmailField(blank=True)
    primary_until = models.DateField(null=True, blank=True, help_text="last day as a primary school pupil")
    primary_reason = models.CharField(max_length=8, choices=PrimaryReason.choices, blank=True, db_default="")
    guardian_name = models.CharField(max_length=80, blank=True)
    registered_on = models.DateField()
    expires_on = models.DateField()
    confirmed_on = models.DateField(null=True, blank=True, help_text="address last shown by a document")
    # the year alone: enough for the rule of three years, and too coarse to stand beside a loan
    used_in = models.PositiveSmallIntegerField(null=True, blank=True, help_text="year of the last loan")

    class Meta:
        db_table = "patron"
        indexes = (
            models.Index(fields=("reading_key",), name="patron_reading", opclasses=("text_pattern_ops",)),
            models.Index(fields=("birth_date",), name="patron_birth_date"),
            models.Index(
                fields=("primary_until",), name="patron_primary_until", condition=Q(primary_until__isnull=False)
            ),
        )
        constraints = (
            models.CheckConstraint(name="patron_kind", condition=Q(kind__in=["person", "group"])),
            # lets a card say of which kind its patron is, see Card
            models.UniqueConstraint(fields=("id", "kind"), name="patron_id_and_kind"),
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
                name="patron_primary_reason",
                condition=Q(primary_reason="")
                | Q(primary_reason__in=["deferred", "repeated"], primary_until__isnull=False),
            ),
            # a group is not born and has no guardian; whom to call stands in group_contact
            models.CheckConstraint(
                name="patron_group_is_no_person",
                condition=Q(kind="person") | Q(birth_date__isnull=True, primary_until__isnull=True),
            ),
            models.CheckConstraint(
                name="patron_postal_code", condition=Q(postal_code="") | Q(postal_code__regex=r"^[0-9]{7}$")
            ),
            models.CheckConstraint(
                name="patron_expires_after_registration",
                condition=Q(expires_on__gte=models.F("registered_on")),
            ),
        )

    def __str__(self) -> str:
        return str(self.pseudonym)

    @property
    def town(self) -> str:
        """町名: the address up to its first number."""
        return NUMBER_OR_BLANK.split(unicodedata.normalize("NFKC", self.address), maxsplit=1)[0]


class GroupContact(models.Model):
    """Whom to call at a group (担当者): a person of whom nothing else is stored."""

    patron = models.OneToOneField(Patron, on_delete=models.CASCADE, primary_key=True, related_name="group_contact")
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=20, blank=True)

    class Meta:
        db_table = "group_contact"

    def __str__(self) -> str:
        return f"contact of {self.patron_id}"


class PatronNote(models.Model):
    """A coded note; the site declares the codes and their words."""

    patron = models.ForeignKey(Patron, on_delete=models.CASCADE, related_name="notes")
    code = models.SlugField(max_length=40)
    noted_on = models.DateField()

    class Meta:
        db_table = "patron_note"
        constraints = (models.UniqueConstraint(fields=("patron", "code"), name="patron_note_once"),)

    def __str__(self) -> str:
        return self.code
