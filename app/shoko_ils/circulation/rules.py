"""Which loan rule applies (by residence S0:L95-97, books and AV S1:L30), and which combinations none covers."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import F

from shoko_ils.circulation.models import LoanRule
from shoko_ils.core.edition import current, kept
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import PatronCategory

# A rule that names the category goes before one that does not; among these one that names the material class; among
# these one that names the service point, then one that names the library. Of each kind only one is in force
# (unique index), so the order is total.
ORDER = ("category", "material_class", "service_point", "library")


def choose(
    category_id: int, class_id: int, library_id: int, point_id: int | None = None, *, edition: uuid.UUID | None = None
) -> LoanRule | None:
    """The most specific rule in force, by ORDER; None: not covered. `edition`: as the caller just read it."""
    return first_fitting((category_id, class_id, point_id, library_id), kept_in_force(edition or current()))


@dataclass(frozen=True)
class Combination:
    """A patron category, a material class and a place that lends."""

    category: PatronCategory
    material_class: MaterialClass
    place: Library | ServicePoint


def combinations() -> Iterator[Combination]:
    """Everything that a rule set must cover."""
    places = [*Library.objects.all(), *ServicePoint.objects.all()]
    classes = list(MaterialClass.objects.all())
    for category in PatronCategory.objects.all():
        for material_class in classes:
            for place in places:
                yield Combination(category, material_class, place)


def in_force() -> list[LoanRule]:
    """Rules in force, the strongest first."""
    rules = LoanRule.objects.filter(ended_on__isnull=True).select_related(*ORDER)
    return list(rules.order_by(*(F(name).asc(nulls_last=True) for name in ORDER)))


kept_in_force = kept(in_force)


def covering(combination: Combination, rules: list[LoanRule]) -> LoanRule | None:
    """The same choice as `choose`, among rules already read and in order."""
    place = combination.place
    library_id = place.library_id if isinstance(place, ServicePoint) else place.pk
    point_id = place.pk if isinstance(place, ServicePoint) else None
    return first_fitting((combination.category.pk, combination.material_class.pk, point_id, library_id), rules)


def first_fitting(wanted: tuple[int | None, ...], rules: list[LoanRule]) -> LoanRule | None:
    """The first of the rules that fits the numbers of category, class, service point and library (as ORDER)."""
    for rule in rules:
        named = (rule.category_id, rule.material_class_id, rule.service_point_id, rule.library_id)
        if all(one is None or one == other for one, other in zip(named, wanted, strict=True)):
            return rule
    return None


def strength(rule: LoanRule) -> tuple[bool, ...]:
    """Sorts rules by ORDER, the strongest first."""
    return tuple(getattr(rule, f"{name}_id") is None for name in ORDER)


def uncovered() -> list[Combination]:
    """Combinations under which nothing can be lent because no rule fits: an officer must see this list empty."""
    rules = in_force()
    return [each for each in combinations() if covering(each, rules) is None]
