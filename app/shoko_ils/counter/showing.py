"""What the lending window shows of the patron who stands there."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from shoko_ils.catalog.models import Record
from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan
from shoko_ils.core.rows import Columns, read_side_by_side
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.sitting import Question, Sitting
from shoko_ils.holdings.classes import material_classes
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models.hold import SHELVED
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.words import note_names
from shoko_ils.staff.access import Cell, permits, sees_patrons

LOAN = Columns(Loan, "id", "item_id", "patron_id", "lent_at", "due_on", "pending")
ITEM = Columns(Item, "id", "barcode", "record_id", "call_number", "issue", "material_class_id", "accompanying")
TITLE = Columns(Record, "id", "title", "volume", "subtitle")
LISTS_LOANS = Cell("patron", "loans")


def of_sitting(desk: Desk, sitting: Sitting) -> dict[str, Any]:
    """What the counter shows of the sitting: counts for everybody, the list of what is lent now by the matrix."""
    loans, ready, notes = _standing(sitting.patron)
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
        "blocked": sitting.blocked,
        "ready_here": ready.count(desk.library.pk),
        "ready_elsewhere": len(ready) - ready.count(desk.library.pk),
        "notes": note_names(notes),
    }


def _standing(patron: Patron) -> tuple[list[Loan], list[int], list[str]]:
    """Open loans with what is shown of their items, the newest first; where holds are ready; coded notes.

    One statement, because every scan makes it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {LOAN.sql('l')}, {ITEM.sql('i')}, {TITLE.sql('r')}, p.ready, p.notes FROM (SELECT"  # noqa: S608
            " ARRAY(SELECT h.pickup_library_id FROM hold h WHERE h.patron_id = %(patron)s AND h.state = ANY(%(ready)s))"
            " AS ready,"
            " ARRAY(SELECT n.code FROM patron_note n WHERE n.patron_id = %(patron)s ORDER BY n.code) AS notes) AS p"
            " LEFT JOIN (loan l JOIN item i ON i.id = l.item_id JOIN record r ON r.id = i.record_id)"
            " ON l.patron_id = %(patron)s ORDER BY l.lent_at DESC",
            {"patron": patron.pk, "ready": [state.value for state in SHELVED]},
        )
        rows = cursor.fetchall()
    found = []
    for row in rows:
        if row[0] is None:
            continue  # no loan
        loan, item, record = read_side_by_side(row, LOAN, ITEM, TITLE)
        loan.item, item.record = item, record
        found.append(loan)
    return found, rows[0][-2], rows[0][-1]


def of_questions(questions: tuple[Question, ...]) -> list[tuple[Question, Item | None]]:
    """Each question with the item that it is about, the newest first."""
    if not questions:
        return []
    items = Item.objects.select_related("record").in_bulk([one.barcode for one in questions], field_name="barcode")
    return [(one, items.get(one.barcode)) for one in questions]


@dataclass(frozen=True)
class Tally:
    """Open loans of the classes that count together, and their limit; None is no limit."""

    name: str
    count: int
    limit: int | None


def _tallies(desk: Desk, patron: Patron, loans: list[Loan]) -> list[Tally]:
    ordered = rules.kept_in_force(desk.edition)
    place = desk.point or desk.library
    found: dict[str, Tally] = {}
    classes = material_classes(desk.edition)
    for each in classes.values():
        if each.counted_as in found:
            continue
        rule = rules.covering(rules.Combination(patron.category, each, place), ordered)
        counted = sum(
            classes[loan.item.material_class_id].counted_as == each.counted_as
            and not (loan.pending and rule and not rule.counts_pending)
            for loan in loans
        )
        limit = None if rule is None else rule.max_loans if rule.max_class_loans is None else rule.max_class_loans
        found[each.counted_as] = Tally(str(each), counted, limit)
    return list(found.values())
