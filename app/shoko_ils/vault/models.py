"""Tables of the schema `private` (S4:L325-331): the staff role has no right of any kind on them.

When staff remove a patron, the database itself removes these rows (ON DELETE CASCADE): the staff service could not
even ask for them. Passwords, codes, sessions and throttles are here too (migration 0003) and have no model: only the
functions of that migration touch them. The public role sees of the models here what belongs to its session.
"""

from django.db import models
from django.db.models import Q

from shoko_ils.catalog.models import Record
from shoko_ils.holdings import issues
from shoko_ils.patrons.models import Patron


class Favourite(models.Model):
    """A record that a patron keeps (お気に入り資料)."""

    patron = models.ForeignKey(Patron, on_delete=models.DO_NOTHING, related_name="+")
    record = models.ForeignKey(Record, on_delete=models.DO_NOTHING, related_name="+")
    kept_on = models.DateField()

    class Meta:
        db_table = "favourite"
        constraints = (models.UniqueConstraint(fields=("patron", "record"), name="favourite_once"),)

    def __str__(self) -> str:
        return "favourite"


class HistoryWish(models.Model):
    """A patron wishes a reading history (読書記録). Without this row a loan leaves none; withdrawal erases all."""

    patron = models.OneToOneField(Patron, on_delete=models.DO_NOTHING, primary_key=True, related_name="+")
    since = models.DateField()

    class Meta:
        db_table = "history_wish"

    def __str__(self) -> str:
        return "wish"


class ReadingNote(models.Model):
    """One title that a patron who wishes it has borrowed; a trigger on the loan writes it. Titles, never items."""

    patron = models.ForeignKey(Patron, on_delete=models.DO_NOTHING, related_name="+")
    record = models.ForeignKey(Record, on_delete=models.DO_NOTHING, related_name="+")
    lent_on = models.DateField()

    class Meta:
        db_table = "reading_note"
        constraints = (models.UniqueConstraint(fields=("patron", "record", "lent_on"), name="reading_note_once"),)

    def __str__(self) -> str:
        return "reading note"


class EndedHold(models.Model):
    """One hold that ended without the patron's doing and without a loan: My Library says so for a short while.

    Only of who has a password: nobody else could read it. `ils.hold_ended` writes it. If the patron borrows the title
    after all, the return removes it in its own transaction (a trigger on the loan): nothing joins the two afterwards.
    """

    class Why(models.TextChoices):
        """期限切れ, 不要期限, 図書館による取消, 提供できない."""

        NOT_PICKED_UP = "not-picked-up"
        NOT_NEEDED = "not-needed"
        CANCELLED = "cancelled"
        UNOBTAINABLE = "unobtainable"

    patron = models.ForeignKey(Patron, on_delete=models.DO_NOTHING, related_name="+")
    record = models.ForeignKey(Record, on_delete=models.DO_NOTHING, related_name="+")
    issue = models.CharField(max_length=40, blank=True, db_default="", help_text="of a magazine")
    why = models.CharField(max_length=13, choices=Why.choices)
    ended_on = models.DateField()

    class Meta:
        db_table = "ended_hold"
        constraints = (
            models.UniqueConstraint(fields=("patron", "record", "issue"), name="ended_hold_once"),
            models.CheckConstraint(
                name="ended_hold_why",
                condition=Q(why__in=["not-picked-up", "not-needed", "cancelled", "unobtainable"]),
            ),
        )

    def __str__(self) -> str:
        return "ended hold"

    @property
    def title(self) -> str:
        return issues.titled(self.record.title, self.record.volume, self.issue)
