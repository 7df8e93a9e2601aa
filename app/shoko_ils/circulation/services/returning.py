"""Taking back."""

import uuid

from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services.once import find_item, once
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item


def take_back(actor: audit.Actor, barcode: str, library: Library, key: uuid.UUID) -> Result:
    """Take an item back at `library`, from anyone, in any state, and erase the borrower with it.

    Tells where the item goes now, never who had it.
    """

    def act() -> Result:
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        ended = Loan.objects.filter(item=item, returned_on__isnull=True).update(
            patron=None, lent_at=None, returned_on=timezone.localdate()
        )
        if item.at_library_id != library.pk:
            Item.objects.filter(pk=item.pk).update(at_library=library)
        if ended:
            audit.write(actor, "take-back", "return")
        return Result(_destination(item, library, was_out=bool(ended)), item)

    return once(key, act)


def _destination(item: Item, library: Library, *, was_out: bool) -> Outcome:
    """Where an item that has just come in at `library` goes now."""
    if item.library_id == library.pk:
        return Outcome.SHELVE if was_out else Outcome.NOT_OUT
    return Outcome.SEND_HOME if was_out else Outcome.NOT_OUT_SEND_HOME
