"""Whether a copy may be captured for a patron now, many at a time: the loan rules decide, read once for a walk."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count

from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule


class Standing:
    """Limits of loans for items of one material class, for the walk through one queue."""

    def __init__(self, material_class_id: int) -> None:
        self.material_class_id = material_class_id
        self._rules: dict[tuple[int, int], LoanRule | None] = {}

    def rule(self, category_id: int, library_id: int) -> LoanRule | None:
        """The loan rule for a pick-up at a library; None: not covered, nothing is lent."""
        place = category_id, library_id
        if place not in self._rules:
            self._rules[place] = rules.choose(category_id, library_id)
        return self._rules[place]

    def open_loans(self, patron_ids: Sequence[int]) -> dict[int, int]:
        """Open loans of these patrons, those without any left out."""
        counted = Loan.objects.filter(patron__in=patron_ids).values("patron").annotate(n=Count("pk"))
        return {row["patron"]: row["n"] for row in counted}


def overdue_since(today: dt.date, days: int) -> dt.date:
    """Loans due before this day stop a capture."""
    return today - dt.timedelta(days=days)
