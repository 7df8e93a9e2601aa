"""Which loan rule applies."""

from django.db.models import F, Q

from shoko_ils.circulation.models import LoanRule


def choose(category_id: int, library_id: int) -> LoanRule | None:
    """The most specific rule in force: category and library, category, library, any. None: not covered."""
    return (
        LoanRule.objects.filter(
            Q(category=category_id) | Q(category__isnull=True),
            Q(library=library_id) | Q(library__isnull=True),
            ended_on__isnull=True,
        )
        .order_by(F("category").asc(nulls_last=True), F("library").asc(nulls_last=True))
        .first()
    )
