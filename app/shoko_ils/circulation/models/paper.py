"""Paper slips of a day without the system, entered afterwards (回線断・停電の後入力)."""

from django.db import models
from django.db.models import Q

from shoko_ils.circulation.late import LateReason
from shoko_ils.core.models import Library, ServicePoint


class PaperBatch(models.Model):
    """The slips of one place and one former day. It is kept: each slip of it is done, a conflict, or put aside."""

    key = models.UUIDField(unique=True, help_text="of the form that began it")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(help_text="on which it was really done")
    reason = models.CharField(max_length=12)
    lends_on_paper = models.PositiveSmallIntegerField(help_text="slips in the hand, counted before the entry")
    returns_on_paper = models.PositiveSmallIntegerField()
    made_on = models.DateField()
    made_by = models.CharField(max_length=40, help_text="log-in ID")

    class Meta:
        db_table = "paper_batch"
        ordering = ("-made_on", "-id")
        constraints = (
            models.CheckConstraint(
                name="paper_batch_reason",
                condition=Q(reason__in=[one.value for one in LateReason if one is not LateReason.BOOK_DROP]),
            ),
            models.CheckConstraint(name="paper_batch_of_a_former_day", condition=Q(day__lte=models.F("made_on"))),
        )

    def __str__(self) -> str:
        return f"paper batch {self.pk}"


class PaperSlip(models.Model):
    """One loan or return on paper, in the order of the paper.

    The number of the card leaves the row when the slip is done or put aside, as the borrower leaves a loan; the
    number of the item goes with the month (`tidy`). What stays is how many slips there were and what became of them.
    """

    class Act(models.TextChoices):
        LEND = "lend"
        RETURN = "return"

    class State(models.TextChoices):
        DONE = "done"
        CONFLICT = "conflict"
        REJECTED = "rejected"

    batch = models.ForeignKey(PaperBatch, on_delete=models.PROTECT, related_name="slips")
    position = models.PositiveSmallIntegerField()
    key = models.UUIDField(unique=True)
    act = models.CharField(max_length=6, choices=Act.choices)
    card_number = models.CharField(max_length=40, blank=True)
    item_number = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State.choices)
    outcome = models.CharField(max_length=30, help_text="services.Outcome")
    decided_on = models.DateField(null=True, blank=True)
    decided_by = models.CharField(max_length=40, blank=True, db_default="", help_text="log-in ID")

    class Meta:
        db_table = "paper_slip"
        ordering = ("batch", "position")
        indexes = (models.Index(fields=("batch",), condition=Q(state="conflict"), name="paper_slip_conflict"),)
        constraints = (
            models.UniqueConstraint(fields=("batch", "position"), name="paper_slip_order"),
            models.CheckConstraint(name="paper_slip_act", condition=Q(act__in=["lend", "return"])),
            models.CheckConstraint(name="paper_slip_state", condition=Q(state__in=["done", "conflict", "rejected"])),
            models.CheckConstraint(
                name="paper_slip_card_only_while_open",
                condition=Q(act="lend", state="conflict", card_number__gt="")
                | (~Q(act="lend", state="conflict") & Q(card_number="")),
            ),
            models.CheckConstraint(
                name="paper_slip_item_while_open", condition=~Q(state="conflict") | Q(item_number__gt="")
            ),
            models.CheckConstraint(
                name="paper_slip_decided",
                condition=Q(decided_on__isnull=True, decided_by="") & ~Q(state="rejected")
                | Q(decided_on__isnull=False, decided_by__gt="") & ~Q(state="conflict"),
            ),
        )

    def __str__(self) -> str:
        return f"slip {self.position} of batch {self.batch_id}"
