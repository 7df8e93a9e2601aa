"""Whether a copy may be captured for a patron now, many patrons at a time: the loan rules and blocks decide."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.functional import cached_property

from shoko_ils.circulation import rules, standing
from shoko_ils.circulation.models import LoanRule
from shoko_ils.core.edition import current
from shoko_ils.holdings.classes import material_classes
from shoko_ils.holds.skips import Candidate, Skip


@dataclass(frozen=True, slots=True)
class Counted:
    """Of an open loan what limits and days past due ask for."""

    due_on: dt.date
    library_id: int
    pending: bool
    counted_as: str


class Standing:
    """What stands against the patrons of one queue, for items of one material class; rules are read once."""

    def __init__(self, material_class_id: int, today: dt.date) -> None:
        self.today = today
        self.material_class_id = material_class_id
        self._rules: dict[tuple[int, int, int | None], LoanRule | None] = {}

    @cached_property
    def edition(self) -> uuid.UUID:
        return current()

    @cached_property
    def counted_as(self) -> str:
        return material_classes(self.edition)[self.material_class_id].counted_as

    def judged(self, piece: Sequence[Candidate]) -> list[Candidate]:
        """The same candidates in order, those that stand free of other reasons judged; two queries for all."""
        patrons = [one.patron_id for one in piece if not one.skip]
        if not patrons:
            return list(piece)
        loans: dict[int, list[Counted]] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT l.patron_id, l.due_on, l.library_id, l.pending, m.counted_as FROM loan l"
                " JOIN item i ON i.id = l.item_id JOIN material_class m ON m.id = i.material_class_id"
                " WHERE l.patron_id = ANY (%s)",
                [patrons],
            )
            for patron_id, *rest in cursor.fetchall():
                loans.setdefault(patron_id, []).append(Counted(*rest))
            cursor.execute(
                f"SELECT p.id FROM unnest(%(patrons)s) AS p (id) WHERE {standing.BLOCKED}",  # noqa: S608
                {"patrons": patrons, "day": self.today},
            )
            blocked = {patron_id for (patron_id,) in cursor.fetchall()}
        return [
            one if one.skip else one.skipped(self._reason(one, loans.get(one.patron_id, []), blocked)) for one in piece
        ]

    def _reason(self, one: Candidate, loans: list[Counted], blocked: set[int]) -> Skip:
        rule = self._rule(one)
        if rule is None or 0 in (rule.max_loans, rule.max_class_loans):
            return Skip.NO_RULE
        if one.patron_id in blocked:
            return Skip.BLOCKED
        late = [loan for loan in loans if loan.due_on < self.today and not loan.pending]
        stop_days = rule.overdue_stop_days
        if late and stop_days is not None and standing.days_past_due(late, self.today) > stop_days:
            return Skip.BLOCKED
        counted = [loan for loan in loans if rule.counts_pending or not loan.pending]
        of_class = [loan for loan in counted if loan.counted_as == self.counted_as]
        total_reached = rule.max_loans is not None and len(counted) >= rule.max_loans
        class_reached = rule.max_class_loans is not None and len(of_class) >= rule.max_class_loans
        return Skip.LIMIT if total_reached or class_reached else Skip.NONE

    def _rule(self, one: Candidate) -> LoanRule | None:
        """The loan rule for this category at the pickup place; None: not covered."""
        place = one.category_id, one.pickup_library_id, one.pickup_point_id
        if place not in self._rules:
            category, library, point = place
            self._rules[place] = rules.choose(category, self.material_class_id, library, point, edition=self.edition)
        return self._rules[place]
