"""Changing loan rules (コード変更, level 1): a new version, never an edit."""

from dataclasses import dataclass, fields

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from shoko_ils.audit import record as audit
from shoko_ils.circulation.models import LoanRule
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import PatronCategory
from shoko_ils.staff.models import Level, StaffAccount


@dataclass(frozen=True)
class Scope:
    """To what a rule applies; None is any."""

    category: PatronCategory | None = None
    material_class: MaterialClass | None = None
    library: Library | None = None
    service_point: ServicePoint | None = None

    def as_filter(self) -> dict[str, object]:
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name if value else f"{name}__isnull": value or True for name, value in named.items()}


@dataclass(frozen=True)
class Terms:
    """What a rule says; the fields of LoanRule."""

    days: int
    max_loans: int | None
    max_class_loans: int | None
    max_renewals: int | None
    renewal_basis: str = LoanRule.Basis.TODAY
    overdue_stop_days: int | None = 30
    counts_pending: bool = False


@transaction.atomic
def change_rule(actor: audit.Actor, person: StaffAccount, scope: Scope, terms: Terms | None) -> LoanRule | None:
    """Put `terms` in force for `scope` as its next version, or end its rule (None). Raises PermissionDenied."""
    if person.level != Level.MANAGER:
        raise PermissionDenied("only level 1 changes a rule")
    versions = LoanRule.objects.filter(**scope.as_filter())
    last = versions.aggregate(last=Max("version"))["last"] or 0
    versions.filter(ended_on__isnull=True).update(ended_on=timezone.localdate())
    rule = None
    if terms is not None:
        rule = LoanRule.objects.create(
            **{field.name: getattr(scope, field.name) for field in fields(scope)},
            **{field.name: getattr(terms, field.name) for field in fields(terms)},
            version=last + 1,
            made_by=actor.login_id,
        )
    audit.write(actor, "change-rule" if terms else "end-rule", "rules")
    return rule
