"""One patron at the counter, from the card to the next card.

The form carries it, signed: two windows do not mix, no table remembers who stood there, and it lapses.
"""

import datetime as dt
from dataclasses import dataclass

from django.core import signing
from django.utils import timezone

from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff.models import StaffAccount

SALT = "shoko.sitting"
LAPSES = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Sitting:
    """The patron whose items are being lent, and since when."""

    card: Card
    began: dt.datetime
    # the number of the item about which the counter asks: renew it, or let it pass by an exception
    asked: str = ""

    @property
    def patron(self) -> Patron:
        return self.card.patron

    @classmethod
    def begin(cls, card: Card) -> "Sitting":
        return cls(card, timezone.now())

    def token(self, staff: StaffAccount) -> str:
        """What the form carries; worthless to another person at the counter."""
        return signing.dumps([staff.pk, self.card.pk, self.began.timestamp(), self.asked], salt=SALT)

    @classmethod
    def read(cls, token: str, staff: StaffAccount) -> "Sitting | None":
        """The sitting of a token, or None: none, lapsed, not ours, or its card ended meanwhile."""
        try:
            staff_id, card_id, began, asked = signing.loads(token, salt=SALT, max_age=LAPSES)
        except signing.BadSignature:
            return None
        if staff_id != staff.pk:
            return None
        card = (
            Card.objects.select_related("patron__category", "patron__library")
            .filter(pk=card_id, ended_on__isnull=True)
            .first()
        )
        return cls(card, dt.datetime.fromtimestamp(began, dt.UTC), asked) if card else None
