"""The only writers of circulation state. Screens, and later SIP2 and offline replay, call these.

Each function is one transaction, repeatable by its key: the same key gives the same answer.
"""

from shoko_ils.circulation.services.lending import lend
from shoko_ils.circulation.services.results import Outcome, Result, scan_key
from shoko_ils.circulation.services.returning import take_back

__all__ = ["Outcome", "Result", "lend", "scan_key", "take_back"]
