"""A rule change tried on the loans of the last month, before it starts."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from django.utils import timezone

from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.services.ruling import Scope, Terms
from shoko_ils.core.calendar.days import Days

MONTH = dt.timedelta(days=31)


@dataclass(frozen=True)
class Trial:
    """What the change would have meant.

    `loans` of the month would have come under it, `late` of them would have been (or be) past due by its period,
    `over` patrons hold more open loans than it allows. Of `unknown` returned loans it cannot be said: their borrowers
    and so their categories are erased.
    """

    loans: int
    late: int
    over: int
    unknown: int


def trial(scope: Scope, terms: Terms) -> Trial:
    """Try `terms` for `scope` on the loans that began within the last 31 days. Reads only, and names nobody."""
    new = LoanRule(**{f.name: getattr(scope, f.name) for f in fields(scope)}, **asdict(terms), version=0)
    others = [rule for rule in rules.in_force() if not _same(rule, new)]
    ordered = sorted([*others, new], key=rules.strength)
    today = timezone.localdate()
    days: dict[int, Days] = {}
    loans = late = unknown = 0
    for loan in _loans(today):
        category = loan.patron.category if loan.patron else loan.rule.category
        if category is None and any(rule.category_id for rule in ordered):
            unknown += _reached(loan, new)
            continue
        if _choice(loan, category.pk if category else None, ordered) is not new:
            continue
        loans += 1
        calendar = days.setdefault(loan.library_id, loan.library.days(loan.lent_on))
        due_on = calendar.next_open_day(loan.lent_on + dt.timedelta(days=terms.days))
        late += (loan.returned_on or today) > due_on
    return Trial(loans, late, _over(new, ordered), unknown)


def _loans(today: dt.date) -> Iterator[Loan]:
    recent = Loan.objects.filter(lent_on__gt=today - MONTH)
    return recent.select_related("patron__category", "rule__category", "library", "item").iterator()


def _same(rule: LoanRule, other: LoanRule) -> bool:
    return all(getattr(rule, f"{name}_id") == getattr(other, f"{name}_id") for name in rules.ORDER)


def _choice(loan: Loan, category_id: int | None, ordered: list[LoanRule]) -> LoanRule | None:
    wanted = (category_id, loan.item.material_class_id, loan.service_point_id, loan.library_id)
    return rules.first_fitting(wanted, ordered)


def _reached(loan: Loan, new: LoanRule) -> bool:
    """Whether all but the category fits."""
    named = (new.material_class_id, new.service_point_id, new.library_id)
    wanted = (loan.item.material_class_id, loan.service_point_id, loan.library_id)
    return all(one is None or one == other for one, other in zip(named, wanted, strict=True))


def _over(new: LoanRule, ordered: list[LoanRule]) -> int:
    """Patrons with more open loans under the new rule than it allows."""
    total: Counter[int] = Counter()
    of_class: Counter[tuple[int, str]] = Counter()
    under: set[tuple[int, str]] = set()
    open_loans = Loan.objects.filter(patron__isnull=False).select_related("patron", "item__material_class")
    for loan in open_loans if new.counts_pending else open_loans.filter(pending=False):
        patron_id: int = loan.patron_id  # type: ignore[assignment]
        kind = patron_id, loan.item.material_class.counted_as
        total[patron_id] += 1
        of_class[kind] += 1
        if _choice(loan, loan.patron.category_id if loan.patron else None, ordered) is new:
            under.add(kind)
    over = {
        patron_id
        for patron_id, counted_as in under
        if (new.max_loans is not None and total[patron_id] > new.max_loans)
        or (new.max_class_loans is not None and of_class[patron_id, counted_as] > new.max_class_loans)
    }
    return len(over)
