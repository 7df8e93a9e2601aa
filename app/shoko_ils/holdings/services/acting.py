"""An act on items: decide about each number under the items' locks, write, account, and offer what became free."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import Loan
from shoko_ils.core import db
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item, ItemAct, ItemActLine
from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, Transit
from shoko_ils.holds.services import routing, shelf

# of one act, so that it ends within the time that a request has
LIMIT = 5000
Outcome = ItemActLine.Outcome


class TooMany(Exception):
    """More numbers than one act may have."""


@dataclass(frozen=True)
class Standing:
    """Where a copy stands besides what its row says."""

    out: bool
    captured: bool
    moving: bool


@dataclass(frozen=True)
class Verdict:
    """What is to become of an item: these fields, nothing, or `why` not."""

    fields: dict[str, Any] = field(default_factory=dict)
    why: str = ""


Judge = Callable[[Item, Standing], Verdict]


@dataclass
class Act:
    """What was asked for: by whom, at which counter, which kind, over which numbers, and how each is judged.

    `restores` is the act that this one takes back; `frees_captured` gives the hold of a captured copy its place in the
    queue again; `sends` puts copies whose owner changed on their way there.
    """

    actor: audit.Actor
    library: Library
    kind: ItemAct.Kind
    numbers: Sequence[str]
    judge: Judge
    reason: str = ""
    restores: ItemAct | None = None
    frees_captured: bool = False
    sends: bool = False
    point: ServicePoint | None = None


def preview(act: Act) -> list[ItemActLine]:
    """What the act would do with each number now; nothing is written. Raises TooMany."""
    return _lines(act, _items(act, lock=False))


def carry_out(act: Act, key: uuid.UUID) -> ItemAct:
    """Do it, or return what was done under this key. Raises TooMany."""

    def operation() -> ItemAct:
        return ItemAct.objects.filter(key=key).first() or _carry_out(act, key)

    def confirm() -> None:
        ItemAct.objects.filter(key=key).update(confirmed=True)

    try:
        return db.run(operation, confirm=confirm)
    except IntegrityError:
        # lost a race against the same key, or against a loan or hold of an item that is to be withdrawn
        return db.run(operation, confirm=confirm)


def _carry_out(act: Act, key: uuid.UUID) -> ItemAct:
    items = _items(act, lock=True)
    lines = _lines(act, items)
    made = write(act, key, lines)
    changed = [(items[line.number], line.after) for line in lines if line.outcome == Outcome.CHANGED]
    if act.frees_captured:
        _free([item for item, _ in changed])
    _update(changed)
    sent = [item for item, after in changed if act.sends and "library_id" in after]
    offer([item for item, _ in changed], sent, act.point)
    audit.write(act.actor, f"items-{act.kind}", "items")
    return made


def write(act: Act, key: uuid.UUID, lines: Sequence[ItemActLine]) -> ItemAct:
    """The act and its account, in the caller's transaction."""
    counts = Counter(line.outcome for line in lines)
    made = ItemAct.objects.create(
        key=key,
        kind=act.kind,
        made_on=timezone.localdate(),
        made_by=act.actor.login_id,
        library=act.library,
        service_point=act.point,
        reason=act.reason[:200],
        reverts=act.restores,
        given=len(lines),
        **{outcome.value: counts[outcome] for outcome in Outcome},
    )
    for line in lines:
        line.act = made
    ItemActLine.objects.bulk_create(lines, batch_size=1000)
    return made


def _items(act: Act, *, lock: bool) -> dict[str, Item]:
    """Items by their number, locked in one order for all acts."""
    if len(act.numbers) > LIMIT:
        raise TooMany
    found = Item.objects.filter(barcode__in=set(act.numbers)).select_related("record").order_by("pk")
    if lock:
        found = found.select_for_update(no_key=True, of=("self",))
    return {item.barcode: item for item in found}


def standings(items: Iterable[Item]) -> dict[int, Standing]:
    """How each of the items stands, in three statements."""
    ids = [item.pk for item in items]
    out = set(Loan.objects.filter(item__in=ids, returned_on__isnull=True).values_list("item_id", flat=True))
    captured = set(Hold.objects.filter(item__in=ids).values_list("item_id", flat=True))
    moving = set(Transit.objects.filter(item__in=ids, ended_on__isnull=True).values_list("item_id", flat=True))
    return {pk: Standing(pk in out, pk in captured, pk in moving) for pk in ids}


def _lines(act: Act, items: dict[str, Item]) -> list[ItemActLine]:
    """An account of every number, in the order given."""
    standing = standings(items.values())
    seen: set[str] = set()
    lines = []
    for position, number in enumerate(act.numbers, start=1):
        item = items.get(number)
        line = ItemActLine(position=position, number=number[:40], item=item, outcome=Outcome.UNKNOWN)
        if item is not None and number in seen:
            line.outcome = Outcome.REPEATED
        elif item is not None:
            seen.add(number)
            _judged(line, act.judge(item, standing[item.pk]))
        lines.append(line)
    return lines


def _judged(line: ItemActLine, verdict: Verdict) -> None:
    if verdict.why:
        line.outcome, line.why = Outcome.REFUSED, verdict.why
        return
    wanted = {name: value for name, value in verdict.fields.items() if getattr(line.item, name) != value}
    line.before = {name: plain(getattr(line.item, name)) for name in wanted}
    line.after = {name: plain(value) for name, value in wanted.items()}
    line.outcome = Outcome.CHANGED if wanted else Outcome.SAME


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _update(changed: Sequence[tuple[Item, dict[str, Any]]]) -> None:
    """One statement for all items that get the same fields."""
    alike: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    for item, after in changed:
        alike[tuple(sorted(after.items()))].append(item.pk)
    for fields, ids in alike.items():
        Item.objects.filter(pk__in=ids).update(**dict(fields))


def _free(items: Sequence[Item]) -> None:
    """Holds of copies that are not there wait again at their old place; the copies' ways end."""
    today = timezone.localdate()
    for item in sorted(items, key=lambda one: one.record_id):
        queue.lock(item.record_id)
        hold = routing.captured_for(item)
        if hold is not None:
            shelf.requeue(hold)
    Transit.objects.filter(item__in=[item.pk for item in items], ended_on__isnull=True).update(
        ended_on=today, ended=Transit.End.VOID
    )


def offer(items: Sequence[Item], sent: Sequence[Item] = (), point: ServicePoint | None = None) -> None:
    """Offer locked items that are free to the holds that wait; `sent` ones are in hand at `point` and start there.

    Queues are locked in one order, after the items.
    """
    fresh = Item.objects.filter(
        Q(condition=Item.Condition.NORMAL, library_use_only=False) | Q(pk__in=[item.pk for item in sent])
    )
    found = list(fresh.filter(pk__in=[item.pk for item in items]).select_related("library", "at_library"))
    standing = standings(found)
    going = {item.pk for item in sent}
    for item in sorted(found, key=lambda one: (one.record_id, one.pk)):
        where = standing[item.pk]
        if where.out or where.captured:
            continue
        if item.pk in going:
            queue.lock(item.record_id)
            routing.route(item, item.at_library, point)
        elif not where.moving:
            routing.offer(item)
