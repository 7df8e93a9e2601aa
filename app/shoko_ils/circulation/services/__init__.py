"""The only writers of circulation state. Screens, and later SIP2 and offline replay, call these.

Each scan is one transaction, repeatable by its key: the same key gives the same answer.
"""

from shoko_ils.circulation.late import LateReason
from shoko_ils.circulation.permit import Permit, PermitReason
from shoko_ils.circulation.services.backdate import Late, OutOfRange, book_drop
from shoko_ils.circulation.services.cases import declare_lost, hold_back
from shoko_ils.circulation.services.lending import lend
from shoko_ils.circulation.services.renewing import SetRenewal, renew, renew_set
from shoko_ils.circulation.services.results import PERMITTABLE, Outcome, Result, scan_key
from shoko_ils.circulation.services.returning import take_back, undo_return

__all__ = [
    "PERMITTABLE",
    "Late",
    "LateReason",
    "OutOfRange",
    "Outcome",
    "Permit",
    "PermitReason",
    "Result",
    "SetRenewal",
    "book_drop",
    "declare_lost",
    "hold_back",
    "lend",
    "renew",
    "renew_set",
    "scan_key",
    "take_back",
    "undo_return",
]
