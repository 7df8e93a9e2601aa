"""督促: who is past due, at which stage, and what came of a contact."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation import standing
from shoko_ils.circulation.models import Loan, OverdueContact, OverdueStage
from shoko_ils.core.models import Library
from shoko_ils.patrons.models import Patron

SEARCHED_FOR = dt.timedelta(days=14)


@dataclass(frozen=True)
class Debtor:
    """A patron with loans past due: no title, only how many and how long."""

    patron: Patron
    days: int
    loans: int
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
    late = standing.overdue_loans(today).exclude(no_notice_until__gte=today).select_related("patron__category")
    if library is not None:
        late = late.filter(library=library)
    of_patron: dict[int, list[Loan]] = {}
    for loan in late.order_by("patron_id"):
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
        found.append(Debtor(patron, days, len(loans), stage, contacts.get(patron_id)))
    return sorted(found, key=lambda one: (-one.days, one.patron.pk))


@transaction.atomic
def contacted(
    actor: audit.Actor, patron: Patron, stage: int, means: str, result: OverdueContact.Result
) -> OverdueContact:
    """Record one contact. Who says that all is returned gets no notice for 14 days: the shelves are searched."""
    today = timezone.localdate()
    contact = OverdueContact.objects.create(
        patron=patron, stage=stage, means=means, result=result, contacted_on=today, contacted_by=actor.login_id
    )
    if result == OverdueContact.Result.SAYS_RETURNED:
        standing.overdue_loans(today).filter(patron=patron).update(no_notice_until=today + SEARCHED_FOR)
    audit.write(actor, "overdue-contact", "overdue", [patron.pseudonym])
    return contact


def shelf_checks(library: Library) -> list[Loan]:
    """書架確認: items that their borrowers say are back, lent or owned here. Without a person."""
    today = timezone.localdate()
    loans = Loan.objects.filter(returned_on__isnull=True, no_notice_until__gte=today)
    here = loans.filter(library=library) | loans.filter(item__library=library)
    return list(here.select_related("item__record", "item__location", "item__library").order_by("item__call_number"))
