"""Holds on single issues of magazines: each issue has a queue of its own."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.catalog import merging
from shoko_ils.circulation.services import Outcome, lend, take_back
from shoko_ils.holdings import services as holdings
from shoko_ils.holdings.models import Item, ItemAct
from shoko_ils.holdings.services import Change, acting
from shoko_ils.holdings.services.reverting import planned
from shoko_ils.holds import pull, queue
from shoko_ils.holds.models import Hold, HoldCount, State
from shoko_ils.holds.services import ending, lending, placing
from shoko_ils.holds.target import Target
from shoko_ils.patrons.models import Patron
from tests.holding import ACTOR, hold, library, magazine, new, people, place, scan, state

pytestmark = pytest.mark.usefixtures("empty_shelves")
OCTOBER, NOVEMBER = "2026年10月号", "2026年11月号"


@pytest.fixture
def copies(db: None) -> list[Item]:
    """Of October one at the central library and one in the south, of November one at the central library."""
    return magazine((OCTOBER, "central"), (OCTOBER, "south"), (NOVEMBER, "central"))


@pytest.fixture
def number(copies: list[Item]) -> int:
    return copies[0].record_id


def test_a_magazine_is_held_by_issue_and_not_by_title(number: int) -> None:
    (one,) = people(1)
    assert place(one, number).outcome is placing.Placing.SERIAL
    assert place(one, Target(number, "2026年12月号")).outcome is placing.Placing.NO_COPY
    both = [place(one, Target(number, issue)) for issue in (OCTOBER, NOVEMBER)]
    assert [placed.outcome for placed in both] == [placing.Placing.PLACED] * 2
    assert place(one, Target(number, OCTOBER)).outcome is placing.Placing.ALREADY_HELD
    assert {str(hold.material_class) for placed in both for hold in placed.holds} == {"雑誌"}


def test_the_same_key_places_once_for_each_issue(number: int) -> None:
    (one,) = people(1)
    wish = placing.Wish((Target(number, OCTOBER), Target(number, NOVEMBER)), library("central"), Hold.Group.SEQUENCE)
    key = new()
    first, again = (placing.place(ACTOR, one.pk, wish, key) for _ in range(2))
    assert [held.pk for held in first.holds] == [held.pk for held in again.holds]
    assert [held.issue for held in first.holds] == [OCTOBER, NOVEMBER]


def test_a_copy_goes_to_the_queue_of_its_issue_alone(copies: list[Item], number: int) -> None:
    one, two = people(2)
    of_november = hold(one, number, issue=NOVEMBER)
    of_october = hold(two, number, issue=OCTOBER)
    assert scan(copies[1], "south") == Outcome.HOLD_TRANSIT
    assert (state(of_november), state(of_october)) == (State.QUEUED, State.IN_TRANSIT)
    assert scan(copies[0], "central") == Outcome.SHELVE, "nobody else waits for October"
    assert scan(copies[2], "central") == Outcome.HOLD_SHELF
    assert Hold.objects.get(pk=of_november.pk).item == copies[2]


def test_ranks_and_counts_are_those_of_the_issue(number: int) -> None:
    one, two, three = people(3)
    first, second, other = (
        hold(patron, number, issue=issue) for patron, issue in ((one, OCTOBER), (two, OCTOBER), (three, NOVEMBER))
    )
    today = timezone.localdate()
    assert [queue.rank(each, today) for each in (first, second, other)] == [1, 2, 1]
    assert list(HoldCount.objects.order_by("issue").values_list("record", "issue", "waiting")) == [
        (number, OCTOBER, 2),
        (number, NOVEMBER, 1),
    ]
    assert list(queue.waiting(Target(number, OCTOBER))) == [first, second]


def test_the_pull_list_has_a_copy_of_each_issue_that_is_waited_for(copies: list[Item], number: int) -> None:
    one, two = people(2)
    hold(one, number, issue=NOVEMBER)
    hold(two, number, "south", issue=OCTOBER)
    assert [line.item for line in pull.lines(library("central"))] == [copies[2]]
    assert [line.item for line in pull.lines(library("south"))] == [copies[1]]


def test_issues_stand_in_their_order_on_the_pull_list() -> None:
    made = magazine(*((issue, "central") for issue in ("2026年11月号", "2026年9月号", "2025年冬号", "2026年春号")))
    for patron, item in zip(people(4), made, strict=True):
        hold(patron, item.record_id, issue=item.issue)
    assert [line.item.issue for line in pull.lines(library("central"))] == [
        "2025年冬号", "2026年春号", "2026年9月号", "2026年11月号",
    ]  # fmt: skip


def test_a_loan_fulfils_the_hold_on_its_issue_and_no_other(copies: list[Item], number: int) -> None:
    (one,) = people(1)
    of_october, of_november = (hold(one, number, issue=issue) for issue in (OCTOBER, NOVEMBER))
    assert lend(ACTOR, one.pk, copies[0].barcode, library("central"), new()).outcome is Outcome.LENT
    assert (state(of_october), state(of_november)) == (State.FULFILLED, State.QUEUED)
    assert place(one, Target(number, OCTOBER)).outcome is placing.Placing.ALREADY_LENT
    take_back(ACTOR, copies[0].barcode, library("central"), new())
    assert place(one, Target(number, OCTOBER)).outcome is placing.Placing.PLACED


def test_waiting_for_one_issue_stands_in_the_way_of_no_other(copies: list[Item], number: int) -> None:
    one, two = people(2)
    hold(one, number, issue=NOVEMBER)
    today = timezone.localdate()
    assert not lending.refuses_renewal(copies[0], today)
    assert lend(ACTOR, two.pk, copies[0].barcode, library("central"), new()).outcome is Outcome.LENT
    assert lend(ACTOR, two.pk, copies[2].barcode, library("central"), new()).outcome is Outcome.HOLDS_WAIT
    hold(one, number, issue=OCTOBER)
    Item.objects.filter(pk=copies[1].pk).update(condition="missing")
    assert lending.refuses_renewal(copies[0], today)


def test_the_latest_issue_is_for_use_in_the_library_until_the_next_comes(copies: list[Item], number: int) -> None:
    """By its mark, which a change of many takes away."""
    (one,) = people(1)
    made = acting.carry_out(
        holdings.changed(ACTOR, library("central"), [copies[2].barcode], Change(library_use_only=True)), new()
    )
    assert made.changed == 1
    assert place(one, Target(number, NOVEMBER)).outcome is placing.Placing.NO_COPY


def test_a_new_copy_of_an_issue_goes_to_who_waits_for_it(number: int, copies: list[Item]) -> None:
    one, two = people(2)
    hold(one, number, issue=NOVEMBER)
    waits = hold(two, number, issue=OCTOBER)
    for item in copies[:2]:
        Item.objects.filter(pk=item.pk).update(condition="missing")
    new_one = holdings.accession(
        ACTOR,
        holdings.Accession(
            number, library("central"), copies[0].location, copies[0].material_class, "雑誌", issue=OCTOBER
        ),
        new(),
    )
    waits.refresh_from_db()
    assert (waits.state, waits.item) == (State.CAPTURED, new_one)


def test_a_captured_copy_stays_of_its_issue(copies: list[Item], number: int) -> None:
    (one,) = people(1)
    hold(one, number, issue=NOVEMBER)
    scan(copies[2], "central")
    change = holdings.changed(ACTOR, library("central"), [copies[2].barcode], Change(issue=OCTOBER))
    made = acting.carry_out(change, new())
    assert [line.why for line in made.lines.all()] == ["captured"]
    ending.cancel(ACTOR, Hold.objects.get(patron=one).pk)
    made = acting.carry_out(change, new())
    assert made.changed == 1
    hold(one, number, issue=OCTOBER)
    scan(copies[2], "central")
    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.filter(pk=copies[2].pk).update(issue=NOVEMBER)
    back = planned(ACTOR, library("central"), made.pk)
    assert [line.why for line in acting.preview(back)] == ["captured"]
    assert back.kind == ItemAct.Kind.REVERT


@pytest.mark.parametrize("issue", ["", "2026年12月号"])
def test_the_database_knows_what_can_be_held(copies: list[Item], number: int, patron: Patron, issue: str) -> None:
    """Neither the magazine as a whole nor an issue that has no copy."""
    one = hold(patron, number, issue=OCTOBER)
    values = {name: getattr(one, name) for name in ("material_class", "pickup_library", "priority", "requested_at")}
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(
            **values, record_id=number, issue=issue, patron=patron, key=new(), order_at=timezone.now()
        )  # fmt: skip


def test_the_database_refuses_a_copy_of_another_issue(copies: list[Item], number: int, patron: Patron) -> None:
    held = hold(patron, number, issue=NOVEMBER)
    captured = {"state": "captured", "slip_number": 7}
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=held.pk).update(**captured, item=copies[0])
    Hold.objects.filter(pk=held.pk).update(**captured, item=copies[2])
    other = hold(patron, number, issue=OCTOBER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=other.pk).update(issue=NOVEMBER)


def test_holds_on_issues_survive_a_merger_and_its_undoing(copies: list[Item], number: int) -> None:
    one, two = people(2)
    (twin,) = magazine((OCTOBER, "central"), title="月刊見本(重複)")
    first, captured = hold(one, number, issue=OCTOBER), hold(two, twin.record_id, issue=OCTOBER)
    second = hold(one, twin.record_id, issue=OCTOBER)
    scan(twin, "central")
    gone = twin.record_id
    log = merging.merge(number, gone, ACTOR, "重複")
    assert (state(first), state(captured), state(second)) == (State.QUEUED, State.ON_SHELF, State.CANCELLED)
    assert set(Hold.objects.filter(patron__isnull=False).values_list("record", "issue")) == {(number, OCTOBER)}
    merging.undo(log.pk, ACTOR)
    captured.refresh_from_db()
    assert (captured.record_id, captured.item) == (gone, twin), "it follows its copy"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_choice_of_issues_ends_with_the_one_that_is_lent(copies: list[Item], number: int) -> None:
    (one,) = people(1)
    placed = place(one, Target(number, OCTOBER), Target(number, NOVEMBER), kind="either")
    assert placed.outcome is placing.Placing.PLACED
    scan(copies[2], "central")
    lend(ACTOR, one.pk, copies[2].barcode, library("central"), new())
    assert [state(each) for each in placed.holds] == [State.CANCELLED, State.FULFILLED]


def test_a_hold_on_an_issue_expires_like_any(number: int, copies: list[Item]) -> None:
    (one,) = people(1)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    waits = hold(one, number, issue=NOVEMBER, not_needed_after=yesterday)
    assert ending.expire(timezone.localdate()) == 1
    assert state(waits) is State.EXPIRED
