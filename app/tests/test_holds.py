"""Holds: the queue, captures, the hold shelf, the end of a hold."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from shoko_ils.catalog import merging
from shoko_ils.circulation.services.results import Outcome
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import Item
from shoko_ils.holds import pull, queue, scans
from shoko_ils.holds.models import Hold, HoldDay, HoldMove, HoldRule, PullMiss, State, TakeOff, Transit, WalkIn
from shoko_ils.holds.services import changing, ending, lending, missing, placing, routing, shelf
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Call, Notice
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import ACTOR, copies, hold, lend_out, library, new, people, scan, state, titles

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.fixture
def meros(db: None) -> list[Item]:
    """The three copies of 走れメロス; the first is the central library's."""
    return sorted(copies(MEROS), key=lambda item: item.library.position)


def place(patron: Patron, *records: int, pickup: str = "central", kind: str = "") -> placing.Placed:
    return placing.place(ACTOR, patron.pk, placing.Wish(records, library(pickup), Hold.Group(kind)), new())


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
    assert [queue.walk(lower.pk, of_lower.material_class_id, timezone.localdate()).__next__().skip] == ["sequence"]
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


def test_one_hold_for_a_person_and_title_and_none_on_what_he_has(meros: list[Item]) -> None:
    one, two = people(2)
    assert place(one, MEROS).outcome is placing.Placing.PLACED
    assert place(one, MEROS).outcome is placing.Placing.ALREADY_HELD
    lend_out(meros[0], two)
    assert place(two, MEROS).outcome is placing.Placing.ALREADY_LENT


def test_the_same_key_places_once() -> None:
    (patron,) = people(1)
    key, wish = new(), placing.Wish((MEROS,), library("central"))
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
    assert list(queue.waiting(MEROS)) == [third, first, second]
    assert changing.move(ACTOR, first.pk, 99, "本人申出")
    assert list(queue.waiting(MEROS)) == [third, second, first]
    moved = HoldMove.objects.order_by("pk")
    assert [(m.old_rank, m.new_rank, m.reason) for m in moved] == [(3, 1, "授業で使用"), (2, 3, "本人申出")]


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


def test_the_pickup_library_changes_until_the_copy_is_on_the_shelf(meros: list[Item]) -> None:
    waits = hold(people(1)[0], MEROS, "south")
    assert changing.change_pickup(ACTOR, waits.pk, library("tsujido"))
    assert scan(meros[0], "central") == Outcome.HOLD_TRANSIT
    assert changing.change_pickup(ACTOR, waits.pk, library("south"))
    assert scan(meros[0], "tsujido") == Outcome.HOLD_TRANSIT  # where it was sent to; now it goes on
    assert scan(meros[0], "south") == Outcome.HOLD_SHELF
    assert not changing.change_pickup(ACTOR, waits.pk, library("central"))


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
    wish = placing.Wish((MEROS,), point)
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
    merging.merge(kept.pk, gone.pk, "demo", "重複")
    assert (state(first), state(second), state(captured)) == (State.CANCELLED, State.QUEUED, State.ON_SHELF)
    assert Hold.objects.get(pk=captured.pk).record_id == kept.pk
    assert not Hold.objects.filter(record=gone.pk).exists()
