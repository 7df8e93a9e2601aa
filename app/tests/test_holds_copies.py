"""Where a copy goes that holds wait for: shelf, transit, pull list, loan before the holds."""

import pytest
from django.utils import timezone

from shoko_ils.circulation.services import lend
from shoko_ils.circulation.services.results import Outcome
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds import pull, queue, scans
from shoko_ils.holds.models import Hold, PullMiss, State, TakeOff, Transit, WalkIn
from shoko_ils.holds.services import changing, lending, missing, placing, routing
from shoko_ils.holds.target import Target
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import ACTOR, hold, lend_out, library, new, people, scan, state, titles

pytestmark = pytest.mark.usefixtures("empty_shelves")


def test_a_copy_goes_to_the_first_hold_in_order_and_waits_on_the_shelf(meros: list[Item]) -> None:
    one, two = people(2)
    first, second = hold(one, MEROS), hold(two, MEROS)
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF
    first.refresh_from_db()
    assert (first.state, first.item, first.shelf) == (State.ON_SHELF, meros[0], "A-1")
    assert state(second) is State.QUEUED
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF  # the same book once more: nothing new
    assert (state(second), Hold.objects.get(pk=first.pk).slip_number) == (State.QUEUED, first.slip_number)


def test_a_copy_for_another_library_goes_by_transit_and_gets_its_place_there(meros: list[Item]) -> None:
    waits = hold(people(1)[0], MEROS, "south")
    assert scan(meros[0], "central") == Outcome.HOLD_TRANSIT
    transit = Transit.objects.get(item=meros[0], ended_on=None)
    assert (transit.from_library.key, transit.to_library.key) == ("central", "south")
    assert state(waits) is State.IN_TRANSIT
    assert scan(meros[0], "south") == Outcome.HOLD_SHELF
    transit.refresh_from_db()
    assert transit.ended == "arrived"
    assert state(waits) is State.ON_SHELF


def test_arrival_at_a_wrong_library_is_sent_on(meros: list[Item]) -> None:
    hold(people(1)[0], MEROS, "south")
    scan(meros[0], "central")
    assert scan(meros[0], "tsujido") == Outcome.HOLD_TRANSIT
    ends = list(Transit.objects.filter(item=meros[0]).order_by("pk").values_list("to_library__key", "ended"))
    assert ends == [("south", "rerouted"), ("south", "")]
    assert Transit.objects.get(item=meros[0], ended_on=None).from_library.key == "tsujido"


def test_without_a_hold_a_copy_goes_home_by_transit(meros: list[Item]) -> None:
    assert scan(meros[0], "south") == Outcome.SEND_HOME
    assert scan(meros[0], "south") == Outcome.SEND_HOME
    assert Transit.objects.filter(item=meros[0]).count() == 1
    assert scan(meros[0], "central") == Outcome.SHELVE
    assert not Transit.objects.filter(item=meros[0], ended_on=None).exists()


def test_undoing_a_return_puts_the_hold_back_and_voids_the_slip(meros: list[Item]) -> None:
    one, two = people(2)
    first, second = hold(one, MEROS, "south"), hold(two, MEROS, "south")
    scan(meros[0], "central")
    slip = Hold.objects.get(pk=first.pk).slip_number
    assert routing.undo_return(Item.objects.select_for_update().get(pk=meros[0].pk)) == slip
    assert (state(first), state(second), queue.place(first)) == (State.QUEUED, State.QUEUED, 1)
    assert Transit.objects.get(item=meros[0]).ended == "void"
    scan(meros[1], meros[1].library.key)
    assert Hold.objects.get(item=meros[1]).pk == first.pk


def test_undo_after_the_shelf_leaves_no_notice_to_send(meros: list[Item]) -> None:
    (one,) = people(1)
    Patron.objects.filter(pk=one.pk).update(contact="email", email="sample@example.jp")
    hold(one, MEROS)
    scan(meros[0], "central")
    assert Notice.objects.get().state == "waiting"
    routing.undo_return(meros[0])
    assert list(Notice.objects.values_list("state", "patron", "about")) == [("withdrawn", None, None)]
    scan(meros[0], "central")
    assert Notice.objects.filter(state="waiting").count() == 1


