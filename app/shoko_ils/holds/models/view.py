"""Views of the database for the public service."""

from django.db import models

from shoko_ils.catalog.models import Record
from shoko_ils.holdings import issues
from shoko_ils.holdings.models import Item


class HoldCount(models.Model):
    """View `hold_count`: how many holds wait for a title, or an issue of it, and nothing of whose they are.

    The public role reads it.
    """

    pk = models.CompositePrimaryKey("record_id", "issue")
    record = models.ForeignKey(Record, on_delete=models.DO_NOTHING, related_name="+")
    issue = models.CharField(max_length=40)
    waiting = models.PositiveIntegerField()

    class Meta:
        managed = False
        db_table = "hold_count"

    def __str__(self) -> str:
        return f"{self.record_id} {self.issue}: {self.waiting}"

    @property
    def title(self) -> str:
        return issues.titled(self.record.title, self.record.volume, self.issue)


class Bound(models.Model):
    """View `item_bound`: a copy that stands ready for somebody (held) or is on its way (moving), not for whom."""

    item = models.OneToOneField(Item, on_delete=models.DO_NOTHING, primary_key=True, related_name="bound")
    why = models.CharField(max_length=6)

    class Meta:
        managed = False
        db_table = "item_bound"

    def __str__(self) -> str:
        return f"{self.item_id}: {self.why}"
