"""Libraries and service points by their numbers, kept while the site's edition stands."""

from shoko_ils.core.edition import kept
from shoko_ils.core.models import Library, ServicePoint


@kept
def libraries() -> dict[int, Library]:
    """In their order."""
    return {one.pk: one for one in Library.objects.all()}


@kept
def points() -> dict[int, ServicePoint]:
    """In their order."""
    return {one.pk: one for one in ServicePoint.objects.all()}
