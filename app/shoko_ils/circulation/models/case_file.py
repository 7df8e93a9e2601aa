"""What is kept of a case while it is open: contacts with the borrower in codes, photos of the item.

Both go with the settlement, in its transaction: a trigger of `return_case` erases them, and another one lets nothing
be added to a settled case.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from shoko_ils.circulation.models.case import ReturnCase

PHOTOS = 4
# a photo is made anew with 1,600 pixels at most on its longer side: some 400 kB
PHOTO_BYTES = 1_500_000


class CaseContact(models.Model):
    """One contact about a case (連絡記録): the day, the means, and what came of it. There is no text, so no name."""

    class Means(models.TextChoices):
        """電話, 窓口, メール, はがき."""

        PHONE = "phone"
        COUNTER = "counter"
        EMAIL = "email"
        POSTCARD = "postcard"

    class Result(models.TextChoices):
        """本人, 弁償の申出, 覚えがないと申出, 届を受領, 家族に伝言（書名は伝えない）, 留守, 不通, 発送."""

        PATRON = "patron"
        AGREES = "agrees"
        DISPUTES = "disputes"
        FORM_RECEIVED = "form-received"
        FAMILY = "family"
        ABSENT = "absent"
        UNREACHABLE = "unreachable"
        SENT = "sent"

    case = models.ForeignKey(ReturnCase, on_delete=models.CASCADE, related_name="contacts")
    means = models.CharField(max_length=8, choices=Means.choices)
    result = models.CharField(max_length=13, choices=Result.choices)
    contacted_on = models.DateField()
    contacted_by = models.CharField(max_length=40, help_text="log-in ID")

    class Meta:
        db_table = "case_contact"
        ordering = ("-contacted_on", "-id")
        constraints = (
            models.CheckConstraint(
                name="case_contact_coded",
                condition=Q(means__in=["phone", "counter", "email", "postcard"])
                & Q(
                    result__in=[
                        "patron", "agrees", "disputes", "form-received", "family", "absent", "unreachable", "sent",
                    ]
                ),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.contacted_on} {self.result}"


class CasePhoto(models.Model):
    """A photo of the item of a case: a JPEG without metadata, as `photos.made_anew` writes it."""

    case = models.ForeignKey(ReturnCase, on_delete=models.CASCADE, related_name="photos")
    position = models.PositiveSmallIntegerField()
    content = models.BinaryField()
    added_on = models.DateField()
    added_by = models.CharField(max_length=40, help_text="log-in ID")

    class Meta:
        db_table = "case_photo"
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("case", "position"), name="case_photo_position"),
            models.CheckConstraint(name="case_photo_few", condition=Q(position__range=(1, PHOTOS))),
            models.CheckConstraint(name="case_photo_small", condition=LessThanOrEqual(Length("content"), PHOTO_BYTES)),
        )

    def __str__(self) -> str:
        return f"photo {self.position}"
