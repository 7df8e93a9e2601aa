"""借受者を表示: showing who has an item is an act of its own (JLA 1984: only where the work on the item needs it)."""

from enum import StrEnum

from django.db import transaction

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import Loan
from shoko_ils.patrons.models import Patron


class BorrowerReason(StrEnum):
    """督促, 予約督促, 返却保留, 本人申出."""

    OVERDUE = "overdue"
    HOLD = "hold"
    RETURN_CASE = "case"
    OWN_REQUEST = "request"


@transaction.atomic
def show_borrower(actor: audit.Actor, barcode: str, reason: BorrowerReason) -> Patron | None:
    """The borrower of an item that is out, or None. The audit has reason and patron, never the item."""
    loan = Loan.objects.select_related("patron__category").filter(item__barcode=barcode, patron__isnull=False).first()
    patron = loan.patron if loan else None
    audit.write(actor, f"show-borrower-{reason}", "borrower", [patron.pseudonym] if patron else None)
    return patron


@transaction.atomic
def show_titles(actor: audit.Actor, patron: Patron, reason: BorrowerReason) -> list[Loan]:
    """What a patron has out. The audit has reason and patron, never a title."""
    loans = Loan.objects.filter(patron=patron).select_related(
        "item__record", "item__library", "library", "rule", "lending_set"
    )
    audit.write(actor, f"show-titles-{reason}", "overdue", [patron.pseudonym])
    return list(loans.order_by("due_on", "pk"))
