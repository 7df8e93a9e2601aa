"""Finding a patron: by the number of a card, or by two of reading, birth date and the end of the telephone number."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from shoko_ils.catalog.normalise import fold
from shoko_ils.holdings.barcode import clean_scan, is_card
from shoko_ils.patrons.models import Card, Patron

MIN_READING = 2
PHONE_DIGITS = 4
MAX_HITS = 20


class TooMany(Exception):
    """More patrons than a person may be shown at once; the question must be narrowed."""


class TooFew(Exception):
    """Fewer than two criteria and no card number: whoever asks must know whom he looks for."""


@dataclass(frozen=True)
class Criteria:
    """What is known of the person; empty where nothing is. `text` is a card number or a reading."""

    text: str = ""
    birth_date: dt.date | None = None
    phone_end: str = ""


def by_card(scan: str) -> Card | None:
    """The card with this number, ended ones too: the caller says "old card"."""
    return Card.objects.select_related("patron__category", "patron__library").filter(number=clean_scan(scan)).first()


def search(criteria: Criteria) -> list[Patron]:
    """At most MAX_HITS patrons; raises TooFew or TooMany. A card number alone is enough: it names one patron."""
    patrons: QuerySet[Patron] = Patron.objects.select_related("category").prefetch_related(
        Prefetch("cards", queryset=Card.objects.filter(ended_on__isnull=True).order_by("slot"), to_attr="valid_cards")
    )
    number = clean_scan(criteria.text)
    if is_card(number):
        return list(patrons.filter(cards__number=number))
    key, given = fold(criteria.text), 0
    if len(key) >= MIN_READING:
        patrons, given = patrons.filter(reading_key__startswith=key), given + 1
    if criteria.birth_date:
        patrons, given = patrons.filter(birth_date=criteria.birth_date), given + 1
    if len(criteria.phone_end) == PHONE_DIGITS:
        patrons, given = patrons.filter(phone__endswith=criteria.phone_end), given + 1
    if given < 2:
        raise TooFew
    hits = list(patrons.order_by("reading_key", "id")[: MAX_HITS + 1])
    if len(hits) > MAX_HITS:
        raise TooMany(f"more than {MAX_HITS}")
    return hits
