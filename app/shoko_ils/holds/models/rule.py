"""Hold rules: site data."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import PatronCategory


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
