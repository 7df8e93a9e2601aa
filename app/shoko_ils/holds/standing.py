"""Whether a copy may be captured for a patron now, many patrons at a time: the loan rules and blocks decide."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import F, Q
from django.utils.functional import cached_property

from shoko_ils.circulation import rules, standing
from shoko_ils.circulation.models import LendingBlock, Loan, LoanRule
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.holds.skips import Candidate, Skip


class Standing:
    """What stands against the patrons of one queue, for items of one material class; rules are read once."""

    def __init__(self, material_class_id: int, today: dt.date) -> None:
        self.today = today
        self.material_class_id = material_class_id
        self._rules: dict[tuple[int, int, int | None], LoanRule | None] = {}

    @cached_property
    def material_class(self) -> MaterialClass:
        return MaterialClass.objects.get(pk=self.material_class_id)

    def judged(self, piece: Sequence[Candidate]) -> list[Candidate]:
        """The same candidates in order, those that stand free of other reasons judged; two queries for all."""
        patrons = [one.patron_id for one in piece if not one.skip]
        loans: dict[int, list[Loan]] = {}
        counted = F("item__material_class__counted_as")
        for loan in Loan.objects.filter(patron__in=patrons).annotate(counted_as=counted):
            loans.setdefault(loan.patron_id, []).append(loan)  # type: ignore[arg-type]
        until = Q(until__isnull=True) | Q(until__gte=self.today)
        blocks = LendingBlock.objects.filter(until, patron__in=patrons, lifted_on=None, began_on__lte=self.today)
        blocked = set(blocks.values_list("patron", flat=True))
        return [
            one if one.skip else one.skipped(self._reason(one, loans.get(one.patron_id, []), blocked)) for one in piece
        ]

    def _reason(self, one: Candidate, loans: list[Loan], blocked: set[int]) -> Skip:
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
        of_class = [loan for loan in counted if loan.counted_as == self.material_class.counted_as]  # type: ignore[attr-defined]
        total_reached = rule.max_loans is not None and len(counted) >= rule.max_loans
        class_reached = rule.max_class_loans is not None and len(of_class) >= rule.max_class_loans
        return Skip.LIMIT if total_reached or class_reached else Skip.NONE

    def _rule(self, one: Candidate) -> LoanRule | None:
        """The loan rule for this category at the pickup place; None: not covered."""
        place = one.category_id, one.pickup_library_id, one.pickup_point_id
        if place not in self._rules:
            category, library, point = place
            self._rules[place] = rules.choose(category, self.material_class_id, library, point)
        return self._rules[place]
