"""What the law gives to a registered person: erasure with a certificate; disclosure, correction, cease of use."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shoko_ils.core.models import Library
from shoko_ils.patrons.models.patron import Patron


class ErasureCertificate(models.Model):
    """That a registration was erased (消去証明書). Holds no personal data: not even the pseudonym."""

    class Reason(models.TextChoices):
        """本人申出, 転出, 長期未利用, 二重登録, 死亡."""

        ASKED = "asked"
        MOVED = "moved"
        UNUSED = "unused"
        DUPLICATE = "duplicate"
        DECEASED = "deceased"

    key = models.UUIDField(unique=True, editable=False)
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    erased_on = models.DateField()
    reason = models.CharField(max_length=9, choices=Reason.choices)
    erased_by = models.CharField(max_length=40, help_text="log-in ID")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    erased = ArrayField(models.CharField(max_length=40), help_text="table.column of each value that was there")

    class Meta:
        db_table = "erasure_certificate"
        constraints = (
            models.UniqueConstraint(fields=("year", "serial"), name="erasure_certificate_number"),
            models.CheckConstraint(name="erasure_certificate_says_what", condition=~Q(erased=[])),
        )

    def __str__(self) -> str:
        return f"{self.year}-{self.serial:05d}"


class SubjectRequest(models.Model):
    """One request in the register of disclosure (開示), correction (訂正) and cease of use (利用停止).

    Answered within the days of 個人情報保護法83条, 94条, 102条 or of the site's ordinance (108条), once prolonged. When
    the person is erased, the row stays and names nobody.
    """

    class Kind(models.TextChoices):
        DISCLOSURE = "disclosure"
        CORRECTION = "correction"
        CEASE = "cease"

    class Identity(models.TextChoices):
        """By which document the person was recognised."""

        LICENCE = "licence"
        INDIVIDUAL_NUMBER_CARD = "id-card"
        PASSPORT = "passport"
        INSURANCE = "insurance"
        AGENT = "agent"

    class Extension(models.TextChoices):
        """Why it takes longer: 事務処理上の困難, 第三者への照会."""

        NONE = ""
        DIFFICULT = "difficult"
        THIRD_PARTY = "third-party"

    class Decision(models.TextChoices):
        OPEN = ""
        GRANTED = "granted"
        PARTLY = "partly"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    patron = models.ForeignKey(Patron, null=True, on_delete=models.SET_NULL, related_name="subject_requests")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="received at")
    identity = models.CharField(max_length=9, choices=Identity.choices)
    received_on = models.DateField()
    received_by = models.CharField(max_length=40, help_text="log-in ID")
    due_on = models.DateField()
    extension = models.CharField(max_length=11, choices=Extension.choices, blank=True, db_default="")
    decision = models.CharField(max_length=9, choices=Decision.choices, blank=True, db_default="")
    decided_on = models.DateField(null=True, blank=True)
    decided_by = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        db_table = "subject_request"
        indexes = (models.Index(fields=("due_on",), name="subject_request_open", condition=Q(decision="")),)
        constraints = (
            models.CheckConstraint(name="subject_request_due", condition=Q(due_on__gt=F("received_on"))),
            models.CheckConstraint(
                name="subject_request_decided",
                condition=Q(decision="", decided_on__isnull=True, decided_by="")
                | Q(decision__gt="", decided_on__isnull=False, decided_by__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.received_on:%Y}-{self.pk:05d}"
