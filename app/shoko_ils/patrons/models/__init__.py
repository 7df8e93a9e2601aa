"""Patrons, and the only personal fields that can be stored of them: the site declares which (see `declared`).

There is no free text about a person on purpose.
"""

from shoko_ils.patrons.models.card import Card, SpentCardNumber
from shoko_ils.patrons.models.patron import GroupContact, Patron, PatronCategory, PatronNote
from shoko_ils.patrons.models.rights import ErasureCertificate, SubjectRequest

__all__ = [
    "Card",
    "ErasureCertificate",
    "GroupContact",
    "Patron",
    "PatronCategory",
    "PatronNote",
    "SpentCardNumber",
    "SubjectRequest",
]