def test_the_pull_list_has_each_hold_once_and_in_the_order_of_the_shelves(meros: list[Item]) -> None:
    one, two = people(2)
    hold(one, MEROS, "south")
    other = titles(1)[0]
    hold(two, other.pk)
    lists = {each.key: [line.item for line in pull.lines(each)] for each in Library.objects.all()}
    found = [item for items in lists.values() for item in items]
    assert sorted(item.record_id for item in found) == sorted([MEROS, other.pk])
    south = next((item for item in meros if item.library.key == "south"), None)
    if south is not None:
        assert south in lists["south"]
    for items in lists.values():
        assert items == sorted(items, key=lambda item: (item.location_id, item.call_number))


def test_a_copy_accessioned_now_is_on_the_list_at_once(meros: list[Item]) -> None:
    for item in meros:
        lend_out(item, people(1)[0])
    hold(people(2)[1], MEROS)
    assert pull.lines(library("central")) == []
    fresh = Item.objects.create(
        barcode="9000000001", record_id=MEROS, library=library("central"), at_library=library("central"),
        location=meros[0].location, call_number="913", material_class=meros[0].material_class,
        condition=Item.Condition.PROCESSING,
    )  # fmt: skip
    assert pull.lines(library("central")) == []
    Item.objects.filter(pk=fresh.pk).update(condition=Item.Condition.NORMAL)
    assert [line.item for line in pull.lines(library("central"))] == [fresh]
    assert scan(fresh, "central") == Outcome.HOLD_SHELF


def test_not_found_once_names_the_next_copy_and_twice_is_missing(meros: list[Item]) -> None:
    hold(people(1)[0], MEROS)

    def listed() -> Item:
        (line,) = [line for each in Library.objects.all() for line in pull.lines(each)]
        return line.item

    first = listed()
    assert not missing.not_on_shelf(ACTOR, first)
    assert listed() != first
    Item.objects.filter(record=MEROS).exclude(pk=first.pk).update(condition=Item.Condition.MISSING)
    assert listed() == first
    assert missing.not_on_shelf(ACTOR, first)
    first.refresh_from_db()
    assert first.condition == Item.Condition.MISSING
    assert not PullMiss.objects.exists()


def test_what_is_lost_on_the_way_gives_the_hold_its_place_back(meros: list[Item]) -> None:
    waits = hold(people(1)[0], MEROS, "south")
    scan(meros[0], "central")
    assert missing.lost_on_the_way(ACTOR, meros[0])
    assert state(waits) is State.QUEUED
    meros[0].refresh_from_db()
    assert meros[0].condition == Item.Condition.MISSING


def test_nothing_is_asked_while_a_copy_is_left_for_everybody_who_waits(meros: list[Item]) -> None:
    one, two = people(2)
    hold(one, MEROS)
    assert lending.claim(two, meros[0], library("central"), timezone.localdate()) is lending.Claim.FREE
    assert list(WalkIn.objects.values_list("waiting", "reason")) == [(1, "on-shelf")]


@pytest.mark.parametrize("at_the_point", [False, True])
def test_a_copy_goes_to_the_service_point_where_it_is_picked_up(meros: list[Item], at_the_point: bool) -> None:
    central = library("central")
    point = ServicePoint.objects.create(key="room", library=central, name_ja="図書室", name_en="Room", position=9)
    (reader,) = people(1)
    wish = placing.Wish((Target(MEROS),), point)
    (waits,) = placing.place(ACTOR, reader.pk, wish, new()).holds
    start = point if at_the_point else None
    result = scans.scan_in(ACTOR, meros[0].barcode, central, new(), point=start)
    if at_the_point:
        assert (result.outcome, state(waits)) == (Outcome.HOLD_SHELF, State.ON_SHELF)
    else:
        assert (result.outcome, state(waits)) == (Outcome.HOLD_TRANSIT, State.IN_TRANSIT)
        transit = Transit.objects.get(ended_on=None)
        assert (transit.origin, transit.destination) == (central, point)
        # scanned again at the same counter nothing changes; at the point it has arrived
        assert scans.scan_in(ACTOR, meros[0].barcode, central, new()).slip == result.slip
        assert not Notice.objects.exists()
        assert scans.scan_in(ACTOR, meros[0].barcode, central, new(), point=point).outcome is Outcome.HOLD_SHELF
        transit.refresh_from_db()
        assert transit.ended == "arrived"
    # told, and then found at another counter: it goes back, and the pickup limit with it
    Hold.objects.filter(pk=waits.pk).update(state=State.NOTIFIED, pickup_by=timezone.localdate())
    assert scans.scan_in(ACTOR, meros[0].barcode, library("south"), new()).outcome is Outcome.HOLD_TRANSIT
    waits.refresh_from_db()
    assert (waits.state, waits.pickup_by, waits.shelf_number) == (State.IN_TRANSIT, None, None)


