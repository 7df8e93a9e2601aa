"""Where copies are: on their way, not found, still on the hold shelf."""

from django.db import models
from django.db.models import F, Q

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models.hold import shelf_label


class Transit(models.Model):
    """A copy on its way from one library to another (回送); one at a time."""

    class End(models.TextChoices):
        ARRIVED = "arrived"
        # came in at another library, or was wanted elsewhere meanwhile
        REROUTED = "rerouted"
        VOID = "void"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="transits")
    from_library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    from_point = models.ForeignKey(ServicePoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
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
                condition=~Q(from_library=F("to_library"))
                | Q(from_point__isnull=True, to_point__isnull=False)
                | Q(from_point__isnull=False, to_point__isnull=True)
                | ~Q(from_point=F("to_point")),
            ),
        )

    def __str__(self) -> str:
        return f"transit {self.slip_number}"

    @property
    def origin(self) -> Library | ServicePoint:
        return self.from_point or self.from_library

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
