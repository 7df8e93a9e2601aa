"""Taking an act back: each item that is still as the act left it becomes what it was."""

import uuid

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item, ItemAct, ItemActLine
from shoko_ils.holdings.services.acting import Act, Standing, Verdict, carry_out, plain

REVERTIBLE = frozenset(set(ItemAct.Kind) - {ItemAct.Kind.ACCESSION, ItemAct.Kind.REVERT})


class CannotRevert(Exception):
    """An accession, a revert, or what has been reverted already."""


def revert(actor: audit.Actor, library: Library, act_id: int, key: uuid.UUID, reason: str = "") -> ItemAct:
    """Revert an act; items that were changed since, or are out or captured now, stay and are named. Raises
    CannotRevert."""
    done = ItemAct.objects.filter(key=key).first()
    return done or carry_out(planned(actor, library, act_id, reason), key)


def planned(actor: audit.Actor, library: Library, act_id: int, reason: str = "") -> Act:
    """The act that takes another one back. Raises CannotRevert."""
    former = ItemAct.objects.filter(pk=act_id, kind__in=REVERTIBLE).first()
    if former is None or ItemAct.objects.filter(reverts=former).exists():
        raise CannotRevert
    lines = {
        line.item_id: line for line in former.lines.filter(outcome=ItemActLine.Outcome.CHANGED).select_related("item")
    }

    def judge(item: Item, where: Standing) -> Verdict:
        line = lines[item.pk]
        if any(plain(getattr(item, name)) != value for name, value in line.after.items()):
            return Verdict(why="changed-since")
        if "condition" in line.before and where.out:
            return Verdict(why="on-loan")
        unlendable = line.before.get("library_use_only") or line.before.get("condition", "normal") != "normal"
        if where.captured and (unlendable or "issue" in line.before):
            return Verdict(why="captured")
        return Verdict(line.before)

    numbers = [line.item.barcode for line in lines.values() if line.item]
    return Act(actor, library, ItemAct.Kind.REVERT, numbers, judge, reason, restores=former)