def test_walk_in_precedence_asks_and_records_its_reason(meros: list[Item]) -> None:
    one, two = people(2)
    waits = hold(one, MEROS)
    today, central = timezone.localdate(), library("central")
    Item.objects.filter(pk__in=[one.pk for one in meros[1:]]).update(library_use_only=True)
    assert lending.claim(two, meros[0], central, today) is lending.Claim.ASK
    Item.objects.filter(pk__in=[one.pk for one in meros[1:]]).update(library_use_only=False)
    assert lending.claim(two, meros[0], central, today, lending.Consent.YES) is lending.Claim.FREE
    month = today.replace(day=1)
    assert list(WalkIn.objects.values_list("month", "reason", "loans", "waiting")) == [(month, "on-shelf", 1, 1)]
    scan(meros[1], meros[1].library.key)
    assert lending.claim(two, meros[1], central, today, lending.Consent.YES) is lending.Claim.HELD
    assert lending.claim(one, meros[1], central, today) is lending.Claim.FREE
    assert state(waits) is State.FULFILLED


@pytest.mark.parametrize("pickup", ["central", "south"])
def test_who_takes_another_copy_gives_the_one_that_waits_for_him_to_the_next(meros: list[Item], pickup: str) -> None:
    """From the hold shelf, where it is to be taken off, or on its way."""
    one, two, three = people(3)
    first, second, third = hold(one, MEROS, pickup), hold(two, MEROS), hold(three, MEROS)
    scan(meros[0], "central")
    assert Hold.objects.get(item=meros[0]).pk == first.pk
    lent = lend(ACTOR, one.pk, meros[1].barcode, library("central"), new(), walk_in=True)
    assert lent.outcome is Outcome.LENT
    assert state(first) is State.FULFILLED
    assert Hold.objects.get(item=meros[0]).pk == second.pk
    assert state(third) is State.QUEUED
    off = [(each.item, each.library.key, each.shelf) for each in TakeOff.objects.all()]
    if pickup == "central":
        assert (state(second), off) == (State.CAPTURED, [(meros[0], "central", "A-1")])
    else:
        assert (state(second), off) == (State.IN_TRANSIT, [])
    assert scan(meros[0], "central") == Outcome.HOLD_SHELF
    assert (state(second), TakeOff.objects.exists()) == (State.ON_SHELF, False)


def test_who_takes_the_copy_that_waits_for_him_gives_none_away(meros: list[Item]) -> None:
    one, two = people(2)
    first, second = hold(one, MEROS), hold(two, MEROS)
    scan(meros[0], "central")
    assert lend(ACTOR, one.pk, meros[0].barcode, library("central"), new()).outcome is Outcome.LENT
    assert (state(first), state(second)) == (State.FULFILLED, State.QUEUED)
    assert not Hold.objects.filter(item__isnull=False).exists()
    assert not TakeOff.objects.exists()


def test_without_walk_in_precedence_free_copies_must_outnumber_the_holds(meros: list[Item], settings: object) -> None:
    settings.SITE = {**settings.SITE, "holds": {"walk_in_first": False}}
    one, two, three, four = people(4)
    today, central = timezone.localdate(), library("central")
    hold(one, MEROS)
    hold(two, MEROS)
    assert lending.claim(three, meros[0], central, today, lending.Consent.YES) is lending.Claim.FREE
    lend_out(meros[0], three)
    assert lending.claim(four, meros[1], central, today, lending.Consent.YES) is lending.Claim.NEEDED
    assert lending.claim(four, meros[1], central, today, lending.Consent.EXCEPTION) is lending.Claim.FREE


def test_a_renewal_is_refused_when_no_free_copy_is_left_for_a_hold(meros: list[Item]) -> None:
    one, two, three = people(3)
    today = timezone.localdate()
    for item in meros[:2]:
        lend_out(item, one)
    hold(two, MEROS)
    assert not lending.refuses_renewal(meros[0], today)
    second = hold(three, MEROS)
    assert lending.refuses_renewal(meros[0], today)
    changing.suspend(ACTOR, second.pk, today, today)
    assert not lending.refuses_renewal(meros[0], today)
