"""Finding a patron: by card number, or by the beginning of the name's reading."""

from django.db.models import Prefetch, QuerySet

from shoko_ils.catalog.normalise import fold
from shoko_ils.holdings.barcode import clean_scan, is_card
from shoko_ils.patrons.models import Card, Patron

MIN_READING = 2
MAX_HITS = 20


class TooMany(Exception):
    """More patrons than a person may be shown at once; the question must be narrowed."""


def by_card(scan: str) -> Card | None:
    """The card with this number, ended ones too: the caller says "old card"."""
    return Card.objects.select_related("patron__category", "patron__library").filter(number=clean_scan(scan)).first()


def search(text: str) -> list[Patron]:
    """Patrons for a card number or a reading of at least MIN_READING characters; raises TooMany."""
    number = clean_scan(text)
    patrons: QuerySet[Patron] = Patron.objects.select_related("category").prefetch_related(
        Prefetch("cards", queryset=Card.objects.filter(ended_on__isnull=True), to_attr="valid_cards")
    )
    if is_card(number):
        return list(patrons.filter(cards__number=number))
    key = fold(text)
    if len(key) < MIN_READING:
        return []
    hits = list(patrons.filter(reading_key__startswith=key).order_by("reading_key", "id")[: MAX_HITS + 1])
    if len(hits) > MAX_HITS:
        raise TooMany(f"more than {MAX_HITS}")
    return hits
