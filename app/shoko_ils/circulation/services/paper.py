"""Entering paper slips: each is done at once with its real day, or kept as a conflict for a person to decide."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import F, Max
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import PaperBatch, PaperSlip
from shoko_ils.circulation.services import paper_work
from shoko_ils.circulation.services.backdate import Late
from shoko_ils.circulation.services.once import find_item, once, undone_if_stopped
from shoko_ils.circulation.services.results import Outcome, Result
from shoko_ils.core import db
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.models import StaffAccount

State = PaperSlip.State
# what a decision may change
WRITTEN = ("card_number", "item_number", "state", "outcome", "decided_on", "decided_by")


@dataclass(frozen=True)
class Day:
    """Where and when it was done, why it is entered later, and how many slips there are of each kind."""

    library: Library
    point: ServicePoint | None
    late: Late
    lends: int
    returns: int


def begin(actor: audit.Actor, day: Day, key: uuid.UUID) -> PaperBatch:
    """Begin the batch of a day; repeatable by `key`."""

    def operation() -> PaperBatch:
        batch, made = PaperBatch.objects.get_or_create(
            key=key,
            defaults={
                "library": day.library,
                "service_point": day.point,
                "day": day.late.on,
                "reason": day.late.reason,
                "lends_on_paper": day.lends,
                "returns_on_paper": day.returns,
                "made_on": timezone.localdate(),
                "made_by": actor.login_id,
            },
        )
        if made:
            audit.write(actor, f"paper-{day.late.reason}", "paper")
        return batch

    return db.run(operation, confirm=lambda: PaperBatch.objects.filter(key=key).update(key=key))


def enter(
    actor: audit.Actor, batch: PaperBatch, act: PaperSlip.Act, numbers: tuple[str, str], key: uuid.UUID
) -> Result:
    """Enter the next slip: `numbers` are those of card (empty for a return) and item. Repeatable by `key`.

    Loan or return, slip and answer are one transaction. A stop makes it a conflict; nothing is dropped.
    """
    card_number, item_number = numbers

    def operation() -> Result:
        locked = PaperBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        known = PaperSlip.objects.filter(key=key).first()
        if known:
            return Result(Outcome(known.outcome), find_item(known.item_number))
        result = undone_if_stopped(lambda: paper_work.do(actor, locked, act, card_number, item_number))
        last = locked.slips.aggregate(last=Max("position"))["last"] or 0
        conflict = result.outcome.kind == "stop"
        PaperSlip.objects.create(
            batch=locked,
            position=last + 1,
            key=key,
            act=act,
            card_number=card_number if conflict else "",
            item_number=item_number,
            state=State.CONFLICT if conflict else State.DONE,
            outcome=result.outcome,
        )
        return result

    return once(key, operation)


def accept(actor: audit.Actor, person: StaffAccount, slip_id: int, key: uuid.UUID, *, number: str = "") -> Result:
    """Do what is proposed for a conflict; `number` corrects an unknown one. Decided meanwhile: as it was.

    Whatever else stands against it leaves it a conflict with its new reason, and nothing changed. Raises
    PermissionDenied where the proposal is an officer's.
    """

    def operation() -> Result:
        slip = _locked(slip_id)
        if slip.state != State.CONFLICT:
            return Result(Outcome(slip.outcome), find_item(slip.item_number))
        proposed = paper_work.proposal(slip)
        if proposed in paper_work.OFFICERS_ONLY and person.level not in OFFICERS:
            raise PermissionDenied("only levels 1 and 2 accept this")
        if proposed is paper_work.Proposal.CORRECT and number:
            unknown = "card_number" if slip.outcome == Outcome.UNKNOWN_CARD else "item_number"
            setattr(slip, unknown, number)
        result = undone_if_stopped(lambda: paper_work.resolve(actor, person, slip, proposed))
        slip.outcome = result.outcome
        if result.outcome.kind != "stop":
            slip.state, slip.card_number = State.DONE, ""
            slip.decided_on, slip.decided_by = timezone.localdate(), person.login_id
        slip.save(update_fields=WRITTEN)
        return result

    return once(key, operation)


def reject(actor: audit.Actor, person: StaffAccount, slip_id: int) -> bool:
    """Put a conflict aside (見送り); its card number goes. False: it was decided meanwhile."""

    def operation() -> bool:
        slip = _locked(slip_id)
        if slip.state != State.CONFLICT:
            return False
        slip.state, slip.card_number = State.REJECTED, ""
        slip.decided_on, slip.decided_by = timezone.localdate(), person.login_id
        slip.save(update_fields=WRITTEN)
        audit.write(actor, "paper-reject", "paper")
        return True

    return db.run(operation, confirm=lambda: PaperSlip.objects.filter(pk=slip_id).update(state=F("state")))


def forget_items(before: dt.date) -> int:
    """Nightly: settled slips of batches made before a day lose the number of the item; how many did."""
    settled = PaperSlip.objects.filter(batch__made_on__lt=before, item_number__gt="").exclude(state=State.CONFLICT)
    return settled.update(item_number="")


def _locked(slip_id: int) -> PaperSlip:
    """The slip, its batch locked first, as by every entry."""
    batch_id = PaperSlip.objects.values_list("batch", flat=True).get(pk=slip_id)
    PaperBatch.objects.select_for_update(no_key=True).get(pk=batch_id)
    return PaperSlip.objects.select_related("batch__library", "batch__service_point").get(pk=slip_id)
