"""One patron at the counter, from the card to the next card.

The form carries it, signed: two windows do not mix, no table remembers who stood there, and it lapses.
"""

import datetime as dt
from dataclasses import asdict, dataclass, replace

from django.core import signing
from django.db import connection
from django.utils import timezone

from shoko_ils.circulation import standing
from shoko_ils.circulation.services import Late, LateReason
from shoko_ils.core.rows import Columns, read_side_by_side
from shoko_ils.holdings.barcode import is_set
from shoko_ils.patrons.models import Card, Patron, PatronCategory
from shoko_ils.staff.models import StaffAccount

CARD, CATEGORY = Columns(Card), Columns(PatronCategory)
PATRON = Columns(Patron, "id", "pseudonym", "category_id", "library_id", "name", "expires_on")
SALT = "shoko.sitting"
LAPSES = dt.timedelta(minutes=15)
# so many items may wait for a decision; the form has to carry them
MOST_QUESTIONS = 15


@dataclass(frozen=True)
class Question:
    """What the counter asks about a scanned item, and all that the answer needs. `kind`: renew, permit, walk-in
    or return-first."""

    barcode: str
    kind: str
    # the stop that a permit would pass, and those that were named and passed before it
    stop: str = ""
    passed: tuple[str, ...] = ()
    # who has given a permit for this item, and why
    approver: int | None = None
    reason: str = ""
    # the day of a loan that is entered late
    on: str = ""
    late_reason: str = ""

    @property
    def late(self) -> Late | None:
        """Raises OutOfRange when the day has moved too far back meanwhile."""
        return Late(dt.date.fromisoformat(self.on), LateReason(self.late_reason)) if self.on else None

    @property
    def of_set(self) -> bool:
        """Whether it is about a set and not about one item."""
        return is_set(self.barcode)

    @property
    def stays(self) -> bool:
        """Whether it is kept until it is decided. The others are offers that the next scan withdraws."""
        return self.kind == "walk-in"


@dataclass(frozen=True)
class Sitting:
    """The patron whose items are being lent, and since when; what is asked meanwhile, the newest first."""

    card: Card
    began: dt.datetime
    # whether lending to the patron is blocked
    blocked: bool = False
    questions: tuple[Question, ...] = ()

    @property
    def patron(self) -> Patron:
        return self.card.patron

    @property
    def undecided(self) -> tuple[Question, ...]:
        return tuple(one for one in self.questions if one.stays)

    @property
    def newest(self) -> Question | None:
        return self.questions[0] if self.questions else None

    def about(self, barcode: str) -> Question | None:
        """What is asked about this item."""
        return next((one for one in self.questions if one.barcode == barcode), None)

    def answered(self, barcode: str, asked: Question | None = None) -> "Sitting":
        """The item was dealt with, and now `asked` is the question about it; other offers are withdrawn."""
        kept = tuple(one for one in self.undecided if one.barcode != barcode)
        return replace(self, questions=((asked,) if asked else ()) + kept)

    @classmethod
    def begin(cls, card: Card) -> "Sitting":
        return cls(card, timezone.now(), standing.blocked(card.patron, timezone.localdate()))

    def token(self, staff: StaffAccount) -> str:
        """What the form carries; worthless to another person at the counter."""
        asked = [{name: value for name, value in asdict(one).items() if value} for one in self.questions]
        return signing.dumps([staff.pk, self.card.pk, self.began.timestamp(), asked], salt=SALT, compress=True)

    @classmethod
    def read(cls, token: str, staff: StaffAccount) -> "Sitting | None":
        """The sitting of a token, or None: none, lapsed, not ours, or its card ended meanwhile."""
        try:
            staff_id, card_id, began, asked = signing.loads(token, salt=SALT, max_age=LAPSES)
        except signing.BadSignature:
            return None
        if staff_id != staff.pk:
            return None
        found = _valid_card(card_id)
        if found is None:
            return None
        questions = tuple(Question(**one | {"passed": tuple(one.get("passed", ()))}) for one in asked)
        card, blocked = found
        return cls(card, dt.datetime.fromtimestamp(began, dt.UTC), blocked, questions)


def _valid_card(card_id: int) -> tuple[Card, bool] | None:
    """A card that has not ended, its patron as far as the counter shows him, and whether he is blocked."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {CARD.sql('c')}, {PATRON.sql('p')}, {CATEGORY.sql('g')}, {standing.BLOCKED}"  # noqa: S608
            " FROM card c JOIN patron p ON p.id = c.patron_id JOIN patron_category g ON g.id = p.category_id"
            " WHERE c.id = %(card)s AND c.ended_on IS NULL",
            {"card": card_id, "day": timezone.localdate()},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    card, patron, category = read_side_by_side(row, CARD, PATRON, CATEGORY)
    patron.category, card.patron = category, patron
    return card, row[-1]
