"""One scan, one transaction, one receipt."""

import uuid
from collections.abc import Callable, Iterable

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import ScanReceipt
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core import db
from shoko_ils.core.rows import Columns, read_side_by_side
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.patrons.models import Patron

ITEM, TITLE = Columns(Item), Columns(Record, "id", "title", "volume")
BORROWER = Columns(Patron, "id", "pseudonym", "kind", "category_id", "library_id", "birth_date", "expires_on")


def find_item(barcode: str, *, lock: bool = False) -> Item | None:
    """The item of a number; locked, so that nothing else happens to it until the commit, and with it its queue."""
    if not lock:
        return Item.objects.filter(barcode=barcode).select_related("material_class").first()
    with connection.cursor() as cursor:
        # the item first, the queue when it has it
        cursor.execute(
            f"WITH found AS MATERIALIZED (SELECT {ITEM.sql('i')} FROM item i WHERE barcode = %s FOR NO KEY UPDATE)"  # noqa: S608
            f" SELECT found.*, {TITLE.sql('r')}, {queue.LOCK_OF_RECORD}"
            " FROM found JOIN record r ON r.id = found.record_id",
            [barcode],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    item, record = read_side_by_side(row, ITEM, TITLE)
    item.record = record
    return item  # type: ignore[no-any-return]


def lock_patron(patron_id: int) -> Patron:
    """A patron, locked: the limit is counted under it. What a loan does not need is not read."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {BORROWER.sql('p')} FROM patron p WHERE id = %s FOR NO KEY UPDATE", [patron_id])  # noqa: S608
        row = cursor.fetchone()
    if row is None:
        raise Patron.DoesNotExist(patron_id)
    return BORROWER.read(row)


def shown(item_id: int | None) -> Item | None:
    """The item with all that a screen shows of it."""
    return Item.objects.select_related("record", "library", "location", "material_class").filter(pk=item_id).first()


Beside = Callable[[Result], None]


def once(key: uuid.UUID, act: Callable[[], Result], *, beside: Beside | None = None) -> Result:
    """Run `act` unless the key has a receipt; write the receipt in the same transaction.

    So is what the caller writes `beside`, given the result: it may be asked again, and is not for a known key.
    """

    def operation() -> Result:
        known = read_receipt(key)
        if known:
            return known
        result = act()
        write_receipt(key, result)
        if beside:
            beside(result)
        return result

    def confirm() -> None:
        ScanReceipt.objects.filter(key=key).update(confirmed=True)

    try:
        return db.run(operation, confirm=confirm)
    except IntegrityError:
        # lost a race against the same key, or against another loan of this item: now its row can be read
        return db.run(operation, confirm=confirm)


def write_receipt(key: uuid.UUID, result: Result) -> None:
    """Keep what a scan came to under its key, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scan_receipt (key, outcome, item_id, due_on, slip, made_on, confirmed)"
            " VALUES (%s, %s, %s, %s, %s, %s, true)",
            [
                key,
                result.outcome.value,
                result.item.pk if result.item else None,
                result.due_on,
                result.slip,
                timezone.localdate(),
            ],
        )


def read_receipt(key: uuid.UUID) -> Result | None:
    """What the scan of this key came to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, item_id, due_on, slip FROM scan_receipt WHERE key = %s", [key])
        row = cursor.fetchone()
    return Result(Outcome(row[0]), shown(row[1]), *row[2:]) if row else None


def read_receipts(keys: Iterable[uuid.UUID]) -> list[Result]:
    """What those of the keys that have a receipt came to, in the order of the items."""
    kept = ScanReceipt.objects.filter(key__in=list(keys)).select_related("item__record", "item__library")
    return [Result(Outcome(one.outcome), one.item, one.due_on, one.slip) for one in kept.order_by("item")]


class _StoppedError(Exception):
    def __init__(self, result: Result) -> None:
        super().__init__(result.outcome)
        self.result = result


def undone_if_stopped(act: Callable[[], Result]) -> Result:
    """Run `act` so that a stop at its end leaves nothing of what it did before."""

    def stopping() -> Result:
        result = act()
        if result.outcome.kind == "stop":
            raise _StoppedError(result)
        return result

    try:
        with transaction.atomic():
            return stopping()
    except _StoppedError as stopped:
        return stopped.result
