"""Copies and holds of one title at several counters at once, on committed data and real connections."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import Outcome, lend, take_back
from shoko_ils.holdings.models import Item
from shoko_ils.holds import scans
from shoko_ils.holds.models import Hold, HoldMove, State, TakeOff, Transit, WalkIn
from shoko_ils.holds.services import ending, placing
from shoko_ils.holds.target import Target
from shoko_ils.mylibrary import desk
from shoko_ils.mylibrary.models import MemberOrder
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from tests.holding import ACTOR, copies, hold, lend_out, library, new, people, titles
from tests.test_concurrency import at_once


@pytest.fixture
def title(copied: None, django_db_blocker: Any) -> Iterator[int]:
    """A title with three copies on the shelf; afterwards the library is as it was."""
    with django_db_blocker.unblock():
        record = titles(1, copies=3)[0].pk
        places = dict(Item.objects.filter(record=record).values_list("pk", "at_library"))
        yield record
        Notice.objects.all().delete()
        for model in (HoldMove, TakeOff, Transit, WalkIn, Hold):
            model.objects.all().delete()
        Loan.objects.filter(item__in=places).delete()
        for pk, at in places.items():
            Item.objects.filter(pk=pk).update(at_library=at)
        connection.close()


def test_one_copy_at_two_counters_is_captured_once(title: int) -> None:
    one, two = people(2)
    first, second = hold(one, title), hold(two, title)
    (item, *_) = copies(title)
    for _ in range(5):
        scanned = at_once(
            lambda: scans.scan_in(ACTOR, item.barcode, library("south"), new()).outcome,
            lambda: scans.scan_in(ACTOR, item.barcode, library("south"), new()).outcome,
        )
        assert scanned == [Outcome.HOLD_TRANSIT] * 2
        assert list(Hold.objects.filter(item=item)) == [first]
        assert Transit.objects.filter(item=item, ended_on=None).count() == 1
    assert Hold.objects.get(pk=second.pk).state == State.QUEUED


def test_two_copies_at_once_go_to_the_first_two_in_order(title: int) -> None:
    holds = [hold(patron, title) for patron in people(4)]
    items = copies(title)
    at_once(*(lambda item=item: scans.scan_in(ACTOR, item.barcode, library("central"), new()) for item in items[:2]))
    assert {h.pk for h in Hold.objects.filter(item__in=items)} == {h.pk for h in holds[:2]}


def test_a_copy_lent_and_captured_at_the_same_moment_is_one_of_both(title: int) -> None:
    for _ in range(5):
        waits, brings = people(2)
        placed = hold(waits, title)
        item = copies(title)[0]
        lent, scanned = at_once(
            lambda brings=brings, item=item: (
                lend(ACTOR, brings.pk, item.barcode, library("central"), new(), walk_in=True).outcome
            ),
            lambda item=item: scans.scan_in(ACTOR, item.barcode, library("central"), new()).outcome,
        )
        if lent is Outcome.LENT:
            assert scanned is Outcome.ON_LOAN
            assert Hold.objects.get(pk=placed.pk).state == State.QUEUED
        else:
            assert (lent, scanned) == (Outcome.HELD, Outcome.HOLD_SHELF)
        take_back(ACTOR, item.barcode, library("central"), new())
        ending.cancel(ACTOR, placed.pk)
        scans.scan_in(ACTOR, item.barcode, item.library, new())


def test_one_person_places_one_hold_however_often_it_is_sent(title: int) -> None:
    (patron,) = people(1)
    wish = placing.Wish((Target(title),), library("central"))
    made = at_once(*(lambda: placing.place(ACTOR, patron.pk, wish, uuid.uuid4()).outcome for _ in range(4)))
    assert sorted(made) == [placing.Placing.PLACED] + [placing.Placing.ALREADY_HELD] * 3
    assert Hold.objects.filter(patron=patron, record=title).count() == 1


def test_cancelling_and_returning_at_once_leaves_no_copy_without_its_hold(title: int) -> None:
    for _ in range(5):
        one, two, three = people(3)
        first, second = hold(one, title), hold(two, title)
        item = copies(title)[0]
        lend_out(item, three)
        at_once(
            lambda first=first: ending.cancel(ACTOR, first.pk),
            lambda item=item: take_back(ACTOR, item.barcode, library("central"), new()),
        )
        assert Hold.objects.get(item=item).pk == second.pk
        ending.cancel(ACTOR, second.pk)
        scans.scan_in(ACTOR, item.barcode, item.library, new())


def test_a_wish_that_comes_twice_at_the_same_moment_is_one_hold_and_both_hear_so(title: int) -> None:
    (patron,) = people(1)
    wish, key = placing.Wish((Target(title),), library("central")), new()

    def place() -> placing.Placing:
        try:
            return placing.place(ACTOR, patron.pk, wish, key).outcome
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        with transaction.atomic():
            Patron.objects.select_for_update(no_key=True).get(pk=patron.pk)
            told = [both.submit(place), both.submit(place)]
            wait_until_held_up(2)
        assert [each.result() for each in told] == [placing.Placing.PLACED] * 2
    assert Hold.objects.filter(patron=patron, record=title).count() == 1


def wait_until_held_up(count: int) -> None:
    """Until so many wait for somebody's lock."""
    end = time.monotonic() + 60
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] == count:
                return
            assert time.monotonic() < end
            time.sleep(0.02)


def test_an_order_is_done_by_one_of_two_desks(title: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have it before them; what the second would find is the work of the first."""
    (patron,) = people(1)
    asked = {"targets": [str(title)], "pickup": "central", "group_kind": "", "key": str(new())}
    order = MemberOrder.objects.create(patron=patron, kind="place", asked=asked, made_at=timezone.now())
    began: list[Patron] = []
    other: list[int] = []

    def place(patron: Patron, asked: desk.Asked) -> desk.Answer:
        began.append(patron)
        if len(began) == 1:
            connection.close()  # as a service does that waited in vain, before it tries again
            other.extend(at_once(desk.work))
        return desk.place(patron, asked)

    monkeypatch.setitem(desk.FOR_MEMBERS, "place", place)
    try:
        assert (desk.work(), other) == (1, [0])
        order.refresh_from_db()
        assert order.answer is not None
        assert order.answer["outcome"] == placing.Placing.PLACED
        assert at_once(desk.work) == [0], "it is answered"
        number = order.key
        order.delete()
        order = MemberOrder.objects.create(key=number, patron=patron, kind="view", asked={}, made_at=timezone.now())
        assert at_once(desk.work) == [1], "the first desk has let go of it, for the same form sent again"
    finally:
        order.delete()
