"""The only writers of items, but for where an item was scanned and what circulation finds out about it.

Each act is one transaction with an account of every number, repeatable by its key; `acting` carries it out.
"""

from shoko_ils.holdings.services.accession import Accession, Refused, accession
from shoko_ils.holdings.services.acting import LIMIT, TooMany, preview
from shoko_ils.holdings.services.changes import Change, changed, found, missing, reassigned, withdrawn
from shoko_ils.holdings.services.reverting import CannotRevert, revert

__all__ = [
    "LIMIT",
    "Accession",
    "CannotRevert",
    "Change",
    "Refused",
    "TooMany",
    "accession",
    "changed",
    "found",
    "missing",
    "preview",
    "reassigned",
    "revert",
    "withdrawn",
]
