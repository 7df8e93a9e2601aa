"""団体貸出セット: preparing sets, lending one whole, and what of one a group has out."""

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.db.models import Count, QuerySet

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import LendingSet, LendingSetItem, Loan
from shoko_ils.circulation.services.once import find_item
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.patrons.models import Patron


class Stopped(Exception):
    """One item of a set cannot be lent, so none is."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.outcome)
        self.result = result


class NotInto(Exception):
    """A number cannot become part of a set; `code` says why: unknown, withdrawn, `other-set`."""

    def __init__(self, number: str, code: str) -> None:
        super().__init__(f"{number}: {code}")
        self.number, self.code = number, code


class StillOut(Exception):
    """Items of the set are on loan with it."""


def lend_all(patron: Patron, number: str, lend: Callable[[Item, LendingSet], Result]) -> Result:
    """Lend every item of a set to a locked group, or none: then the answer is that of the first that stops.

    In the caller's transaction. `lend` lends one item or says why not. A set of which anything is still out is
    refused: what is left of it is lent item by item. That this group has it (SET_YOURS) is a question: renew it?
    """
    lent = LendingSet.objects.filter(pk=LendingSet.pk_of(number)).first()
    if lent is None:
        return Result(Outcome.UNKNOWN_SET)
    if patron.kind != Patron.Kind.GROUP:
        return Result(Outcome.SET_FOR_GROUPS)
    items = _locked(lent.items.all())
    if out := lent.loans.first():
        return Result(Outcome.SET_YOURS if out.patron_id == patron.pk else Outcome.SET_OUT)
    if not items:
        return Result(Outcome.UNKNOWN_SET)
    try:
        with transaction.atomic():
            due = [_lent(item, lent, lend) for item in items]
    except Stopped as stopped:
        return stopped.result
    return Result(Outcome.SET_LENT, due_on=min(due))


def _lent(item: Item, of: LendingSet, lend: Callable[[Item, LendingSet], Result]) -> dt.date:
    """Lend one of the set; when it is due. Raises Stopped."""
    found = find_item(item.barcode, lock=True)
    result = lend(found, of) if found else Result(Outcome.UNKNOWN_ITEM)
    if result.outcome is Outcome.LENT and result.due_on:
        return result.due_on
    # one that the group borrowed by itself is no question about a renewal of the set
    raise Stopped(Result(Outcome.ON_LOAN, item) if result.outcome is Outcome.ALREADY_YOURS else result)


def _locked(items: QuerySet[Item]) -> list[Item]:
    """Items, locked: all of them, then all queues, each in one order, as acts on many items do."""
    found = list(items.order_by("pk").select_for_update(no_key=True, of=("self",)))
    for record in sorted({item.record_id for item in found}):
        queue.lock(record)
    return found


def renew_all(patron: Patron, of: LendingSet, renew: Callable[[Item], Result]) -> list[Result]:
    """What came of renewing each item that a locked group has out with a set. In the caller's transaction."""
    found = [find_item(item.barcode, lock=True) for item in _locked(out_with(of.pk, patron.pk))]
    return [renew(item) for item in found if item]


def out_with(set_id: int, patron_id: int) -> QuerySet[Item]:
    """The items that a patron has out with a set."""
    return Item.objects.filter(pk__in=Loan.objects.filter(lending_set=set_id, patron=patron_id).values("item"))


def listed() -> QuerySet[LendingSet]:
    """All sets with `size`, and `out`: how many items are on loan with the set."""
    found = LendingSet.objects.select_related("library")
    return found.annotate(size=Count("items", distinct=True), out=Count("loans", distinct=True))


def contents(of: LendingSet) -> list[tuple[Item, Loan | None]]:
    """What belongs to a set or is still out with it, by call number; each item with its open loan, if it has one."""
    items = Item.objects.filter(lending_sets=of) | Item.objects.filter(loans__lending_set=of)
    items = items.distinct().select_related("record", "location", "library").order_by("call_number", "pk")
    open_loans = {loan.item_id: loan for loan in Loan.objects.filter(item__in=items, returned_on__isnull=True)}
    return [(item, open_loans.get(item.pk)) for item in items]


@transaction.atomic
def prepare(actor: audit.Actor, library: Library, name: str) -> LendingSet:
    """A new, empty set."""
    made = LendingSet.objects.create(library=library, name=name)
    audit.write(actor, "prepare-set", "sets")
    return made


@transaction.atomic
def add(actor: audit.Actor, set_id: int, numbers: list[str]) -> int:
    """Put items into a set, all or none; how many are new in it. Raises NotInto, LendingSet.DoesNotExist."""
    into = LendingSet.objects.select_for_update(no_key=True).get(pk=set_id)
    fresh = 0
    for number in numbers:
        item = Item.objects.filter(barcode=number).first()
        if item is None:
            raise NotInto(number, "unknown")
        if item.condition == Item.Condition.WITHDRAWN:
            raise NotInto(number, "withdrawn")
        held, made = LendingSetItem.objects.get_or_create(item=item, defaults={"lending_set": into})
        if held.lending_set_id != into.pk:
            raise NotInto(number, "other-set")
        fresh += made
    audit.write(actor, "change-set", "sets")
    return fresh


@transaction.atomic
def take_out(actor: audit.Actor, set_id: int, number: str) -> None:
    """Take an item out of a set; a loan that was made with it stays. One that is not in it is no error."""
    LendingSetItem.objects.filter(lending_set=set_id, item__barcode=number).delete()
    audit.write(actor, "change-set", "sets")


@transaction.atomic
def dissolve(actor: audit.Actor, set_id: int) -> None:
    """End a set; its items stay where they are. Raises StillOut, LendingSet.DoesNotExist."""
    ended = LendingSet.objects.select_for_update().get(pk=set_id)
    if ended.loans.exists():
        raise StillOut(str(ended))
    ended.delete()
    audit.write(actor, "dissolve-set", "sets")
