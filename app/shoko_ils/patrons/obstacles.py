"""What stands against erasing a patron, or a child's guardian.

Every module that holds something open for a patron points at him by a protecting foreign key and lets go when the
matter ends (a loan at its return, a hold when it is over). So a row that points here is an open matter, in modules of
today and of tomorrow alike.
"""

import datetime as dt
from typing import Any

from django.db.models import PROTECT, Exists, OuterRef, Q

from shoko_ils.circulation.models import Loan
from shoko_ils.patrons.models import Patron


def relations() -> list[Any]:
    """Every foreign key of any module that points at a patron."""
    fields = Patron._meta.get_fields(include_hidden=True)
    return [each for each in fields if each.auto_created and (each.one_to_many or each.one_to_one)]


def open_matters(patron: Patron) -> dict[str, int]:
    """Table → number of open rows; empty if nothing stands against the erasure."""
    found = {}
    for relation in relations():
        if relation.on_delete is PROTECT:
            model = relation.related_model
            count = model._default_manager.filter(**{relation.field.name: patron}).count()
            if count:
                found[model._meta.db_table] = count
    return found


def nothing_open() -> Q:
    """The same for many patrons at once."""
    condition = Q()
    for relation in relations():
        if relation.on_delete is PROTECT:
            rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})
            condition &= ~Q(Exists(rows))
    return condition


def guardian_answers(today: dt.date) -> Q:
    """Patrons with something overdue, waiting for a check, or to be compensated: the guardian answers for a minor."""
    loans = Loan.objects.filter(patron=OuterRef("pk"), returned_on__isnull=True)
    return Q(Exists(loans.filter(Q(due_on__lt=today) | Q(pending=True))))
