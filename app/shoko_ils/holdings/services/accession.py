"""Accession (受入): a copy gets its numbers and its place, and is offered to the holds that wait in the same commit."""

import uuid
from dataclasses import dataclass

from django.db import IntegrityError, connection

from shoko_ils.audit import record as audit
from shoko_ils.core import db
from shoko_ils.core.models import Library
from shoko_ils.holdings import barcode
from shoko_ils.holdings.models import Item, ItemAct, ItemActLine, Location, MaterialClass
from shoko_ils.holdings.services import acting


class Refused(Exception):
    """`code`: taken (the number has an item), number (its check digit is wrong), record (there is none)."""

    def __init__(self, code: str, number: str = "") -> None:
        super().__init__(code)
        self.code, self.number = code, number


@dataclass(frozen=True)
class Accession:
    """A new copy. An empty `number` asks for the next one; `price` in yen."""

    record_id: int
    library: Library
    location: Location
    material_class: MaterialClass
    call_number: str
    number: str = ""
    condition: Item.Condition = Item.Condition.NORMAL
    library_use_only: bool = False
    accompanying: str = ""
    accompanying_count: int = 0
    note: str = ""
    issue: str = ""
    source: Item.Source = Item.Source.PURCHASE
    price: int | None = None


def next_number() -> str:
    """A fresh item number. Also of labels that are printed before there is an item: it is never given twice."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('item_number_seq')")
            found = barcode.with_check_digit(str(cursor.fetchone()[0]))
        # labels from elsewhere may have been used up to here
        if not Item.objects.filter(barcode=found).exists():
            return found


def accession(actor: audit.Actor, new: Accession, key: uuid.UUID) -> Item:
    """Take a copy in, once for a key. Raises Refused.

    A normal, lendable copy goes to the first hold in order that it may satisfy, before anybody sees it on a shelf.
    """

    def operation() -> Item:
        done = ItemAct.objects.filter(key=key).first()
        return done.lines.get().item if done else _accession(actor, new, key)  # type: ignore[return-value]

    def confirm() -> None:
        ItemAct.objects.filter(key=key).update(confirmed=True)

    try:
        return db.run(operation, confirm=confirm)
    except IntegrityError as error:
        # a race against the same key: its row can be read now; or another copy took the number, or the record went
        if ItemAct.objects.filter(key=key).exists():
            return db.run(operation, confirm=confirm)
        raise Refused("taken" if new.number else "record", new.number) from error


def _accession(actor: audit.Actor, new: Accession, key: uuid.UUID) -> Item:
    if new.number and not barcode.is_item(new.number):
        raise Refused("number", new.number)
    if new.number and Item.objects.filter(barcode=new.number).exists():
        raise Refused("taken", new.number)
    item = Item.objects.create(
        barcode=new.number or next_number(),
        record_id=new.record_id,
        library=new.library,
        at_library=new.library,
        location=new.location,
        material_class=new.material_class,
        call_number=new.call_number,
        condition=new.condition,
        library_use_only=new.library_use_only,
        accompanying=new.accompanying,
        accompanying_count=new.accompanying_count,
        note=new.note,
        issue=new.issue,
        source=new.source,
        price=new.price,
    )
    line = ItemActLine(position=1, number=item.barcode, item=item, outcome=ItemActLine.Outcome.MADE)
    asked = acting.Act(actor, new.library, ItemAct.Kind.ACCESSION, [item.barcode], lambda *_: acting.Verdict())
    acting.write(asked, key, [line])
    acting.offer([item])
    audit.write(actor, "items-accession", "items")
    item.refresh_from_db()
    return item
