"""Every barcode at every scan field: where one leads to, or the one sentence that says to which window it belongs."""

from django.contrib.sessions.backends.base import SessionBase
from django.urls import reverse

from shoko_ils.counter.messages import Notice, notice
from shoko_ils.counter.operations import Operation, operation
from shoko_ils.holdings.barcode import is_card, is_set, is_staff_card
from shoko_ils.staff import operator

# barcodes of the desk sheet that open a window
OPENS = {
    Operation.LEND: "lend",
    Operation.RETURN: "return",
    Operation.HOLD_BACK: "return-check",
    Operation.UNDO: "return",
}
# those that mean something in one window only
OF_LENDING = frozenset({Operation.RENEW, Operation.FINISH, Operation.YES, Operation.NO})


def leads_to(scan: str, here: str) -> str | None:
    """The page that a scan opens; None: it stays here. A staff card opens the page of the operator."""
    if is_staff_card(scan):
        return "operator"
    opened = OPENS.get(wished) if (wished := operation(scan)) else None
    return opened if opened != here else None


def address(session: SessionBase, window: str, scan: str) -> str:
    """Where that page is; the operator's has the number of the staff card already, and asks for the PIN."""
    if window == "operator":
        operator.offer(session, scan)
        return f"{reverse(window)}?scanned"
    return reverse(window)


def belongs_elsewhere(scan: str, here: str) -> Notice | None:
    """What to do with a barcode that this window can do nothing with; None: it can."""
    if is_staff_card(scan):
        return notice("stop-staff-card")
    if here != "lend" and is_card(scan):
        return notice("stop-card-in-return")
    if here != "lend" and is_set(scan):
        return notice("stop-set-in-return")
    if here != "lend" and operation(scan) in OF_LENDING:
        return notice("stop-of-lending")
    return None
