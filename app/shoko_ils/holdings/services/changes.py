"""How each kind of act judges an item."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item, ItemAct, Location, MaterialClass
from shoko_ils.holdings.services.acting import Act, Standing, Verdict

Condition = Item.Condition
# what a person may set by hand: lost is said at the counter, withdrawn has a service of its own
SETTABLE = (Condition.NORMAL, Condition.PROCESSING, Condition.DAMAGED)
HERE = (*SETTABLE, Condition.MISSING)


@dataclass(frozen=True)
class Change:
    """Fields to set; None leaves a field as it is. `barcode` (a new label) and the rest of the second half are of one
    item only."""

    location: Location | None = None
    material_class: MaterialClass | None = None
    condition: str | None = None
    library_use_only: bool | None = None
    barcode: str | None = None
    call_number: str | None = None
    accompanying: str | None = None
    accompanying_count: int | None = None
    note: str | None = None
    issue: str | None = None
    source: str | None = None
    price: int | None = None

    def values(self) -> dict[str, Any]:
        """As columns of the item."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            f"{name}_id" if name in ("location", "material_class") else name: getattr(value, "pk", value)
            for name, value in given.items()
            if value is not None
        }


def changed(
    actor: audit.Actor,
    library: Library,
    numbers: Sequence[str],
    change: Change,
    *,
    kind: ItemAct.Kind = ItemAct.Kind.BULK,
    reason: str = "",
) -> Act:
    """Set the fields of a change. A condition is set on what is here; a captured copy stays lendable."""
    wanted = change.values()

    def judge(item: Item, where: Standing) -> Verdict:
        if item.condition == Condition.WITHDRAWN:
            return Verdict(why="withdrawn")
        if "condition" in wanted and wanted["condition"] != item.condition:
            if where.out:
                return Verdict(why="on-loan")
            if item.condition not in HERE:
                return Verdict(why="lost")
        unlendable = wanted.get("library_use_only") or wanted.get("condition", Condition.NORMAL) != Condition.NORMAL
        # the hold is on the issue that the copy is of
        another = wanted.get("issue", item.issue) != item.issue
        if where.captured and (unlendable or another):
            return Verdict(why="captured")
        return Verdict(wanted)

    return Act(actor, library, kind, numbers, judge, reason)


def missing(actor: audit.Actor, library: Library, numbers: Sequence[str], reason: str = "") -> Act:
    """Not found (所在不明). A hold that the copy was captured for waits again at its old place."""

    def judge(item: Item, where: Standing) -> Verdict:
        if where.out:
            return Verdict(why="on-loan")
        if item.condition not in HERE:
            return Verdict(why=item.condition)
        return Verdict({"condition": Condition.MISSING.value})

    return Act(actor, library, ItemAct.Kind.MISSING, numbers, judge, reason, frees_captured=True)


def found(actor: audit.Actor, library: Library, numbers: Sequence[str]) -> Act:
    """Missing or lost copies are here again, at `library`."""

    def judge(item: Item, where: Standing) -> Verdict:
        if where.out:
            return Verdict(why="on-loan")
        if item.condition not in (Condition.MISSING, Condition.LOST):
            return Verdict(why="not-missing")
        return Verdict({"condition": Condition.NORMAL.value, "at_library_id": library.pk})

    return Act(actor, library, ItemAct.Kind.FOUND, numbers, judge)


def withdrawn(
    actor: audit.Actor, library: Library, numbers: Sequence[str], reason: Item.Withdrawal, note: str = ""
) -> Act:
    """Withdraw (除籍). Refused while on loan, captured for a hold, or on the way."""
    today = timezone.localdate()

    def judge(item: Item, where: Standing) -> Verdict:
        if item.condition == Condition.WITHDRAWN:
            return Verdict(why="withdrawn")
        stop = "on-loan" if where.out else "captured" if where.captured else "in-transit" if where.moving else ""
        return Verdict(
            {"condition": Condition.WITHDRAWN.value, "withdrawn_on": today, "withdrawal_reason": reason.value}, stop
        )

    return Act(actor, library, ItemAct.Kind.WITHDRAW, numbers, judge, note)


def reassigned(
    actor: audit.Actor,
    library: Library,
    numbers: Sequence[str],
    owner: Library,
    location: Location | None = None,
    *,
    reason: str = "",
    send: bool = False,
    point: ServicePoint | None = None,
) -> Act:
    """Give items to another library (所管換), as one act. `send`: they are in hand, at `point`, and start for it now.

    Others go there when they are next scanned: a return sends a copy to its owner.
    """
    wanted = {"library_id": owner.pk} | ({"location_id": location.pk} if location else {})

    def judge(item: Item, where: Standing) -> Verdict:
        if item.condition == Condition.WITHDRAWN:
            return Verdict(why="withdrawn")
        if send and where.out:
            return Verdict(why="on-loan")
        return Verdict(wanted | ({"at_library_id": library.pk} if send else {}))

    return Act(actor, library, ItemAct.Kind.REASSIGN, numbers, judge, reason, sends=send, point=point)
