"""Notices waiting for their way, and what became of them. The text is made when it is sent and never stored."""

from django.db import models
from django.db.models import Q

from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron


class Notice(models.Model):
    """One notice to one patron about one row of another module, exactly once for each `key`.

    `about` is the number of that row (a hold, a loan); `kinds` knows its table. When the matter ends, patron, about
    and key leave together: what stays is that a notice of this kind went out by this way on this day. `address` is
    that of a mail which goes elsewhere than to the address on file (to a former one); it leaves with the patron.
    """

    class Way(models.TextChoices):
        MAIL = "mail"
        POSTCARD = "postcard"
        PHONE = "phone"

    class State(models.TextChoices):
        WAITING = "waiting"
        # handed to the relay, answer unknown: stays so after a crash, and a person decides
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        WITHDRAWN = "withdrawn"

    kind = models.SlugField(max_length=30)
    way = models.CharField(max_length=8, choices=Way.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    key = models.CharField(max_length=80, unique=True, null=True)
    patron = models.ForeignKey(Patron, null=True, on_delete=models.PROTECT, related_name="notices")
    about = models.BigIntegerField(null=True)
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="tells the patron")
    address = models.EmailField(max_length=254, blank=True, db_default="")
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # name of the error and code of the relay, never an address or a text
    error = models.CharField(max_length=60, blank=True)
    made_on = models.DateField()
    sent_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "notice"
        indexes = (
            models.Index(fields=("not_before",), condition=Q(state="waiting"), name="notice_waiting"),
            models.Index(fields=("kind", "about"), condition=Q(about__isnull=False), name="notice_about"),
            models.Index(fields=("patron",), condition=Q(patron__isnull=False), name="notice_of_patron"),
        )
        constraints = (
            models.CheckConstraint(name="notice_way", condition=Q(way__in=["mail", "postcard", "phone"])),
            models.CheckConstraint(
                name="notice_state", condition=Q(state__in=["waiting", "sending", "sent", "failed", "withdrawn"])
            ),
            # all of it or nothing: a settled notice joins nobody to anything
            models.CheckConstraint(
                name="notice_patron_and_matter_leave_together",
                condition=Q(patron__isnull=False, about__isnull=False, key__isnull=False, not_before__isnull=False)
                | Q(patron__isnull=True, about__isnull=True, key__isnull=True, not_before__isnull=True),
            ),
            models.CheckConstraint(
                name="notice_address_leaves_with_the_patron", condition=Q(address="") | Q(patron__isnull=False)
            ),
            models.CheckConstraint(
                name="notice_open_has_a_patron",
                condition=Q(patron__isnull=False) | ~Q(state__in=["waiting", "sending"]),
            ),
            models.CheckConstraint(
                name="notice_sent_has_a_day",
                condition=Q(state="sent", sent_on__isnull=False) | (~Q(state="sent") & Q(sent_on__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return f"notice {self.pk} {self.kind}"


class Call(models.Model):
    """One telephone call for a notice, by its result code."""

    class Result(models.TextChoices):
        SELF = "self"
        FAMILY = "family"
        ABSENT = "absent"
        UNREACHABLE = "unreachable"

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="calls")
    result = models.CharField(max_length=11, choices=Result.choices)
    called_on = models.DateField()
    called_by = models.CharField(max_length=40, help_text="log-in ID")

    class Meta:
        db_table = "notice_call"
        constraints = (
            models.CheckConstraint(
                name="notice_call_result", condition=Q(result__in=["self", "family", "absent", "unreachable"])
            ),
        )

    def __str__(self) -> str:
        return f"call {self.pk} {self.result}"
