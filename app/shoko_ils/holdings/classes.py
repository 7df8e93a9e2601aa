"""Material classes by their numbers, kept while the site's edition stands."""

from shoko_ils.core.edition import kept
from shoko_ils.holdings.models import MaterialClass


@kept
def material_classes() -> dict[int, MaterialClass]:
    """In their order."""
    return {one.pk: one for one in MaterialClass.objects.all()}
