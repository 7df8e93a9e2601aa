"""What the tests of holds and loans share: holds, loans, copies and days, made as the services make them."""

import datetime as dt
import uuid
from typing import Any

from django.db import connection
from django.utils import timezone
from pymarc import Record as MarcRecord

from shoko_ils.audit.record import Actor
from shoko_ils.catalog import marc, store
from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item, Location, MaterialClass
from shoko_ils.holdings.services import Accession, accession
from shoko_ils.holds import scans
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import placing
from shoko_ils.holds.target import Target
from shoko_ils.patrons.models import Patron

ACTOR = Actor("demo", "central")


def new() -> uuid.UUID:
    return uuid.uuid4()


def library(key: str) -> Library:
    return Library.objects.get(key=key)


def people(count: int) -> list[Patron]:
    """Patrons without loans whose registrations are in force."""
    return list(Patron.objects.filter(loans__isnull=True, expires_on__gt="2029-01-01").order_by("pk")[:count])


def copies(record: int) -> list[Item]:
    return list(Item.objects.filter(record=record).order_by("pk"))


def titles(count: int, copies: int = 1) -> list[Record]:
    """Titles with so many copies, all of them on the shelf and lendable."""
    found = []
    for record in Record.objects.order_by("pk").iterator():
        items = list(record.items.all())
        free = [i for i in items if not i.library_use_only and not i.loans.filter(returned_on=None).exists()]
        if len(items) == len(free) == copies:
            found.append(record)
        if len(found) == count:
            return found
    raise AssertionError("the demonstration library has too few titles")


def magazine(*copies: tuple[str, str], title: str = "月刊見本") -> list[Item]:
    """The copies of a new magazine, one for each issue and library that is named."""
    made = MarcRecord(leader=f"{marc.EMPTY_LEADER[:7]}s{marc.EMPTY_LEADER[8:]}")
    marc.add(made, "245", "00", [("a", title)], [("a", "ゲッカン ミホン")])
    entry = store.Entry.of(marc.write(made))
    store.create([entry], "tests")
    place, kind = Location.objects.order_by("pk")[0], MaterialClass.objects.get(key="magazine")
    return [
        accession(ACTOR, Accession(entry.id, library(key), place, kind, "雑誌", issue=issue), new())
        for issue, key in copies
    ]


def empty_the_shelves() -> None:
    """Take away the holds, transits and notices that are there."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notice_call")
        cursor.execute("DELETE FROM notice")
        cursor.execute("DELETE FROM take_off")
        cursor.execute("DELETE FROM hold")
        cursor.execute("UPDATE item SET at_library_id = t.from_library_id FROM transit t WHERE t.item_id = item.id")
        cursor.execute("DELETE FROM transit")


def hold(patron: Patron, record: int, pickup: str = "central", issue: str = "", **more: Any) -> Hold:
    """A hold as the counter places it; `more` is changed in the row afterwards."""
    placed = placing.place(ACTOR, patron.pk, placing.Wish((Target(record, issue),), library(pickup)), new())
    assert placed.outcome is placing.Placing.PLACED, placed
    if more:
        Hold.objects.filter(pk=placed.holds[0].pk).update(**more)
    return Hold.objects.get(pk=placed.holds[0].pk)


def place(patron: Patron, *targets: int | Target, pickup: str = "central", kind: str = "") -> placing.Placed:
    """What comes of a wish; a bare number is a title."""
    wanted = tuple(Target(one) if isinstance(one, int) else one for one in targets)
    return placing.place(ACTOR, patron.pk, placing.Wish(wanted, library(pickup), Hold.Group(kind)), new())


def scan(item: Item, at: str) -> str:
    """Outcome of a scan at the hold counter of a library."""
    return scans.scan_in(ACTOR, item.barcode, library(at), new()).outcome


def state(hold: Hold) -> State:
    return State(Hold.objects.get(pk=hold.pk).state)


def lend_out(item: Item, patron: Patron, due_in: int = 14) -> Loan:
    """An open loan, made without the counter: what a test begins with."""
    today = timezone.localdate()
    return Loan.objects.create(
        item=item, patron=patron, library=item.library, rule=LoanRule.objects.filter(ended_on=None)[0],
        lent_on=today - dt.timedelta(days=40), lent_at=timezone.now(), due_on=today + dt.timedelta(days=due_in),
    )  # fmt: skip


def open_loan(item: Item) -> Loan:
    return Loan.objects.get(item=item, returned_on__isnull=True)


def make_late(loan: Loan, days: int) -> None:
    due_on = timezone.localdate() - dt.timedelta(days=days)
    Loan.objects.filter(pk=loan.pk).update(due_on=due_on, lent_on=due_on - dt.timedelta(days=14))


def shelf_item(*, other_than: Item) -> Item:
    return Item.objects.filter(library_use_only=False, loans__isnull=True).exclude(pk=other_than.pk)[0]
