"""The register of enquiries from authorities (R13). It has no column for a person, and none for free text."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shoko_ils.core.models import Library

# what the name of an office or municipality ends with. It keeps most names of persons out of the field, not all: a name
# may end like a municipality (見本谷村)
OFFICE = (
    r"^\S{1,36}(署|庁|裁判所|弁護士会|局|税関|省|委員会|審査会|役所|役場|相談所|事務所|支部|部|課"
    r"|都|道|府|県|市|区|町|村)$"
)
# 藤捜発第123号, 令和8年(む)第45号
DOCUMENT = r"^(?=.*[0-9])\S{1,40}$"


class Enquiry(models.Model):
    """One enquiry and what was answered. Never deleted; what is wrong is entered anew and names what it corrects.

    An answered row is changed by nothing (a trigger, migration 0001). Something may be given under a warrant alone; if
    it was given without one, the register says so.
    """

    class Kind(models.TextChoices):
        """捜査関係事項照会 (刑事訴訟法197条2項), 令状 (憲法35条), 弁護士会照会 (弁護士法23条の2), その他."""

        INVESTIGATION = "investigation"
        WARRANT = "warrant"
        BAR = "bar"
        OTHER = "other"

    class Asked(models.TextChoices):
        """What was asked about, as a code: the document, which is filed by its number, has the words."""

        REGISTRATION = "registration"
        ON_LOAN = "on-loan"
        FORMER_LOANS = "former-loans"
        BORROWER = "borrower"
        HOLDS = "holds"
        REFERENCE = "reference"
        VISITS = "visits"
        TERMINALS = "terminals"
        OTHER = "other"

    class Outcome(models.TextChoices):
        """Declined (no warrant), nothing of it is kept, given under the warrant, given without one: a breach."""

        OPEN = ""
        DECLINED = "declined"
        NOT_KEPT = "not-kept"
        GIVEN = "given"
        BREACH = "breach"

    key = models.UUIDField(unique=True, help_text="of the form that entered it")
    kind = models.CharField(max_length=13, choices=Kind.choices)
    office = models.CharField(max_length=40, help_text="which authority asks")
    document = models.CharField(max_length=40, blank=True, db_default="", help_text="number of the document")
    asked = ArrayField(models.CharField(max_length=12, choices=Asked.choices))
    received_on = models.DateField()
    received_by = models.CharField(max_length=40, help_text="log-in ID")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="where it was entered")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, db_default="")
    decided_by = models.CharField(max_length=40, blank=True, db_default="", help_text="post (職名), as in staff.jobs")
    answered_on = models.DateField(null=True)
    answered_by = models.CharField(max_length=40, blank=True, db_default="", help_text="log-in ID")
    corrects = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="corrected_by")

    class Meta:
        db_table = "official_enquiry"
        constraints = (
            models.CheckConstraint(
                name="enquiry_kind", condition=Q(kind__in=["investigation", "warrant", "bar", "other"])
            ),
            models.CheckConstraint(name="enquiry_office", condition=Q(office__regex=OFFICE)),
            # a visit without any paper is an enquiry too
            models.CheckConstraint(
                name="enquiry_document", condition=Q(document__regex=DOCUMENT) | Q(document="", kind="other")
            ),
            models.CheckConstraint(
                name="enquiry_asked",
                condition=~Q(asked=[])
                & Q(
                    asked__contained_by=[
                        *("registration", "on-loan", "former-loans", "borrower", "holds"),
                        *("reference", "visits", "terminals", "other"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="enquiry_answered",
                condition=Q(outcome="", decided_by="", answered_on__isnull=True, answered_by="")
                | Q(
                    outcome__in=["declined", "not-kept", "given", "breach"],
                    decided_by__gt="",
                    answered_on__gte=F("received_on"),
                    answered_by__gt="",
                ),
            ),
            models.CheckConstraint(
                name="enquiry_given_under_warrant", condition=~Q(outcome="given") | Q(kind="warrant")
            ),
            models.CheckConstraint(
                name="enquiry_breach_without_warrant", condition=~Q(outcome="breach") | ~Q(kind="warrant")
            ),
        )

    @property
    def outcomes(self) -> list[Outcome]:
        """What may be answered: its kind decides as what something given counts."""
        given = self.Outcome.GIVEN if self.kind == self.Kind.WARRANT else self.Outcome.BREACH
        return [self.Outcome.DECLINED, self.Outcome.NOT_KEPT, given]

    def __str__(self) -> str:
        return f"{self.received_on:%Y}-{self.pk:05d}"
