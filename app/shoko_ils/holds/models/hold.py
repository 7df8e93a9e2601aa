"""Holds on titles and issues of magazines, and the copies captured for them."""

from django.db import models
from django.db.models import F, Q

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings import issues
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.patrons.models import Patron


class State(models.TextChoices):
    """States of a hold: 受付, 確保, 回送中, 取置中, 連絡済, then 貸出, 期限切れ or 取消."""

    QUEUED = "queued"
    CAPTURED = "captured"
    IN_TRANSIT = "in-transit"
    ON_SHELF = "on-shelf"
    NOTIFIED = "notified"
    FULFILLED = "fulfilled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


WITH_COPY = (State.CAPTURED, State.IN_TRANSIT, State.ON_SHELF, State.NOTIFIED)
SHELVED = (State.ON_SHELF, State.NOTIFIED)
ENDED = (State.FULFILLED, State.EXPIRED, State.CANCELLED)


class Hold(models.Model):
    """One hold on a title or issue. When it ends, the patron and everything near to him leave the row, as from a loan.

    The order of the queue is (priority, order_at, id). `order_at` is `requested_at` unless a person with the right
    to do so has moved the hold; then a HoldMove says who, why, and what rank it had.
    """

    class Group(models.TextChoices):
        NONE = ""
        # 順番予約: a later one is not captured before the earlier ones are ready
        SEQUENCE = "sequence"
        # どれか1冊: one that is filled ends the others
        EITHER = "either"

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="holds")
    # one issue (号) of a magazine; empty: the title
    issue = models.CharField(max_length=40, blank=True, db_default="")
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    patron = models.ForeignKey(Patron, null=True, on_delete=models.PROTECT, related_name="holds")
    pickup_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    pickup_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    key = models.UUIDField(unique=True, help_text="of the form that placed it")
    priority = models.PositiveSmallIntegerField()
    requested_at = models.DateTimeField(null=True)
    order_at = models.DateTimeField(null=True)
    suspended_from = models.DateField(null=True, blank=True)
    suspended_until = models.DateField(null=True, blank=True, help_text="last day of the suspension")
    not_needed_after = models.DateField(null=True, blank=True)
    group = models.UUIDField(null=True, blank=True)
    group_kind = models.CharField(max_length=8, choices=Group.choices, blank=True, default=Group.NONE)
    group_position = models.PositiveSmallIntegerField(null=True, blank=True)
    # how the patron is told of this one; empty: as of everything else
    contact = models.CharField(max_length=5, choices=Patron.Contact.choices, blank=True, default="", db_default="")
    # why a copy last went to a later hold; see queue.Skip
    skipped = models.CharField(max_length=12, blank=True, default="")
    item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT, related_name="holds")
    slip_number = models.PositiveIntegerField(null=True, help_text="on the slip; says nothing of the person")
    captures = models.PositiveSmallIntegerField(default=0, help_text="counts the copies that were captured for it")
    shelf_number = models.PositiveIntegerField(null=True)
    shelved_on = models.DateField(null=True)
    pickup_by = models.DateField(null=True)
    extended = models.BooleanField(default=False)
    ended_on = models.DateField(null=True)

    class Meta:
        db_table = "hold"
        indexes = (
            models.Index(
                fields=("record", "issue", "priority", "order_at", "id"), condition=Q(state="queued"), name="hold_queue"
            ),
            models.Index(fields=("patron",), condition=Q(patron__isnull=False), name="hold_of_patron"),
            models.Index(fields=("group",), condition=Q(group__isnull=False), name="hold_of_group"),
            models.Index(fields=("pickup_by",), condition=Q(pickup_by__isnull=False), name="hold_pickup_by"),
        )
        constraints = (
            models.CheckConstraint(name="hold_state", condition=Q(state__in=State.values)),
            models.CheckConstraint(name="hold_contact", condition=Q(contact__in=["", *Patron.Contact.values])),
            models.CheckConstraint(
                name="hold_patron_only_while_active",
                condition=(
                    ~Q(state__in=ENDED)
                    & Q(patron__isnull=False, requested_at__isnull=False, order_at__isnull=False, ended_on__isnull=True)
                )
                | (
                    Q(state__in=ENDED)
                    & Q(patron__isnull=True, requested_at__isnull=True, order_at__isnull=True, ended_on__isnull=False)
                    & Q(group__isnull=True, suspended_from__isnull=True, not_needed_after__isnull=True)
                    & Q(contact="")
                ),
            ),
            models.CheckConstraint(
                name="hold_copy_and_slip_while_captured",
                condition=(Q(state__in=WITH_COPY) & Q(item__isnull=False, slip_number__isnull=False))
                | (~Q(state__in=WITH_COPY) & Q(item__isnull=True, slip_number__isnull=True)),
            ),
            models.CheckConstraint(
                name="hold_shelf_number_while_shelved",
                condition=(Q(state__in=SHELVED) & Q(shelf_number__isnull=False, shelved_on__isnull=False))
                | (~Q(state__in=SHELVED) & Q(shelf_number__isnull=True, shelved_on__isnull=True)),
            ),
            models.CheckConstraint(
                name="hold_pickup_limit_on_the_shelf",
                condition=(Q(state=State.NOTIFIED, pickup_by__isnull=False))
                | Q(state=State.ON_SHELF)
                | (~Q(state__in=SHELVED) & Q(pickup_by__isnull=True, extended=False)),
            ),
            models.CheckConstraint(
                name="hold_suspension",
                condition=Q(suspended_from__isnull=True, suspended_until__isnull=True)
                | Q(suspended_from__lte=F("suspended_until")),
            ),
            models.CheckConstraint(
                name="hold_group",
                condition=Q(group__isnull=True, group_kind="", group_position__isnull=True)
                | Q(group__isnull=False, group_kind__in=["sequence", "either"], group_position__isnull=False),
            ),
            # one active hold per person and title, or issue of a magazine
            models.UniqueConstraint(
                fields=("patron", "record", "issue"),
                condition=Q(patron__isnull=False),
                name="hold_one_per_person_and_title",
            ),
            # a copy is captured for one hold at most; that it is of the same title and issue a foreign key says, and
            # that magazines are held by issue a trigger (migration 0006)
            models.UniqueConstraint(fields=("item",), condition=Q(item__isnull=False), name="hold_one_per_copy"),
            models.UniqueConstraint(
                fields=("slip_number",), condition=Q(slip_number__isnull=False), name="hold_slip_once"
            ),
            models.UniqueConstraint(
                fields=("pickup_library", "shelf_number"),
                condition=Q(shelf_number__isnull=False),
                name="hold_one_per_shelf_place",
            ),
            models.UniqueConstraint(
                fields=("group", "group_position"), condition=Q(group__isnull=False), name="hold_group_order"
            ),
            models.UniqueConstraint(
                fields=("group",), condition=Q(group_kind="either", item__isnull=False), name="hold_either_one_copy"
            ),
        )

    def __str__(self) -> str:
        return f"hold {self.pk}"

    @property
    def title(self) -> str:
        return issues.titled(self.record.title, self.record.volume, self.issue)

    @property
    def pickup(self) -> Library | ServicePoint:
        """Where the patron picks it up."""
        return self.pickup_point or self.pickup_library

    @property
    def shelf(self) -> str:
        return shelf_label(self.shelf_number) if self.shelf_number else ""


def shelf_label(number: int) -> str:
    """Label of a place on the hold shelf: A-1 to A-100, B-1, …

    >>> [shelf_label(number) for number in (1, 100, 101, 2601)]
    ['A-1', 'A-100', 'B-1', 'AA-1']
    """
    row, place = divmod(number - 1, 100)
    letters = ""
    while row >= 0:
        row, letter = divmod(row, 26)
        letters = chr(ord("A") + letter) + letters
        row -= 1
    return f"{letters}-{place + 1}"
