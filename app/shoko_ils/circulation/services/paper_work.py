"""What a paper slip asks for, what stands against it, and what is proposed then. In the caller's transaction."""

from enum import StrEnum

from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.late import LateReason
from shoko_ils.circulation.models import Loan, PaperBatch, PaperSlip
from shoko_ils.circulation.permit import Permit, PermitReason
from shoko_ils.circulation.services import lending, returning
from shoko_ils.circulation.services.backdate import Late
from shoko_ils.circulation.services.once import find_item
from shoko_ils.circulation.services.results import PERMITTABLE, Outcome, Result
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import Transit
from shoko_ils.holds.services import routing, shelf
from shoko_ils.patrons import find
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import StaffAccount

Act = PaperSlip.Act


class Proposal(StrEnum):
    """What accepting a conflict does; rejecting (見送り) always leaves everything as it is."""

    # end the open loan with the day of the slip, then lend: its return was not entered
    RETURN_FIRST = "return-first"
    # it was lent again since, so this loan is over: to be put aside, or ended today and lent
    LENT_SINCE = "lent-since"
    # as an exception of an officer (F7): the patron has the item at home already
    EXCEPTION = "exception"
    # the hold goes back to its place in the queue, and the item is lent
    RELEASE_HOLD = "release-hold"
    # with the number as it should be
    CORRECT = "correct"
    # by the holder of an old card
    OLD_CARD = "old-card"
    # returned today: it was lent after the day of the slip
    RETURN_TODAY = "return-today"
    # once more, when what stood against it is settled
    AGAIN = "again"


OFFICERS_ONLY = frozenset({Proposal.EXCEPTION, Proposal.RELEASE_HOLD})


def proposal(slip: PaperSlip) -> Proposal:
    """What is proposed for a conflict; LENT_SINCE proposes to put it aside."""
    outcome = Outcome(slip.outcome)
    if outcome is Outcome.ON_LOAN:
        open_loan = Loan.objects.filter(item__barcode=slip.item_number, returned_on__isnull=True).first()
        since = open_loan is not None and open_loan.lent_on > slip.batch.day
        return Proposal.LENT_SINCE if since else Proposal.RETURN_FIRST
    if outcome in PERMITTABLE:
        return Proposal.EXCEPTION
    return {
        Outcome.HELD: Proposal.RELEASE_HOLD,
        Outcome.UNKNOWN_ITEM: Proposal.CORRECT,
        Outcome.UNKNOWN_CARD: Proposal.CORRECT,
        Outcome.OLD_CARD: Proposal.OLD_CARD,
        Outcome.DATE_BEFORE_LOAN: Proposal.RETURN_TODAY,
    }.get(outcome, Proposal.AGAIN)


def _late(batch: PaperBatch) -> Late:
    return Late(batch.day, LateReason(batch.reason))


def do(actor: audit.Actor, batch: PaperBatch, act: str, card_number: str, item_number: str) -> Result:
    """The slip as it stands, without a decision."""
    if act == Act.RETURN:
        item = find_item(item_number, lock=True)
        if item is None:
            return Result(Outcome.UNKNOWN_ITEM)
        return returning.accept(actor, item, batch.library, point=batch.service_point, late=_late(batch))
    found = _borrower(card_number)
    if isinstance(found, Outcome):
        return Result(found, find_item(item_number))
    item = find_item(item_number, lock=True)
    return _lend(actor, batch, found, item) if item else Result(Outcome.UNKNOWN_ITEM)


def _borrower(card_number: str, *, old: bool = False) -> Patron | Outcome:
    """The locked holder of a card; `old` takes a former card too."""
    card = find.by_card(card_number)
    if card is None:
        return Outcome.UNKNOWN_CARD
    if card.ended_on is not None and not old:
        return Outcome.OLD_CARD
    return Patron.objects.select_for_update(no_key=True).get(pk=card.patron_id)


def _lend(actor: audit.Actor, batch: PaperBatch, patron: Patron, item: Item, permit: Permit | None = None) -> Result:
    # who has carried it home on paper came before the holds that wait
    return lending.attempt(
        actor, patron, item, batch.library,
        point=batch.service_point, late=_late(batch), permit=permit, walk_in=True,
    )  # fmt: skip


def resolve(actor: audit.Actor, person: StaffAccount, slip: PaperSlip, proposed: Proposal) -> Result:
    """Do the slip in the way that is proposed for it."""
    batch = slip.batch
    if slip.act == Act.RETURN and proposed is not Proposal.RETURN_TODAY:
        return do(actor, batch, slip.act, "", slip.item_number)
    patron: Patron | Outcome | None = None
    if slip.act == Act.LEND:
        patron = _borrower(slip.card_number, old=True)
        if isinstance(patron, Outcome):
            return Result(patron)
    item = find_item(slip.item_number, lock=True)
    if item is None:
        return Result(Outcome.UNKNOWN_ITEM)
    if patron is None:
        return returning.accept(actor, item, batch.library, point=batch.service_point)
    if proposed is Proposal.RETURN_FIRST:
        ended = returning.accept(actor, item, batch.library, point=batch.service_point, late=_late(batch))
    elif proposed is Proposal.LENT_SINCE:
        ended = returning.accept(actor, item, batch.library, point=batch.service_point)
    else:
        ended = None
    if ended and ended.outcome.kind == "stop":
        return ended
    if ended or proposed is Proposal.RELEASE_HOLD:
        _release(actor, item, patron)
    permit = Permit(person, PermitReason.SYSTEM, PERMITTABLE) if proposed in OFFICERS_ONLY else None
    return _lend(actor, batch, patron, item, permit)


def _release(actor: audit.Actor, item: Item, patron: Patron) -> None:
    """The copy is not on the hold shelf but with `patron`: a hold of somebody else waits again at its place."""
    queue.lock(item.record_id)
    hold = routing.captured_for(item)
    if hold is not None and hold.patron_id != patron.pk:
        routing.end_transit(item, Transit.End.VOID, timezone.localdate())
        shelf.requeue(hold)
        audit.write(actor, "requeue-hold", "paper")
