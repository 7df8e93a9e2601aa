"""A rule change tried on the loans of the last month, before it starts."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

from django.utils import timezone

from shoko_ils.circulation import rules
from shoko_ils.circulation.models import Loan, LoanRule, LoanSpan
from shoko_ils.circulation.services.ruling import Scope, Terms
from shoko_ils.core.calendar.days import Days

MONTH = dt.timedelta(days=31)


@dataclass(frozen=True)
class Trial:
    """What the change would have meant.

    `loans` of the month would have come under it, `late` of them would have been (or be) past due by its period,
    `over` patrons hold more open loans than it allows. Of `unknown` loans it cannot be said: they ended before
    their categories were counted.
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
    for span in _spans(today):
        if span.category_id is None and any(rule.category_id for rule in ordered):
            unknown += span.loans if _reached(span, new) else 0
            continue
        if _choice(span, ordered) is not new:
            continue
        loans += span.loans
        calendar = days.setdefault(span.library_id, span.library.days(span.lent_on))
        due_on = calendar.next_open_day(span.lent_on + dt.timedelta(days=terms.days))
        late += span.loans if span.lent_on + dt.timedelta(days=span.kept_days) > due_on else 0
    return Trial(loans, late, _over(new, ordered), unknown)


def _spans(today: dt.date) -> Iterator[LoanSpan]:
    """The loans of the month: those that have ended from the statistics, the open ones as kept until today."""
    ended = LoanSpan.objects.filter(lent_on__gt=today - MONTH, loans__gt=0).select_related("library")
    yield from ended.iterator()
    still_out = Loan.objects.filter(lent_on__gt=today - MONTH, returned_on__isnull=True)
    for loan in still_out.select_related("patron", "library", "item").iterator():
        yield LoanSpan(
            category_id=loan.patron.category_id if loan.patron else None, material_class_id=loan.item.material_class_id,
            library=loan.library, service_point_id=loan.service_point_id, lent_on=loan.lent_on,
            kept_days=(today - loan.lent_on).days, loans=1,
        )  # fmt: skip


def _same(rule: LoanRule, other: LoanRule) -> bool:
    return all(getattr(rule, f"{name}_id") == getattr(other, f"{name}_id") for name in rules.ORDER)


def _choice(span: LoanSpan, ordered: list[LoanRule]) -> LoanRule | None:
    wanted = (span.category_id, span.material_class_id, span.service_point_id, span.library_id)
    return rules.first_fitting(wanted, ordered)


def _reached(span: LoanSpan, new: LoanRule) -> bool:
    """Whether all but the category fits."""
    named = (new.material_class_id, new.service_point_id, new.library_id)
    wanted = (span.material_class_id, span.service_point_id, span.library_id)
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
        category_id = loan.patron.category_id if loan.patron else None
        wanted = (category_id, loan.item.material_class_id, loan.service_point_id, loan.library_id)
        if rules.first_fitting(wanted, ordered) is new:
            under.add(kind)
    over = {
        patron_id
        for patron_id, counted_as in under
        if (new.max_loans is not None and total[patron_id] > new.max_loans)
        or (new.max_class_loans is not None and of_class[patron_id, counted_as] > new.max_class_loans)
    }
    return len(over)
