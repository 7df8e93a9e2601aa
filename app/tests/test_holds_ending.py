"""The end of a hold, and the pickup limit before it."""

import datetime as dt

import pytest
from django.utils import timezone

from shoko_ils.circulation.services.results import Outcome
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State, TakeOff
from shoko_ils.holds.services import changing, ending, shelf
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Call, Notice
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import ACTOR, hold, library, people, scan, state

pytestmark = pytest.mark.usefixtures("empty_shelves")


def test_the_end_of_a_hold_erases_the_patron_and_gives_the_copy_to_the_next(meros: list[Item]) -> None:
    one, two = people(2)
    first, second = hold(one, MEROS), hold(two, MEROS, "south")
    scan(meros[0], "central")
    assert ending.cancel(ACTOR, first.pk)
    assert not ending.cancel(ACTOR, first.pk)
    first.refresh_from_db()
    assert (first.patron_id, first.item_id, first.requested_at, first.state) == (None, None, None, State.CANCELLED)
    assert (state(second), Hold.objects.get(pk=second.pk).item) == (State.CAPTURED, meros[0])
    off = TakeOff.objects.get(item=meros[0])
    assert (off.library.key, off.shelf) == ("central", "A-1")
    assert scan(meros[0], "central") == Outcome.HOLD_TRANSIT
    assert not TakeOff.objects.exists()


def test_the_pickup_limit_runs_in_open_days_and_its_end_is_idempotent(meros: list[Item]) -> None:
    one, two = people(2)
    Patron.objects.filter(pk=one.pk).update(contact="none", email="")
    first, second = hold(one, MEROS), hold(two, MEROS)
    scan(meros[0], "central")
    first.refresh_from_db()
    central: Library = library("central")
    assert first.pickup_by == central.open_day_after(timezone.localdate(), 7)
    assert ending.expire(first.pickup_by) == 0
    assert ending.expire(first.pickup_by + dt.timedelta(days=1)) == 1
    assert ending.expire(first.pickup_by + dt.timedelta(days=1)) == 0
    assert (state(first), state(second)) == (State.EXPIRED, State.CAPTURED)
    assert TakeOff.objects.get().item == meros[0]
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF


def test_one_extension(meros: list[Item]) -> None:
    (one,) = people(1)
    Patron.objects.filter(pk=one.pk).update(contact="none", email="")
    waits = hold(one, MEROS)
    assert not changing.extend(ACTOR, waits.pk)
    scan(meros[0], "central")
    before = Hold.objects.get(pk=waits.pk).pickup_by
    assert [changing.extend(ACTOR, waits.pk) for _ in range(2)] == [True, False]
    assert Hold.objects.get(pk=waits.pk).pickup_by == library("central").open_day_after(before, 7)


def test_what_is_not_needed_any_more_expires_while_it_waits() -> None:
    today = timezone.localdate()
    waits = hold(people(1)[0], MEROS, not_needed_after=today)
    assert ending.expire(today) == 0
    assert ending.expire(today + dt.timedelta(days=1)) == 1
    assert state(waits) is State.EXPIRED


def test_the_limit_begins_the_day_after_the_telephone_call(meros: list[Item]) -> None:
    (one,) = people(1)
    Patron.objects.filter(pk=one.pk).update(contact="phone", email="")
    waits = hold(one, MEROS)
    scan(meros[0], "central")
    notice = Notice.objects.get(patron=one)
    assert notice.way == "phone"
    notices.note_call(notice, Call.Result.ABSENT, "demo")
    assert Hold.objects.get(pk=waits.pk).pickup_by is None
    notices.note_call(notice, Call.Result.FAMILY, "demo")
    waits.refresh_from_db()
    assert waits.state == State.NOTIFIED
    assert waits.pickup_by == shelf.limit(library("central"), timezone.localdate(), 7)


def test_a_closing_moves_pickup_limits_of_its_library_alone(meros: list[Item]) -> None:
    people_ = people(2)
    Patron.objects.filter(pk__in=[p.pk for p in people_]).update(contact="none", email="")
    here, there = hold(people_[0], MEROS), hold(people_[1], MEROS, "south")
    scan(meros[0], "central")
    scan(meros[1], "south")
    for each in (here, there):
        each.refresh_from_db()
    today = timezone.localdate()
    assert shelf.move_limits(library("central"), today, today + dt.timedelta(days=1)) == 1
    assert Hold.objects.get(pk=here.pk).pickup_by == library("central").next_open_day(
        here.pickup_by + dt.timedelta(days=2)
    )
    assert Hold.objects.get(pk=there.pk).pickup_by == there.pickup_by
