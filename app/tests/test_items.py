"""The management of items: accession, changes of many, withdrawal, reassignment, and what takes them back."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from shoko_ils.circulation.services import Outcome, take_back
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings import services
from shoko_ils.holdings.barcode import is_item
from shoko_ils.holdings.models import Item, ItemAct, Location, MaterialClass
from shoko_ils.holdings.selecting import Filter, by_number, numbers_of
from shoko_ils.holdings.services import Accession, Change, acting
from shoko_ils.holds.models import Hold, State, Transit
from tests.conftest import MEROS, WITHDRAWN
from tests.holding import ACTOR, copies, hold, lend_out, library, new, people, scan, state, titles

pytestmark = pytest.mark.django_db


def new_copy(record: int = MEROS, **more: Any) -> Accession:
    given: dict[str, Any] = {
        "record_id": record,
        "library": library("central"),
        "location": Location.objects.order_by("pk")[0],
        "material_class": MaterialClass.objects.get(key="book"),
        "call_number": "913 ダ",
    }
    return Accession(**given | more)


def take_in(**more: Any) -> Item:
    return services.accession(ACTOR, new_copy(**more), new())


def act(made: acting.Act) -> ItemAct:
    return acting.carry_out(made, new())


def outcomes(done: ItemAct) -> list[str]:
    return [line.why or line.outcome for line in done.lines.all()]


def fresh(item: Item) -> Item:
    return Item.objects.get(pk=item.pk)


def test_a_copy_gets_the_next_accession_number_and_a_number_that_scanners_read() -> None:
    last = Item.objects.order_by("-accession_number")[0].accession_number
    one, two = take_in(), take_in()
    assert (one.accession_number, two.accession_number) == (last + 1, last + 2)
    assert is_item(one.barcode)
    assert one.barcode != two.barcode
    assert (one.library.key, one.at_library.key, one.condition) == ("central", "central", "normal")
    assert by_number(one.barcode) == by_number(str(one.accession_number)) == one


def test_accession_numbers_have_no_gap_after_an_accession_that_failed() -> None:
    one = take_in()
    with pytest.raises(services.Refused, match="taken"):
        take_in(number=one.barcode)
    with pytest.raises(services.Refused, match="number"):
        take_in(number="1000000001")
    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.create(
            barcode=one.barcode, record_id=MEROS, library=one.library, at_library=one.library,
            location=one.location, material_class=one.material_class,
        )  # fmt: skip
    assert take_in().accession_number == one.accession_number + 1


def test_an_accession_is_done_once_for_a_key() -> None:
    key = new()
    one = services.accession(ACTOR, new_copy(), key)
    assert services.accession(ACTOR, new_copy(), key) == one
    assert ItemAct.objects.filter(key=key).count() == 1


def test_a_new_copy_goes_to_the_first_hold_in_the_same_commit() -> None:
    one, two = people(2)
    record = titles(1)[0]
    lend_out(record.items.get(), people(3)[2])
    first, second = hold(one, record.pk), hold(two, record.pk)
    item = take_in(record=record.pk)
    first.refresh_from_db()
    assert (first.state, first.item) == (State.CAPTURED, item)
    assert state(second) is State.QUEUED
    assert scan(item, "central") == Outcome.HOLD_SHELF


@pytest.mark.parametrize("kept", [{"condition": Item.Condition.PROCESSING}, {"library_use_only": True}])
def test_a_copy_in_processing_waits_and_goes_to_the_hold_when_it_is_done(kept: dict[str, Any]) -> None:
    record = titles(1)[0]
    lend_out(record.items.get(), people(2)[1])
    waits = hold(people(1)[0], record.pk)
    item = take_in(record=record.pk, **kept)
    assert state(waits) is State.QUEUED
    act(services.changed(ACTOR, item.library, [item.barcode], Change(condition="normal", library_use_only=False)))
    assert Hold.objects.get(pk=waits.pk).item == item


def test_many_items_are_changed_at_once_and_each_number_is_accounted_for() -> None:
    items = [record.items.get() for record in titles(3)]
    lend_out(items[2], people(1)[0])
    stacks = Location.objects.exclude(pk__in=[item.location_id for item in items])[0]
    numbers = [items[0].barcode, "9999999995", items[1].barcode, items[0].barcode, items[2].barcode]
    wanted = services.changed(
        ACTOR, library("central"), numbers, Change(location=stacks, condition="processing"), reason="書庫へ"
    )
    assert [line.outcome for line in services.preview(wanted)] == [
        "changed", "unknown", "changed", "repeated", "refused",
    ]  # fmt: skip
    assert fresh(items[0]).location_id != stacks.pk
    done = act(wanted)
    assert outcomes(done) == ["changed", "unknown", "changed", "repeated", "on-loan"]
    assert (done.given, done.changed, done.unknown, done.repeated, done.refused) == (5, 2, 1, 1, 1)
    assert [fresh(item).location_id == stacks.pk for item in items] == [True, True, False]
    assert outcomes(act(services.changed(ACTOR, library("central"), numbers[:1], Change(location=stacks)))) == ["same"]


def test_the_database_keeps_the_account() -> None:
    done = act(services.missing(ACTOR, library("central"), [copies(MEROS)[0].barcode]))
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemAct.objects.filter(pk=done.pk).update(given=2)


def test_an_act_is_taken_back_but_for_what_was_changed_since() -> None:
    one, two = (record.items.get() for record in titles(2))
    before = one.location_id, two.location_id
    other = Location.objects.exclude(pk__in=before)[0]
    done = act(services.changed(ACTOR, one.library, [one.barcode, two.barcode], Change(location=other)))
    Item.objects.filter(pk=two.pk).update(location=Location.objects.exclude(pk=other.pk)[0])
    back = services.revert(ACTOR, one.library, done.pk, new())
    assert outcomes(back) == ["changed", "changed-since"]
    assert fresh(one).location_id == before[0]
    for number in (done.pk, back.pk):
        with pytest.raises(services.CannotRevert):
            services.revert(ACTOR, one.library, number, new())


def test_what_is_withdrawn_gets_day_and_reason_and_comes_back_with_the_act() -> None:
    item = titles(1)[0].items.get()
    done = act(services.withdrawn(ACTOR, item.library, [item.barcode], Item.Withdrawal.WORN, "水濡れ"))
    item = fresh(item)
    assert (item.condition, item.withdrawal_reason, item.withdrawn_on is not None) == ("withdrawn", "worn", True)
    again = act(services.withdrawn(ACTOR, item.library, [item.barcode], Item.Withdrawal.WORN))
    assert outcomes(again) == ["withdrawn"]
    services.revert(ACTOR, item.library, done.pk, new())
    assert (fresh(item).condition, fresh(item).withdrawn_on, fresh(item).withdrawal_reason) == ("normal", None, "")


def test_what_is_on_loan_captured_or_on_its_way_is_not_withdrawn() -> None:
    out, captured, moving = (record.items.get() for record in titles(3))
    lend_out(out, people(1)[0])
    waits = hold(people(2)[1], captured.record_id, captured.library.key)
    scan(captured, captured.library.key)
    scan(moving, next(one.key for one in Library.objects.all() if one != moving.library))
    numbers = [item.barcode for item in (out, captured, moving)]
    done = act(services.withdrawn(ACTOR, library("central"), numbers, Item.Withdrawal.OUTDATED))
    assert outcomes(done) == ["on-loan", "captured", "in-transit"]
    assert state(waits) in (State.ON_SHELF, State.NOTIFIED)


def test_the_database_itself_lends_and_captures_nothing_that_is_withdrawn() -> None:
    out, gone = (record.items.get() for record in titles(2))
    lend_out(out, people(1)[0])
    with pytest.raises(IntegrityError, match="on loan"), transaction.atomic():
        Item.objects.filter(pk=out.pk).update(**WITHDRAWN)
    waits = hold(people(2)[1], gone.record_id)
    Item.objects.filter(pk=gone.pk).update(**WITHDRAWN)
    with pytest.raises(IntegrityError, match="withdrawn"), transaction.atomic():
        lend_out(gone, people(1)[0])
    with pytest.raises(IntegrityError, match="withdrawn"), transaction.atomic():
        Hold.objects.filter(pk=waits.pk).update(item=gone, state="captured", slip_number=1)
    for half in ({"condition": "withdrawn"}, {"withdrawn_on": "2026-11-01"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Item.objects.filter(pk=copies(MEROS)[0].pk).update(**half)


def test_a_missing_copy_gives_its_hold_back_to_the_queue_and_takes_it_when_found() -> None:
    item = titles(1)[0].items.get()
    waits = hold(people(1)[0], item.record_id, item.library.key)
    scan(item, item.library.key)
    assert state(waits) is not State.QUEUED
    act(services.missing(ACTOR, item.library, [item.barcode]))
    assert (state(waits), fresh(item).condition) == (State.QUEUED, "missing")
    south = library("south")
    assert outcomes(act(services.found(ACTOR, south, [item.barcode, copies(MEROS)[0].barcode]))) == [
        "changed", "not-missing",
    ]  # fmt: skip
    assert (state(waits), fresh(item).condition, fresh(item).at_library) == (State.CAPTURED, "normal", south)


def test_items_are_given_to_another_library_and_those_in_hand_start_for_it() -> None:
    one, two = (record.items.get() for record in titles(2))
    Item.objects.filter(pk__in=[one.pk, two.pk]).update(library=library("central"), at_library=library("central"))
    south = library("south")
    act(services.reassigned(ACTOR, library("central"), [one.barcode], south, send=True))
    assert fresh(one).library == south
    assert Transit.objects.get(item=one, ended_on=None).to_library == south
    assert scan(one, "south") == Outcome.SHELVE
    done = act(services.reassigned(ACTOR, library("central"), [two.barcode], south))
    assert not Transit.objects.filter(item=two, ended_on=None).exists()
    assert take_back(ACTOR, two.barcode, library("central"), new()).outcome is Outcome.NOT_OUT_SEND_HOME
    services.revert(ACTOR, library("central"), done.pk, new())
    assert fresh(two).library == library("central")


def test_copies_in_hand_at_a_service_point_start_from_there(central: Library) -> None:
    room = ServicePoint.objects.create(key="room", library=central, name_ja="図書室", name_en="Room", position=9)
    one, held = (record.items.get() for record in titles(2))
    Item.objects.filter(pk__in=[one.pk, held.pk]).update(library=central, at_library=central)
    waits = hold(people(1)[0], held.record_id, "central")
    south = library("south")
    done = act(services.reassigned(ACTOR, central, [one.barcode, held.barcode], south, send=True, point=room))
    assert done.service_point == room
    way = Transit.objects.get(item=one, ended_on=None)
    assert (way.from_library, way.from_point, way.to_library, way.to_point) == (central, room, south, None)
    # from the room to the library that it belongs to it is a way, too
    way = Transit.objects.get(item=held, ended_on=None)
    assert (way.from_point, way.to_library, way.to_point, state(waits)) == (room, central, None, State.IN_TRANSIT)


def test_a_reassigned_copy_that_somebody_waits_for_goes_to_the_hold_first() -> None:
    item = titles(1)[0].items.get()
    Item.objects.filter(pk=item.pk).update(library=library("central"), at_library=library("central"))
    waits = hold(people(1)[0], item.record_id, "central")
    act(services.reassigned(ACTOR, library("central"), [item.barcode], library("south"), send=True))
    assert Hold.objects.get(pk=waits.pk).item == item
    assert not Transit.objects.filter(item=item, ended_on=None).exists()


def test_lists_go_by_library_place_and_call_number() -> None:
    central = library("central")
    found = list(Filter(library=central, call_from="913", call_to="913").items())
    assert found
    assert {item.library for item in found} == {central}
    assert all(item.call_number.startswith("913") for item in found)
    item = found[0]
    Item.objects.filter(pk=item.pk).update(**WITHDRAWN)
    assert item not in Filter(library=central).items()
    assert item in Filter(library=central, condition="withdrawn").items()


def test_numbers_are_read_as_scanners_and_people_type_them() -> None:
    assert numbers_of("a1000000017a\n１０００００００２５、1000000033,1000000033") == [
        "1000000017", "1000000025", "1000000033", "1000000033",
    ]  # fmt: skip


def test_too_many_numbers_are_refused_whole() -> None:
    with pytest.raises(services.TooMany):
        act(services.missing(ACTOR, library("central"), ["1"] * (services.LIMIT + 1)))
