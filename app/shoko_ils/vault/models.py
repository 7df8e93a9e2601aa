"""Tables of the schema `private` (S4:L325-331): the staff role has no right of any kind on them.

When staff remove a patron, the database itself removes these rows (ON DELETE CASCADE, migration 0002):
the staff service could not even ask for them.
"""

from django.db import models

from shoko_ils.catalog.models import Record
from shoko_ils.patrons.models import Patron


class PatronPassword(models.Model):
    """Password of a patron for the public service, hashed by Django's first hasher."""

    patron = models.OneToOneField(Patron, on_delete=models.DO_NOTHING, primary_key=True, related_name="+")
    password = models.CharField(max_length=200)
    changed_on = models.DateField()

    class Meta:
        db_table = "patron_password"

    def __str__(self) -> str:
        return "password"


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
