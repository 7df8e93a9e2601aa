"""The queue of a title or issue: in order, all of it, and why a hold is passed over."""

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from shoko_ils.circulation.models import Loan
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import SHELVED, WITH_COPY, Hold, State, Transit
from shoko_ils.holds.skips import Candidate, Skip
from shoko_ils.holds.standing import Standing
from shoko_ils.holds.target import Target

# any constant: makes the advisory locks of this module its own
LOCKS = 0x484F_4C44
ORDER = ("priority", "order_at", "id")
FIRST_LOOK, LONGEST_LOOK = 8, 1000
# two keys of 4 bytes; records that share the second one wait for each other and nothing else
LOCK_OF_RECORD = f"pg_advisory_xact_lock({LOCKS}, mod(record_id, 2147483648)::integer)"


def _listed(states: tuple[State, ...]) -> str:
    return ", ".join(f"'{each}'" for each in states)


def lock(record_id: int) -> None:
    """Let one transaction at a time choose from the queues of a title and its issues. Take it after the item's lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {LOCK_OF_RECORD} FROM (SELECT %s::bigint AS record_id) AS title", [record_id])  # noqa: S608


def waiting(target: Target) -> QuerySet[Hold]:
    """Holds on a title or issue that have no copy yet, in order."""
    return Hold.objects.filter(record=target.record, issue=target.issue, state=State.QUEUED).order_by(*ORDER)


# a piece of a queue along its index; what the database can say of a hold by itself is evaluated row by row, as far as
# the walk goes
PIECE = f"""
SELECT id, patron_id, category_id, pickup_library_id, pickup_point_id, hindrance, skipped, priority, order_at
FROM (
    SELECT h.*, p.category_id, CASE
        WHEN h.suspended_from <= %(today)s AND h.suspended_until >= %(today)s THEN '{Skip.SUSPENDED}'
        WHEN p.expires_on < %(today)s THEN '{Skip.EXPIRED}'
        WHEN h.group_kind = '{Hold.Group.SEQUENCE}' AND EXISTS (SELECT FROM hold o WHERE o."group" = h."group"
            AND o.group_position < h.group_position AND o.state NOT IN ({_listed(SHELVED)})) THEN '{Skip.SEQUENCE}'
        WHEN h.group_kind = '{Hold.Group.EITHER}' AND EXISTS (SELECT FROM hold o WHERE o."group" = h."group"
            AND o.state IN ({_listed(WITH_COPY)})) THEN '{Skip.EITHER}'
        ELSE '' END AS hindrance
    FROM hold h JOIN patron p ON p.id = h.patron_id
    WHERE h.record_id = %(record)s AND h.issue = %(issue)s AND h.state = '{State.QUEUED}'
) AS waiting
WHERE {{which}} ORDER BY priority, order_at, id LIMIT %(size)s"""  # noqa: S608
# not passed over for the reason that is written down; a suspension, which the hold's own row tells, needs no patron
UNKNOWN = (
    f"(skipped = '{Skip.SUSPENDED}' AND suspended_from <= %(today)s AND suspended_until >= %(today)s) IS NOT TRUE"
    " AND (hindrance = '' OR hindrance <> skipped)"
)
BEYOND = "(priority, order_at, id) > (%(priority)s, %(order_at)s, %(id)s)"


def walk(target: Target, material_class_id: int, today: dt.date, *, known: bool = True) -> Iterator[Candidate]:
    """Every waiting hold of the title or issue in order, each with its reason to be passed over, read as far as needed.

    Read along the index in growing pieces while the caller asks: the first hold costs the same for one as for ten
    thousand, and there is no last one that is looked at. Without `known` the database leaves out those that it would
    pass over for the reason that is already written down.
    """
    standing = Standing(material_class_id, today)
    given: dict[str, object] = {"record": target.record, "issue": target.issue, "today": today}
    conditions = ["true" if known else UNKNOWN]
    size = FIRST_LOOK
    while True:
        with connection.cursor() as cursor:
            cursor.execute(PIECE.format(which=" AND ".join(conditions)), given | {"size": size})
            found = cursor.fetchall()
        yield from standing.judged([Candidate(*row[:-2]) for row in found])
        if len(found) < size:
            return
        given |= {"priority": found[-1][-2], "order_at": found[-1][-1], "id": found[-1][0]}
        conditions = [conditions[0], BEYOND]
        size = min(size * 4, LONGEST_LOOK)


def may_satisfy(item: Item) -> bool:
    """Whether this copy can go to any hold at all."""
    return item.condition == Item.Condition.NORMAL and not item.library_use_only


def first_for(item: Item, today: dt.date) -> Candidate | None:
    """The first hold that this copy goes to. Those passed over keep their rank and get the reason written down."""
    if not may_satisfy(item):
        return None
    passed: dict[str, list[int]] = {}
    for one in walk(Target.of(item), item.material_class_id, today, known=False):
        if not one.skip:
            for reason, numbers in passed.items():
                Hold.objects.filter(pk__in=numbers).update(skipped=reason)
            return one
        if one.skip != one.recorded:
            passed.setdefault(one.skip, []).append(one.hold_id)
    return None


def servable(item: Item, today: dt.date) -> Iterator[Candidate]:
    """The holds that this copy could go to, in order."""
    if may_satisfy(item):
        everybody = walk(Target.of(item), item.material_class_id, today, known=False)
        yield from (one for one in everybody if not one.skip)


def on_shelf(target: Target, library: Library | None = None) -> QuerySet[Item]:
    """Copies of a title or issue in a library that wait for nobody: in, whole, lendable, not captured, not moving."""
    lendable = Item.objects.filter(condition=Item.Condition.NORMAL, library_use_only=False)
    items = lendable.filter(record=target.record, issue=target.issue).exclude(
        Exists(Loan.objects.filter(item=OuterRef("pk"), returned_on__isnull=True))
        | Exists(Hold.objects.filter(item=OuterRef("pk")))
        | Exists(Transit.objects.filter(item=OuterRef("pk"), ended_on__isnull=True))
    )
    return items.filter(at_library=library) if library else items


def rank(hold: Hold, today: dt.date) -> int:
    """Place of a waiting hold among those that a copy may go to now: 1 is next."""
    return judged(hold, today)[0]


def judged(hold: Hold, today: dt.date) -> tuple[int, Skip]:
    """`rank` of a waiting hold, and why it would be passed over today, whatever was the reason the last time."""
    ahead = 0
    for one in walk(Target.of(hold), hold.material_class_id, today):
        if one.hold_id == hold.pk:
            return ahead + 1, Skip(one.skip)
        ahead += not one.skip
    raise ValueError(f"hold {hold.pk} does not wait")


def place(hold: Hold) -> int:
    """Place of a waiting hold among all that wait, those passed over included: what a change of order moves."""
    before = (
        Q(priority__lt=hold.priority)
        | Q(priority=hold.priority, order_at__lt=hold.order_at)
        | Q(priority=hold.priority, order_at=hold.order_at, pk__lt=hold.pk)
    )
    return waiting(Target.of(hold)).filter(before).count() + 1
