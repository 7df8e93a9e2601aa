"""Finding items: by a list of numbers, or by where they stand."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import clean_scan
from shoko_ils.holdings.models import Item, Location, MaterialClass

SHOWN_WITH = ("record", "library", "at_library", "location", "material_class")


@dataclass(frozen=True)
class Filter:
    """Items of these properties; None and empty are any.

    Call numbers are compared as they file, the last one by its beginning: 913 to 913 holds every 913.
    """

    library: Library | None = None
    location: Location | None = None
    material_class: MaterialClass | None = None
    condition: str = ""
    call_from: str = ""
    call_to: str = ""
    accessioned_from: dt.date | None = None
    accessioned_to: dt.date | None = None

    def items(self) -> QuerySet[Item]:
        """In shelf order. Withdrawn ones only if asked for."""
        found = Item.objects.select_related(*SHOWN_WITH)
        for name in ("library", "location", "material_class"):
            if value := getattr(self, name):
                found = found.filter(**{name: value})
        found = found.filter(condition=self.condition) if self.condition else found.exclude(condition="withdrawn")
        if self.call_from:
            found = found.filter(call_number__gte=self.call_from)
        if self.call_to:
            found = found.filter(Q(call_number__lte=self.call_to) | Q(call_number__startswith=self.call_to))
        if self.accessioned_from:
            found = found.filter(accessioned_on__gte=self.accessioned_from)
        if self.accessioned_to:
            found = found.filter(accessioned_on__lte=self.accessioned_to)
        return found.order_by("library__position", "location__key", "call_number", "record__volume_order", "pk")


def numbers_of(text: str) -> list[str]:
    """Item numbers of a text, one a line or parted by blanks or commas; order and repetitions are kept."""
    return [clean for part in text.replace(",", " ").replace("、", " ").split() if (clean := clean_scan(part))]


def by_number(text: str) -> Item | None:
    """The item of a scanned item number, or of an accession number typed without the zeros before it."""
    number = clean_scan(text)
    items = Item.objects.select_related(*SHOWN_WITH)
    found = items.filter(barcode=number).first()
    if found is None and number.isascii() and number.isdigit() and len(number) < 10:
        found = items.filter(accession_number=int(number)).first()
    return found
