"""The queue of a title: its order, who is passed over, and what the database refuses."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from shoko_ils.catalog import merging
from shoko_ils.circulation.services.results import Outcome
from shoko_ils.holdings.models import Item
from shoko_ils.holds import queue
from shoko_ils.holds.models import Hold, HoldMove, State
from shoko_ils.holds.services import changing, lending
from shoko_ils.holds.target import Target
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import ACTOR, copies, hold, lend_out, library, people, place, scan, state, titles

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.mark.parametrize("reason", ["suspended", "expired", "blocked", "limit"])
def test_a_hold_that_cannot_be_served_keeps_its_rank_and_the_reason_is_written(meros: list[Item], reason: str) -> None:
    one, two = people(2)
    first, second = hold(one, MEROS), hold(two, MEROS)
    today = timezone.localdate()
    if reason == "suspended":
        assert changing.suspend(ACTOR, first.pk, today, today)
    elif reason == "expired":
        Patron.objects.filter(pk=one.pk).update(
            registered_on=today - dt.timedelta(9), expires_on=today - dt.timedelta(1)
        )
    elif reason == "blocked":
        lend_out(Item.objects.filter(loans=None)[0], one, due_in=-31)
    else:
        for item in Item.objects.filter(loans=None).exclude(record=MEROS)[:10]:
            lend_out(item, one)
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF
    assert Hold.objects.get(item=meros[0]).pk == second.pk
    first.refresh_from_db()
    assert (first.state, first.skipped) == (State.QUEUED, reason)
    assert queue.place(first) == 1


def test_a_suspension_ends_with_its_last_day(meros: list[Item]) -> None:
    waits = hold(people(1)[0], MEROS)
    today = timezone.localdate()
    changing.suspend(ACTOR, waits.pk, today - dt.timedelta(days=9), today - dt.timedelta(days=1))
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF
    assert not changing.suspend(ACTOR, waits.pk, today, today)  # no longer waiting


def test_who_was_passed_over_while_suspended_is_first_again_when_it_ends(meros: list[Item]) -> None:
    one, two = people(2)
    first, second = hold(one, MEROS), hold(two, MEROS)
    today = timezone.localdate()
    changing.suspend(ACTOR, first.pk, today, today)
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF
    assert state(second) == State.ON_SHELF
    assert changing.resume(ACTOR, first.pk)
    scan(meros[1], "central")
    assert Hold.objects.get(item=meros[1]).pk == first.pk


def test_the_last_of_a_long_queue_is_reached(meros: list[Item]) -> None:
    """No window: 60 suspended ones do not hide the one behind them."""
    everybody = people(61)
    today = timezone.localdate()
    holds = [hold(patron, MEROS) for patron in everybody]
    Hold.objects.filter(pk__in=[h.pk for h in holds[:-1]]).update(suspended_from=today, suspended_until=today)
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF
    assert Hold.objects.get(item=meros[0]).pk == holds[-1].pk
    assert Hold.objects.filter(record=MEROS, skipped="suspended").count() == 60


def test_the_rank_counts_only_those_who_can_be_served(meros: list[Item]) -> None:
    one, two, three = people(3)
    first, second, third = (hold(patron, MEROS) for patron in (one, two, three))
    today = timezone.localdate()
    changing.suspend(ACTOR, first.pk, today, today)
    assert [queue.rank(h, today) for h in (second, third)] == [1, 2]
    assert queue.place(third) == 3


def test_a_sequence_waits_for_the_earlier_volume() -> None:
    (patron,) = people(1)
    upper, lower = titles(2)
    placed = place(patron, upper.pk, lower.pk, kind="sequence")
    first, second = placed.holds
    (of_upper,), (of_lower,) = copies(upper.pk), copies(lower.pk)
    assert scan(of_lower, of_lower.library.key) == Outcome.SHELVE
    walk = queue.walk(Target(lower.pk), of_lower.material_class_id, timezone.localdate())
    assert [walk.__next__().skip] == ["sequence"]
    scan(of_upper, "central")
    assert state(first) is State.ON_SHELF
    assert scan(of_lower, "central") == Outcome.HOLD_SHELF
    assert state(second) is State.ON_SHELF


def test_of_either_or_the_one_that_is_lent_ends_the_other() -> None:
    (patron,) = people(1)
    one, two = titles(2)
    first, second = place(patron, one.pk, two.pk, kind="either").holds
    (of_one,), (of_two,) = copies(one.pk), copies(two.pk)
    scan(of_one, "central")
    assert scan(of_two, of_two.library.key) == Outcome.SHELVE  # the other one is passed over meanwhile
    today = timezone.localdate()
    assert lending.claim(patron, of_one, library("central"), today) is lending.Claim.FREE
    assert (state(first), state(second)) == (State.FULFILLED, State.CANCELLED)


def test_a_class_first_in_order_is_served_first(meros: list[Item]) -> None:
    one, two = people(2)
    hold(one, MEROS)
    favoured = hold(two, MEROS, priority=10)
    scan(meros[0], "central")
    assert Hold.objects.get(item=meros[0]).pk == favoured.pk


def test_a_change_of_order_needs_a_reason_and_keeps_the_old_rank(meros: list[Item]) -> None:
    first, second, third = (hold(patron, MEROS) for patron in people(3))
    assert not changing.move(ACTOR, third.pk, 1, "  ")
    assert changing.move(ACTOR, third.pk, 1, "授業で使用")
    assert list(queue.waiting(Target(MEROS))) == [third, first, second]
    assert changing.move(ACTOR, first.pk, 99, "本人申出")
    assert list(queue.waiting(Target(MEROS))) == [third, second, first]
    moved = HoldMove.objects.order_by("pk")
    assert [(m.old_rank, m.new_rank, m.reason) for m in moved] == [(3, 1, "授業で使用"), (2, 3, "本人申出")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "fulfilled"},  # ended, and the patron still there
        {"patron": None},  # active and nobody's
        {"state": "captured"},  # captured without a copy
        {"shelf_number": 1, "shelved_on": dt.date(2026, 12, 1)},  # on the shelf while it waits
        {"suspended_from": dt.date(2026, 12, 2), "suspended_until": dt.date(2026, 12, 1)},
        {"group_kind": "either"},
        {"pickup_by": dt.date(2026, 12, 1)},
    ],
)
def test_the_database_itself_refuses_what_must_not_be(wrong: dict[str, object]) -> None:
    waits = hold(people(1)[0], MEROS)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=waits.pk).update(**wrong)


def test_the_database_refuses_a_second_capture_of_a_copy(meros: list[Item]) -> None:
    one, two = people(2)
    hold(one, MEROS)
    second = hold(two, MEROS)
    scan(meros[0], "central")
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=second.pk).update(state="captured", item=meros[0], slip_number=99_998)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=second.pk).update(patron=one)


def test_merged_records_keep_their_holds_and_one_for_each_person() -> None:
    """Who holds both keeps the hold with the copy; places are those of the times at which the holds were placed."""
    one, two = people(2)
    kept, gone = titles(2)
    (of_gone,) = copies(gone.pk)
    first, second, captured = hold(one, kept.pk), hold(two, kept.pk), hold(one, gone.pk)
    scan(of_gone, "central")
    merging.merge(kept.pk, gone.pk, ACTOR, "重複")
    assert (state(first), state(second), state(captured)) == (State.CANCELLED, State.QUEUED, State.ON_SHELF)
    assert Hold.objects.get(pk=captured.pk).record_id == kept.pk
    assert not Hold.objects.filter(record=gone.pk).exists()
