"""返却保留, 紛失, 弁償: loans that stay open until somebody has decided and what was decided is done."""

import datetime as dt
import uuid

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import undo
from shoko_ils.circulation.counts import count
from shoko_ils.circulation.models import Loan, ReturnCase
from shoko_ils.circulation.services.ending import end
from shoko_ils.circulation.services.once import Beside, find_item, once
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds.services import routing
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.models import StaffAccount

DAYS_TO_DECIDE = dt.timedelta(days=7)
# after these the case waits until the compensation has come in; the others settle it at once
COMPENSATED = frozenset({ReturnCase.Decision.SAME_COPY, ReturnCase.Decision.SUBSTITUTE})
SETTLING = frozenset({ReturnCase.Decision.NOT_NEEDED, ReturnCase.Decision.REPAIR, ReturnCase.Decision.WAIVED})


class CaseClosed(Exception):
    """The case is settled, or was decided already."""


def hold_back(
    actor: audit.Actor,
    barcode: str,
    library: Library,
    reason: ReturnCase.Reason,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
    terminal: uuid.UUID | None = None,
    beside: Beside | None = None,
) -> Result:
    """Keep the loan of a returned item open while it is checked (返却保留). It is not past due meanwhile."""
    how = {"point": point, "terminal": terminal, "beside": beside}
    return _open(actor, barcode, library, key, reason=reason, outcome=Outcome.HELD_BACK, **how)


def declare_lost(
    actor: audit.Actor,
    patron_id: int,
    barcode: str,
    library: Library,
    key: uuid.UUID,
    *,
    point: ServicePoint | None = None,
) -> Result:
    """The borrower says that the item is lost (紛失): the loan stays open until it is found or compensated.

    What this patron has not on loan is refused (NOT_THEIRS).
    """
    lost = ReturnCase.Reason.LOST
    outcome = Outcome.DECLARED_LOST
    return _open(actor, barcode, library, key, reason=lost, outcome=outcome, patron_id=patron_id, point=point)


def _open(
    actor: audit.Actor,
    barcode: str,
    library: Library,
    key: uuid.UUID,
    *,
    reason: ReturnCase.Reason,
    outcome: Outcome,
    patron_id: int | None = None,
    point: ServicePoint | None = None,
    terminal: uuid.UUID | None = None,
    beside: Beside | None = None,
) -> Result:
    def act() -> Result:
        undo.forget(terminal)
        item = find_item(barcode, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        loan = Loan.objects.filter(item=item, returned_on__isnull=True).first()
        if loan is None:
            return Result(Outcome.NOT_ON_LOAN, item)
        if patron_id is not None and loan.patron_id != patron_id:
            return Result(Outcome.NOT_THEIRS, item)
        if loan.pending:
            return Result(Outcome.PENDING, item, loan.cases.get(settled_on__isnull=True).decide_by)
        today = timezone.localdate()
        case = ReturnCase.objects.create(
            loan=loan,
            library=library,
            reason=reason,
            opened_on=today,
            opened_by=actor.login_id,
            decide_by=today + DAYS_TO_DECIDE,
        )
        Loan.objects.filter(pk=loan.pk).update(pending=True)
        lost = reason == ReturnCase.Reason.LOST
        changed = {"condition": Item.Condition.LOST} if lost else {"at_library": library}
        Item.objects.filter(pk=item.pk).update(**changed)
        count("lost" if lost else "hold-back", item, library, point)
        audit.write(actor, "declare-lost" if lost else "hold-back", "return")
        return Result(outcome, item, case.decide_by)

    return once(key, act, beside=beside)


@transaction.atomic
def decide(actor: audit.Actor, officer: StaffAccount, case_id: int, decision: ReturnCase.Decision) -> ReturnCase:
    """Decide a case (level 1 or 2). Without compensation the return is completed and the borrower erased.

    Raises PermissionDenied, CaseClosed. FOUND is not decided: the scan of the item says so.
    """
    if officer.level not in OFFICERS:
        raise PermissionDenied("only levels 1 and 2 decide a case")
    if decision not in COMPENSATED | SETTLING:
        raise ValueError(f"{decision} is not a decision of a person")
    case = locked(case_id)
    if case.decision:
        raise CaseClosed(f"case {case.pk} is decided")
    today = timezone.localdate()
    case.decision, case.decided_on, case.decided_by = decision, today, officer.login_id
    case.save(update_fields=["decision", "decided_on", "decided_by"])
    if decision in SETTLING:
        _settle(actor, case, officer.login_id)
    audit.write(actor, f"decide-{decision}", "cases")
    return case


@transaction.atomic
def settle(actor: audit.Actor, officer: StaffAccount, case_id: int) -> ReturnCase:
    """The compensation has come in: the loan ends and the borrower is erased. Raises PermissionDenied, CaseClosed."""
    if officer.level not in OFFICERS:
        raise PermissionDenied("only levels 1 and 2 settle a case")
    case = locked(case_id)
    if not case.decision:
        raise CaseClosed(f"case {case.pk} is not decided")
    _settle(actor, case, officer.login_id)
    audit.write(actor, "settle-case", "cases")
    return case


def locked(case_id: int) -> ReturnCase:
    """The open case; the item's row is locked first, as by every scan."""
    item_id = ReturnCase.objects.values_list("loan__item", flat=True).get(pk=case_id)
    Item.objects.select_for_update(no_key=True).get(pk=item_id)
    case = ReturnCase.objects.select_related("loan").get(pk=case_id)
    if case.settled_on is not None:
        raise CaseClosed(f"case {case.pk} is settled")
    return case


def _settle(actor: audit.Actor, case: ReturnCase, login_id: str) -> None:
    """End the loan; it counts for the day and the library of the decision.

    What was lost stays lost, what was compensated for damage leaves the shelves.
    """
    today = timezone.localdate()
    case.settle(today, login_id)
    end(case.loan, today)
    lost = case.reason == ReturnCase.Reason.LOST
    if not lost and (case.decision in COMPENSATED or case.decision == ReturnCase.Decision.REPAIR):
        Item.objects.filter(pk=case.loan.item_id).update(condition=Item.Condition.DAMAGED)
    item = Item.objects.get(pk=case.loan.item_id)
    routing.offer(item)
    count("settled", item, Library.objects.get(key=actor.library))
