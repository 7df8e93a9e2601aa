"""Items (資料): copies of a record, each with a number, a place and a condition."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings import issues


class Location(models.Model):
    """Shelving location (配架場所) within the libraries: site data, the list of the site file."""

    key = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(db_default=0)
    name_ja = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)

    class Meta:
        db_table = "location"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class MaterialClass(models.Model):
    """Material class (資料区分) that loan rules go by: books, audiovisual, magazines, …: site data.

    Classes with the same `counted_as` share one limit (図書 and 雑誌 usually do, 視聴覚 does not).
    """

    key = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField()
    name_ja = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    counted_as = models.SlugField(max_length=40)

    class Meta:
        db_table = "material_class"
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" else self.name_ja


class Item(models.Model):
    """One copy. Whether it is out is not written here: only an open loan says so."""

    class Condition(models.TextChoices):
        NORMAL = "normal"
        PROCESSING = "processing"
        MISSING = "missing"
        LOST = "lost"
        DAMAGED = "damaged"
        WITHDRAWN = "withdrawn"

    class Source(models.TextChoices):
        """How it came (受入区分): 購入, 寄贈, 移管, その他."""

        PURCHASE = "purchase"
        DONATION = "donation"
        TRANSFER = "transfer"
        OTHER = "other"

    class Withdrawal(models.TextChoices):
        """Why it left (除籍理由): 汚損・破損, 所在不明, 回収不能, 弁償済, 不用, 複本整理, 移管, 災害, 受入誤り."""

        WORN = "worn"
        LOST = "lost"
        NOT_RETURNED = "not-returned"
        COMPENSATED = "compensated"
        OUTDATED = "outdated"
        DUPLICATE = "duplicate"
        TRANSFER = "transfer"
        DISASTER = "disaster"
        MISTAKEN = "mistaken"

    # given by a trigger, without gaps, and never changed (migration 0004)
    accession_number = models.PositiveBigIntegerField(unique=True, db_default=0)
    accessioned_on = models.DateField(default=timezone.localdate)
    source = models.CharField(max_length=8, choices=Source.choices, db_default="purchase")
    price = models.PositiveIntegerField(null=True, blank=True, help_text="yen")
    barcode = models.CharField(max_length=10, unique=True)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="items")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="owner")
    at_library = models.ForeignKey(
        Library, on_delete=models.PROTECT, related_name="+", help_text="where it last was scanned"
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    call_number = models.CharField(max_length=30)
    # which issue (号) of a magazine it is, as `issues.label` writes it: year and month, or volume and number
    issue = models.CharField(max_length=40, blank=True, db_default="")
    condition = models.CharField(max_length=12, choices=Condition.choices, default=Condition.NORMAL)
    library_use_only = models.BooleanField(default=False)
    material_class = models.ForeignKey(MaterialClass, on_delete=models.PROTECT, related_name="+")
    # what belongs to it and must come back with it (付属品): "CD, guide", and of how many pieces
    accompanying = models.CharField(max_length=100, blank=True, db_default="")
    accompanying_count = models.PositiveSmallIntegerField(db_default=0)
    note = models.CharField(max_length=200, blank=True, db_default="", help_text="of the item, never of a person")
    withdrawn_on = models.DateField(null=True, blank=True)
    withdrawal_reason = models.CharField(max_length=12, choices=Withdrawal.choices, blank=True, db_default="")

    class Meta:
        db_table = "item"
        indexes = (
            models.Index(fields=("library", "location", "call_number", "id"), name="item_on_shelf"),
            models.Index(fields=("accessioned_on",), name="item_accessioned"),
            models.Index(fields=("withdrawn_on",), condition=Q(withdrawn_on__isnull=False), name="item_withdrawn_on"),
        )
        constraints = (
            # what a hold with a captured copy points at: the copy is of the title and issue that the hold is on
            models.UniqueConstraint(fields=("id", "record", "issue"), name="item_is_of_its_issue"),
            models.CheckConstraint(name="item_barcode_ten_digits", condition=Q(barcode__regex=r"^[0-9]{10}$")),
            models.CheckConstraint(
                name="item_condition",
                condition=Q(condition__in=["normal", "processing", "missing", "lost", "damaged", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="item_accompanying_counted",
                condition=Q(accompanying="", accompanying_count=0) | Q(accompanying__gt="", accompanying_count__gt=0),
            ),
            models.CheckConstraint(
                name="item_source", condition=Q(source__in=["purchase", "donation", "transfer", "other"])
            ),
            models.CheckConstraint(name="item_accession_number", condition=Q(accession_number__gt=0)),
            # that it is neither on loan nor captured then, triggers see to
            models.CheckConstraint(
                name="item_withdrawn_with_day_and_reason",
                condition=Q(
                    condition="withdrawn",
                    withdrawn_on__isnull=False,
                    withdrawal_reason__in=[
                        "worn",
                        "lost",
                        "not-returned",
                        "compensated",
                        "outdated",
                        "duplicate",
                        "transfer",
                        "disaster",
                        "mistaken",
                    ],
                )
                | (~Q(condition="withdrawn") & Q(withdrawn_on__isnull=True, withdrawal_reason="")),
            ),
        )

    def __str__(self) -> str:
        return self.barcode

    @property
    def title(self) -> str:
        return issues.titled(self.record.title, self.record.volume, self.issue)


class Availability(models.Model):
    """View `item_availability`: whether an item is out and until when, and nothing of who has it.

    The public role reads loans only through it.
    """

    item = models.OneToOneField(Item, on_delete=models.DO_NOTHING, primary_key=True, related_name="availability")
    due_on = models.DateField()

    class Meta:
        managed = False
        db_table = "item_availability"

    def __str__(self) -> str:
        return f"{self.item_id} until {self.due_on}"


class ItemAct(models.Model):
    """One act on items: accession, a change of one or of many, reassignment, withdrawal, or the revert of such an act.

    Every number that was given is accounted for, by a constraint. Rows are only added. The day, not the time: what
    happens to an item by the minute would lead to who stood at the counter.
    """

    class Kind(models.TextChoices):
        ACCESSION = "accession"
        EDIT = "edit"
        BULK = "bulk"
        REASSIGN = "reassign"
        MISSING = "missing"
        FOUND = "found"
        WITHDRAW = "withdraw"
        REVERT = "revert"

    key = models.UUIDField(unique=True)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    made_on = models.DateField()
    made_by = models.CharField(max_length=40, help_text="log-in ID")
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+", help_text="of the counter")
    service_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True, help_text="why, of the items")
    reverts = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reverted_by")
    given = models.PositiveIntegerField(help_text="numbers that were given")
    made = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0, help_text="were so already")
    refused = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField(default=0)
    # set by a second commit when the first one could not be confirmed on a standby
    confirmed = models.BooleanField(default=True)

    class Meta:
        db_table = "item_act"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                name="item_act_kind",
                condition=Q(
                    kind__in=["accession", "edit", "bulk", "reassign", "missing", "found", "withdraw", "revert"]
                ),
            ),
            models.CheckConstraint(
                name="item_act_every_number_accounted_for",
                condition=Q(given=F("made") + F("changed") + F("same") + F("refused") + F("unknown") + F("repeated")),
            ),
            models.CheckConstraint(
                name="item_act_reverts_an_act",
                condition=Q(kind="revert", reverts__isnull=False) | (~Q(kind="revert") & Q(reverts__isnull=True)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"


class ItemActLine(models.Model):
    """What an act did with one number: `before` and `after` hold the fields that it changed."""

    class Outcome(models.TextChoices):
        MADE = "made"
        CHANGED = "changed"
        SAME = "same"
        REFUSED = "refused"
        UNKNOWN = "unknown"
        REPEATED = "repeated"

    act = models.ForeignKey(ItemAct, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField(help_text="from 1")
    number = models.CharField(max_length=40, help_text="as it was given")
    item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT, related_name="act_lines")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    why = models.CharField(max_length=20, blank=True, help_text="of a refusal")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        db_table = "item_act_line"
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("act", "position"), name="item_act_line_once"),
            models.CheckConstraint(
                name="item_act_line_outcome",
                condition=Q(outcome="unknown", item__isnull=True, why="")
                | Q(outcome__in=["made", "changed", "same", "repeated"], item__isnull=False, why="")
                | Q(outcome="refused", item__isnull=False, why__gt=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.act_id}/{self.position} {self.outcome}"
