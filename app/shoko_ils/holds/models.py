"""Holds on titles, the copies captured for them, transits, and what the hold shelf and the pull list remember."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.patrons.models import Patron, PatronCategory


class HoldRule(models.Model):
    """Who may place holds, how many, and where to pick them up: site data.

    An empty category or class means "any"; the most specific rule wins. A rule with a class limits the holds of
    this class, one without limits all holds of a person. Rules are never edited: a new version is a new row.
    """

    category = models.ForeignKey(PatronCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    material_class = models.ForeignKey(MaterialClass, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # 0 gives no right to hold; NULL knows no limit
    max_holds = models.PositiveSmallIntegerField(null=True, blank=True)
    max_per_day = models.PositiveSmallIntegerField(null=True, blank=True)
    # keys of libraries and service points; NULL: all of them
    pickup_keys = ArrayField(models.SlugField(max_length=40), null=True, blank=True)
    # of the queue: smaller is served first
    priority = models.PositiveSmallIntegerField(default=100)
    version = models.PositiveIntegerField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        db_table = "hold_rule"
        constraints = (
            models.UniqueConstraint(
                fields=("category", "material_class"),
                condition=Q(ended_on__isnull=True),
                nulls_distinct=False,
                name="hold_rule_one_in_force",
            ),
        )

    def __str__(self) -> str:
        return f"hold rule {self.pk} v{self.version}"


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
    """One hold on a title. When it ends, the patron and everything near to him leave the row, as from a loan.

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
                fields=("record", "priority", "order_at", "id"), condition=Q(state="queued"), name="hold_queue"
            ),
            models.Index(fields=("patron",), condition=Q(patron__isnull=False), name="hold_of_patron"),
            models.Index(fields=("group",), condition=Q(group__isnull=False), name="hold_of_group"),
            models.Index(fields=("pickup_by",), condition=Q(pickup_by__isnull=False), name="hold_pickup_by"),
        )
        constraints = (
            models.CheckConstraint(name="hold_state", condition=Q(state__in=State.values)),
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
            # one active hold per person and title
            models.UniqueConstraint(
                fields=("patron", "record"), condition=Q(patron__isnull=False), name="hold_one_per_person_and_title"
            ),
            # a copy is captured for one hold at most
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


class HoldMove(models.Model):
    """A change of the order of a queue: the former rank stays readable."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="moves")
    old_rank = models.PositiveIntegerField()
    new_rank = models.PositiveIntegerField()
    reason = models.CharField(max_length=100)
    moved_by = models.CharField(max_length=40, help_text="log-in ID")
    moved_on = models.DateField()

    class Meta:
        db_table = "hold_move"
        constraints = (models.CheckConstraint(name="hold_move_has_a_reason", condition=~Q(reason="")),)

    def __str__(self) -> str:
        return f"{self.hold_id}: {self.old_rank} → {self.new_rank}"


class WalkIn(models.Model):
    """A copy on the shelf was lent to who brought it to the counter while holds waited (来館者優先)."""

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    waiting = models.PositiveIntegerField(help_text="holds that a copy could have satisfied")
    reason = models.CharField(max_length=12)
    lent_on = models.DateField()

    class Reason(models.TextChoices):
        ON_SHELF = "on-shelf"
        EXCEPTION = "exception"

    class Meta:
        db_table = "walk_in"
        constraints = (
            models.CheckConstraint(name="walk_in_reason", condition=Q(reason__in=["on-shelf", "exception"])),
        )

    def __str__(self) -> str:
        return f"walk-in {self.pk}"


class Transit(models.Model):
    """A copy on its way from one library to another (回送); one at a time."""

    class End(models.TextChoices):
        ARRIVED = "arrived"
        # came in at another library, or was wanted elsewhere meanwhile
        REROUTED = "rerouted"
        VOID = "void"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="transits")
    from_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    to_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    to_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    slip_number = models.PositiveIntegerField()
    sent_on = models.DateField()
    ended_on = models.DateField(null=True)
    ended = models.CharField(max_length=8, choices=End.choices, blank=True, default="")

    class Meta:
        db_table = "transit"
        constraints = (
            models.UniqueConstraint(
                fields=("item",), condition=Q(ended_on__isnull=True), name="transit_one_open_per_item"
            ),
            models.UniqueConstraint(
                fields=("slip_number",), condition=Q(ended_on__isnull=True), name="transit_slip_once"
            ),
            models.CheckConstraint(
                name="transit_end",
                condition=Q(ended_on__isnull=True, ended="")
                | Q(ended_on__isnull=False, ended__in=["arrived", "rerouted", "void"]),
            ),
            models.CheckConstraint(
                name="transit_goes_somewhere",
                condition=~Q(from_library=F("to_library")),
            ),
        )

    def __str__(self) -> str:
        return f"transit {self.slip_number}"

    @property
    def destination(self) -> Library | ServicePoint:
        return self.to_point or self.to_library


class PullMiss(models.Model):
    """A copy of the pull list that was not found; the second time it is missing. Any scan of it ends this."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="pull_miss")
    missed_on = models.DateField()

    class Meta:
        db_table = "pull_miss"

    def __str__(self) -> str:
        return str(self.item_id)


class TakeOff(models.Model):
    """A copy on the hold shelf whose hold has ended: the morning's list, until it is scanned."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="take_off")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    shelf_number = models.PositiveIntegerField()
    since = models.DateField()

    class Meta:
        db_table = "take_off"
        constraints = (
            models.UniqueConstraint(fields=("library", "shelf_number"), name="take_off_one_per_shelf_place"),
        )

    def __str__(self) -> str:
        return f"{self.item_id} at {self.shelf}"

    @property
    def shelf(self) -> str:
        return shelf_label(self.shelf_number)


class TitleRequest(models.Model):
    """A wish for a title that no library of the site has (リクエスト), until it becomes a hold or is refused."""

    class Decision(models.TextChoices):
        NONE = ""
        BUY = "buy"
        BORROW = "borrow"
        REFUSE = "refuse"

    patron = models.ForeignKey(Patron, null=True, on_delete=models.PROTECT, related_name="title_requests")
    pickup_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    author = models.CharField(max_length=100, blank=True)
    publisher = models.CharField(max_length=100, blank=True)
    isbn = models.CharField(max_length=13, blank=True)
    key = models.UUIDField(unique=True)
    requested_on = models.DateField()
    decision = models.CharField(max_length=6, choices=Decision.choices, blank=True, default=Decision.NONE)
    decided_on = models.DateField(null=True)
    decided_by = models.CharField(max_length=40, blank=True, help_text="log-in ID")
    ended_on = models.DateField(null=True)

    class Meta:
        db_table = "title_request"
        constraints = (
            models.CheckConstraint(
                name="title_request_patron_only_while_open",
                condition=Q(patron__isnull=False, ended_on__isnull=True)
                | Q(patron__isnull=True, ended_on__isnull=False),
            ),
            models.CheckConstraint(name="title_request_title", condition=~Q(title="")),
            models.CheckConstraint(
                name="title_request_decision",
                condition=Q(decision="", decided_on__isnull=True, decided_by="")
                | Q(decision__in=["buy", "borrow", "refuse"], decided_on__isnull=False, decided_by__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"request {self.pk}"


class HoldCount(models.Model):
    """View `hold_count`: how many holds wait for a title, and nothing of whose they are. The public role reads it."""

    record = models.OneToOneField(Record, on_delete=models.DO_NOTHING, primary_key=True, related_name="hold_count")
    waiting = models.PositiveIntegerField()

    class Meta:
        managed = False
        db_table = "hold_count"

    def __str__(self) -> str:
        return f"{self.record_id}: {self.waiting}"


class Bound(models.Model):
    """View `item_bound`: a copy that stands ready for somebody (held) or is on its way (moving), not for whom."""

    item = models.OneToOneField(Item, on_delete=models.DO_NOTHING, primary_key=True, related_name="bound")
    why = models.CharField(max_length=6)

    class Meta:
        managed = False
        db_table = "item_bound"

    def __str__(self) -> str:
        return f"{self.item_id}: {self.why}"
