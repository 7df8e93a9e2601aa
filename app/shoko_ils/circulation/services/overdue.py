"""督促: who is past due, at which stage, and what came of a contact."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import standing
from shoko_ils.circulation.models import Loan, OverdueContact, OverdueStage
from shoko_ils.circulation.models.overdue import Means
from shoko_ils.circulation.services import overdue_mail
from shoko_ils.core.models import Library
from shoko_ils.holds.models import Hold, State
from shoko_ils.patrons.models import Patron

WRITTEN = frozenset({Means.EMAIL.value, Means.POSTCARD.value})
SEARCHED_FOR = dt.timedelta(days=14)


@dataclass(frozen=True)
class Debtor:
    """A patron with loans past due: no title, only how many and how long.

    `library` lent the one that is due the longest; `wanted`: somebody waits for one of them (予約待ち).
    """

    patron: Patron
    library: Library
    days: int
    loans: int
    wanted: bool
    stage: OverdueStage | None
    last_contact: OverdueContact | None

    @property
    def due_for_contact(self) -> bool:
        """Whether the stage has come and nobody has made its contact yet."""
        done = self.last_contact.stage if self.last_contact else 0
        return self.stage is not None and self.stage.number > done


def debtors(library: Library | None = None) -> list[Debtor]:
    """Patrons with loans past due (lent at `library`), the longest first; loans that are being searched for are out."""
    today = timezone.localdate()
    late = being_told(today).select_related("patron__category", "library")
    if library is not None:
        late = late.filter(library=library)
    of_patron: dict[int, list[Loan]] = {}
    late = late.annotate(
        wanted=Exists(
            Hold.objects.filter(record=OuterRef("item__record"), issue=OuterRef("item__issue"), state=State.QUEUED)
        )
    )
    for loan in late.order_by("patron_id", "due_on", "pk"):
        of_patron.setdefault(loan.patron_id, []).append(loan)  # type: ignore[arg-type]
    stages = list(OverdueStage.objects.order_by("-after_days"))
    contacts: dict[int, OverdueContact] = {}
    for contact in OverdueContact.objects.filter(patron__in=of_patron).order_by("contacted_on", "id"):
        contacts[contact.patron_id] = contact
    found = []
    for patron_id, loans in of_patron.items():
        days = standing.days_past_due(loans, today)
        stage = next((one for one in stages if days >= one.after_days), None)
        patron: Patron = loans[0].patron  # type: ignore[assignment]
        wanted = any(loan.wanted for loan in loans)  # type: ignore[attr-defined]
        found.append(Debtor(patron, loans[0].library, days, len(loans), wanted, stage, contacts.get(patron_id)))
    return sorted(found, key=lambda one: (-one.days, one.patron.pk))


def being_told(today: dt.date) -> QuerySet[Loan]:
    """Loans past due that a notice may be about: those that are being searched for are not."""
    return standing.overdue_loans(today).exclude(no_notice_until__gte=today)


@transaction.atomic
def contacted(
    actor: audit.Actor, patron: Patron, stage: int, means: str, result: OverdueContact.Result
) -> OverdueContact:
    """Record one contact. Who says that all is returned gets no notice for 14 days: the shelves are searched.

    What was sent in writing at a stage is recorded once.
    """
    today = timezone.localdate()
    Patron.objects.select_for_update(no_key=True).get(pk=patron.pk)
    written = [OverdueContact.Result.TO_SEND, OverdueContact.Result.SENT]
    if result == OverdueContact.Result.SENT:
        known = OverdueContact.objects.filter(patron=patron, stage=stage, means=means, result__in=written).first()
        if known:
            return known
    contact = OverdueContact.objects.create(
        patron=patron, stage=stage, means=means, result=result, contacted_on=today, contacted_by=actor.login_id
    )
    if result == OverdueContact.Result.SAYS_RETURNED:
        overdue_mail.withdraw(patron.pk)
        standing.overdue_loans(today).filter(patron=patron).update(no_notice_until=today + SEARCHED_FOR)
    audit.write(actor, "overdue-contact", "overdue", [patron.pseudonym])
    return contact


def remind(actor: audit.Actor, library: Library | None = None, *, means: frozenset[str] = WRITTEN) -> int:
    """Put the written notices that have come due (lent at `library`) into the outbox; how many.

    Repeatable: each patron gets one for a stage. Stages by mail go to those who wish mail; who does not stays on the
    list for a person. Each patron is a transaction of his own.
    """
    wishes = {Means.EMAIL: Patron.Contact.EMAIL}
    put = 0
    for one in debtors(library):
        stage = one.stage
        if stage is None or not one.due_for_contact or stage.means not in means:
            continue
        if one.patron.contact == wishes.get(Means(stage.means), one.patron.contact):
            put += overdue_mail.put(audit.Actor(actor.login_id, one.library.key), one.patron, one.library, stage)
    return put


def shelf_checks(library: Library) -> list[Loan]:
    """書架確認: items that their borrowers say are back, lent or owned here. Without a person."""
    today = timezone.localdate()
    loans = Loan.objects.filter(returned_on__isnull=True, no_notice_until__gte=today)
    here = loans.filter(library=library) | loans.filter(item__library=library)
    return list(here.select_related("item__record", "item__location", "item__library").order_by("item__call_number"))
