"""Search over titles, readings and names.

Each word must stand somewhere in a record (AND). The index of character pairs finds candidates, `LIKE`
confirms the order of the pairs. Words of two characters, the usual length in Japanese, are one lookup.
"""

from dataclasses import dataclass

from django.db.models import Case, F, IntegerField, Prefetch, QuerySet, Value, When
from django.db.models.functions import Length

from shoko_ils.catalog.models import Contribution, Record
from shoko_ils.catalog.normalise import fold, grams, query_grams, words
from shoko_ils.holdings.models import Item

MAX_QUERY = 200


@dataclass(frozen=True)
class Keys:
    """The folded columns of a record."""

    title_key: str
    reading_key: str
    search_text: str
    grams: list[str]


def keys(title: str, reading: str, others: list[str]) -> Keys:
    """Folded columns from the record's title, its reading, and all other searched texts (one field each)."""
    lines = [fold(title), fold(reading), *(fold(other) for other in others)]
    text = "\n".join(dict.fromkeys(line for line in lines if line))
    return Keys(title_key=lines[0], reading_key=lines[1], search_text=text, grams=grams(text))


def find(query: str, library: str = "") -> QuerySet[Record]:
    """Records that hold every word of `query`, best first; with `library` only those it owns a copy of.

    Order: same title, same reading, title begins so, reading begins so, title holds it, the rest; within
    these the shorter title first, then filing order by reading. A query without a searchable character finds nothing.
    """
    wanted = words(query[:MAX_QUERY])
    if not wanted:
        return Record.objects.none()
    records = Record.objects.filter(grams__contains=sorted({g for word in wanted for g in query_grams(word)}))
    for word in wanted:
        if len(word) > 2:
            records = records.filter(search_text__contains=word)
    if library:
        records = records.filter(pk__in=Item.objects.filter(library__key=library).values("record_id"))
    whole = "".join(wanted)
    rank = Case(
        When(title_key=whole, then=0),
        When(reading_key=whole, then=1),
        When(title_key__startswith=whole, then=2),
        When(reading_key__startswith=whole, then=3),
        When(title_key__contains=whole, then=4),
        When(reading_key__contains=whole, then=5),
        default=Value(6),
        output_field=IntegerField(),
    )
    # among titles that hold the words the shorter one is nearer; elsewhere its length says nothing
    nearness = Case(
        When(title_key__contains=whole, then=Length("title_key")),
        When(reading_key__contains=whole, then=Length("reading_key")),
        default=Value(0),
        output_field=IntegerField(),
    )
    return records.order_by(rank, nearness, "sort_key", "id")


def for_list(records: QuerySet[Record]) -> QuerySet[Record]:
    """Only what a list shows, with names and copies in a fixed number of queries."""
    names = Contribution.objects.select_related("agent")
    copies = Item.objects.select_related("library", "location", "availability").exclude(
        condition=Item.Condition.WITHDRAWN
    )
    return records.defer("grams", "search_text").prefetch_related(
        Prefetch("contributions", queryset=names),
        Prefetch("items", queryset=copies.order_by(F("library__position"), "barcode")),
    )
