"""Libraries and service points by their numbers, kept while the site's edition stands."""

from shoko_ils.core.edition import kept
from shoko_ils.core.models import Library, ServicePoint


@kept
def libraries() -> dict[int, Library]:
    return Library.objects.in_bulk()


@kept
def points() -> dict[int, ServicePoint]:
    return ServicePoint.objects.in_bulk()
