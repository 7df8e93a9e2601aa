"""One scan, one transaction, one receipt."""

import uuid
from collections.abc import Callable

from django.db import IntegrityError
from django.utils import timezone

from shoko_ils.circulation.models import ScanReceipt
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core import db
from shoko_ils.holdings.models import Item


def find_item(barcode: str, *, lock: bool = False) -> Item | None:
    """The item of a number; locked, so that nothing else happens to it until the commit."""
    items = Item.objects.filter(barcode=barcode).select_related("material_class")
    if lock:
        items = items.select_for_update(no_key=True, of=("self",))
    return items.first()


def shown(item_id: int | None) -> Item | None:
    """The item with all that a screen shows of it."""
    return Item.objects.select_related("record", "library", "location", "material_class").filter(pk=item_id).first()


def once(key: uuid.UUID, act: Callable[[], Result]) -> Result:
    """Run `act` unless the key has a receipt; write the receipt in the same transaction."""

    def operation() -> Result:
        receipt = ScanReceipt.objects.filter(key=key).first()
        if receipt:
            return Result(Outcome(receipt.outcome), shown(receipt.item_id), receipt.due_on, receipt.slip)
        result = act()
        ScanReceipt.objects.create(
            key=key,
            outcome=result.outcome.value,
            item=result.item,
            due_on=result.due_on,
            slip=result.slip,
            made_on=timezone.localdate(),
        )
        return Result(result.outcome, shown(result.item.pk if result.item else None), result.due_on, result.slip)

    def confirm() -> None:
        ScanReceipt.objects.filter(key=key).update(confirmed=True)

    try:
        return db.run(operation, confirm=confirm)
    except IntegrityError:
        # lost a race against the same key, or against another loan of this item: now its row can be read
        return db.run(operation, confirm=confirm)
