"""Placing a hold: once, within the limits, for a place that is offered."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from shoko_ils.circulation.services.results import Outcome
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, HoldDay, HoldRule
from shoko_ils.holds.services import changing, ending, placing
from shoko_ils.holds.target import Target
from tests.conftest import MEROS
from tests.holding import ACTOR, hold, lend_out, library, new, people, place, scan, titles

pytestmark = pytest.mark.usefixtures("empty_shelves")


def test_one_hold_for_a_person_and_title_and_none_on_what_he_has(meros: list[Item]) -> None:
    one, two = people(2)
    assert place(one, MEROS).outcome is placing.Placing.PLACED
    assert place(one, MEROS).outcome is placing.Placing.ALREADY_HELD
    lend_out(meros[0], two)
    assert place(two, MEROS).outcome is placing.Placing.ALREADY_LENT


def test_the_same_key_places_once() -> None:
    (patron,) = people(1)
    key, wish = new(), placing.Wish((Target(MEROS),), library("central"))
    made = [placing.place(ACTOR, patron.pk, wish, key) for _ in range(2)]
    assert made[0].holds == made[1].holds
    assert Hold.objects.filter(patron=patron).count() == 1


def test_limits_of_holds(meros: list[Item]) -> None:
    """In all, of a class, of a day; 0 is no right, NULL no limit; the pickup places of a category."""
    (patron,) = people(1)
    records = [record.pk for record in titles(4)]
    rule = HoldRule.objects.get()

    def outcome(**changed: object) -> placing.Placing:
        HoldRule.objects.filter(pk=rule.pk).update(**{"max_holds": None, "max_per_day": None, **changed})
        return place(patron, records[len(Hold.objects.filter(patron=patron))]).outcome

    assert outcome(max_holds=0) is placing.Placing.NO_RIGHT
    assert outcome(max_holds=1) is placing.Placing.PLACED
    assert outcome(max_holds=1) is placing.Placing.LIMIT_REACHED
    assert outcome(max_per_day=1) is placing.Placing.DAY_LIMIT_REACHED
    # cancelling gives nothing back for the day
    assert ending.cancel(ACTOR, Hold.objects.get(patron=patron).pk)
    assert outcome(max_per_day=1) is placing.Placing.DAY_LIMIT_REACHED
    HoldDay.objects.filter(patron=patron).update(day=timezone.localdate() - dt.timedelta(days=1))
    assert outcome(max_per_day=1) is placing.Placing.PLACED
    assert outcome(pickup_keys=["south"]) is placing.Placing.PICKUP_NOT_OFFERED
    assert outcome(pickup_keys=["south", "central"]) is placing.Placing.PLACED
    HoldRule.objects.create(category=patron.category, material_class=meros[0].material_class, max_holds=2, version=1)
    assert outcome() is placing.Placing.LIMIT_REACHED


def test_hold_rules_of_the_site_file_are_versions(settings: Any) -> None:
    def sync(*rules: dict[str, object]) -> list[tuple[object, ...]]:
        settings.SITE = {**settings.SITE, "holds": {"rules": list(rules)}}
        call_command("sync_site", verbosity=0)
        in_force = HoldRule.objects.filter(ended_on=None).order_by("pk")
        return [(r.category and r.category.key, r.max_holds, r.pickup_keys, r.version) for r in in_force]

    general, neighbours = {"max_holds": 10}, {"category": "neighbour", "max_holds": 0}
    assert sync(general, neighbours) == [(None, 10, None, 1), ("neighbour", 0, None, 1)]
    assert sync(general, neighbours) == [(None, 10, None, 1), ("neighbour", 0, None, 1)]
    assert sync({**general, "pickup": ["south"]}) == [(None, 10, ["south"], 2)]
    for wrong in ({"category": "nobody"}, {"pickup": ["nowhere"]}):
        with pytest.raises(CommandError, match=r"holds\.rules"), transaction.atomic():
            sync({**general, **wrong})


def test_a_title_without_a_lendable_copy_cannot_be_held() -> None:
    (record,) = titles(1)
    Item.objects.filter(record=record).update(library_use_only=True)
    assert place(people(1)[0], record.pk).outcome is placing.Placing.NO_COPY


def test_the_pickup_library_changes_until_the_copy_is_on_the_shelf(meros: list[Item]) -> None:
    waits = hold(people(1)[0], MEROS, "south")
    assert changing.change_pickup(ACTOR, waits.pk, library("tsujido"))
    assert scan(meros[0], "central") == Outcome.HOLD_TRANSIT
    assert changing.change_pickup(ACTOR, waits.pk, library("south"))
    assert scan(meros[0], "tsujido") == Outcome.HOLD_TRANSIT  # where it was sent to; now it goes on
    assert scan(meros[0], "south") == Outcome.HOLD_SHELF
    assert not changing.change_pickup(ACTOR, waits.pk, library("central"))
