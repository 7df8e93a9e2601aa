"""What the lending window shows of the patron who stands there."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from shoko_ils.circulation import rules, standing
from shoko_ils.circulation.models import Loan
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.sitting import Question, Sitting
from shoko_ils.holdings.models import Item, MaterialClass
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.access import Cell, permits, sees_patrons

LISTS_LOANS = Cell("patron", "loans")


def of_sitting(desk: Desk, sitting: Sitting) -> dict[str, Any]:
    """What the counter shows of the sitting: counts for everybody, the list of what is lent now by the matrix."""
    loans = list(
        Loan.objects.filter(patron=sitting.patron)
        .select_related("item__record", "item__location", "item__material_class")
        .order_by("-lent_at")
    )
    today = timezone.localdate()
    return {
        "token": sitting.token(desk.staff),
        "patron": sitting.patron if sees_patrons(desk.staff.level) else None,
        "questions": of_questions(sitting.questions),
        "now_lent": [loan for loan in loans if loan.lent_at and loan.lent_at >= sitting.began],
        "lists_loans": permits(desk.staff, LISTS_LOANS, desk.library.pk),
        "tallies": _tallies(desk, sitting.patron, loans),
        "open_count": len(loans),
        "overdue_count": sum(loan.due_on < today and not loan.pending for loan in loans),
        "pending_count": sum(loan.pending for loan in loans),
        "blocked": standing.blocked(sitting.patron, today),
    }


def of_questions(questions: tuple[Question, ...]) -> list[tuple[Question, Item | None]]:
    """Each question with the item that it is about, the newest first."""
    items = Item.objects.select_related("record").in_bulk([one.barcode for one in questions], field_name="barcode")
    return [(one, items.get(one.barcode)) for one in questions]


@dataclass(frozen=True)
class Tally:
    """Open loans of the classes that count together, and their limit; None is no limit."""

    name: str
    count: int
    limit: int | None


def _tallies(desk: Desk, patron: Patron, loans: list[Loan]) -> list[Tally]:
    ordered = rules.in_force()
    place = desk.point or desk.library
    found: dict[str, Tally] = {}
    for each in MaterialClass.objects.all():
        if each.counted_as in found:
            continue
        rule = rules.covering(rules.Combination(patron.category, each, place), ordered)
        counted = sum(
            loan.item.material_class.counted_as == each.counted_as
            and not (loan.pending and rule and not rule.counts_pending)
            for loan in loans
        )
        limit = None if rule is None else rule.max_loans if rule.max_class_loans is None else rule.max_class_loans
        found[each.counted_as] = Tally(str(each), counted, limit)
    return list(found.values())
