"""Holds and copies in any order of acts: fair, single, released."""

import datetime as dt
import uuid

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.services import Outcome, lend, take_back, undo_return
from shoko_ils.holdings.models import Item
from shoko_ils.holds import scans
from shoko_ils.holds.models import ENDED, WITH_COPY, Hold, State, TakeOff, Transit, WalkIn
from shoko_ils.holds.services import changing, ending, missing, placing
from shoko_ils.holds.target import Target
from shoko_ils.notices.models import Notice
from tests.holding import ACTOR, copies, library, magazine, new, people, titles

# two titles and two issues of one magazine
TITLES, PATRONS, LIMIT = 4, 4, 1
title_at, patron_at, copy_at = (st.integers(0, count - 1) for count in (TITLES, PATRONS, 2 * TITLES))
place_at = st.sampled_from(["central", "south", "tsujido"])


class Holds(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example._from_testcase = True  # the services' own transactions nest in it, as in every test
        self.example.__enter__()
        LoanRule.objects.update(max_loans=LIMIT, max_class_loans=None)
        self.patrons = people(PATRONS)
        books = [record.pk for record in titles(2, copies=2)]
        issues = magazine(*((issue, key) for issue in ("10月号", "11月号") for key in ("central", "south")))
        self.items = [*(item for record in books for item in copies(record)), *issues]
        self.titles = list(dict.fromkeys(Target.of(item) for item in self.items))
        self.terminal, self.secret, self.undoable = uuid.uuid4(), uuid.uuid4(), False
        self.before: dict[int, tuple[str, int | None]] = {}
        self.walk_ins = 0
        self.remember()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # what a person can do

    @rule(patron=patron_at, title=title_at, pickup=place_at)
    def place(self, patron: int, title: int, pickup: str) -> None:
        wish = placing.Wish((self.titles[title],), library(pickup))
        placing.place(ACTOR, self.patrons[patron].pk, wish, new())

    @rule(patron=patron_at, pickup=place_at)
    def place_either(self, patron: int, pickup: str) -> None:
        wish = placing.Wish(tuple(self.titles), library(pickup), Hold.Group.EITHER)
        placing.place(ACTOR, self.patrons[patron].pk, wish, new())

    @rule(patron=patron_at, pickup=place_at)
    def place_sequence(self, patron: int, pickup: str) -> None:
        placing.place(
            ACTOR,
            self.patrons[patron].pk,
            placing.Wish(tuple(self.titles), library(pickup), Hold.Group.SEQUENCE),
            new(),
        )

    @rule(patron=patron_at, title=title_at)
    def cancel(self, patron: int, title: int) -> None:
        hold = self.hold_of(patron, title)
        if hold is not None:
            ending.cancel(ACTOR, hold.pk)
            self.the_copy_went_on(hold)

    @rule(patron=patron_at, title=title_at, on=st.booleans())
    def suspend(self, patron: int, title: int, on: bool) -> None:
        hold, today = self.hold_of(patron, title), timezone.localdate()
        if hold is not None and on:
            changing.suspend(ACTOR, hold.pk, today, today)
        elif hold is not None:
            changing.resume(ACTOR, hold.pk)

    @rule(patron=patron_at, title=title_at, pickup=place_at)
    def change_pickup(self, patron: int, title: int, pickup: str) -> None:
        hold = self.hold_of(patron, title)
        if hold is not None:
            changing.change_pickup(ACTOR, hold.pk, library(pickup))

    @rule(patron=patron_at, title=title_at, rank=st.integers(1, 4))
    def move(self, patron: int, title: int, rank: int) -> None:
        hold = self.hold_of(patron, title)
        if hold is not None:
            changing.move(ACTOR, hold.pk, rank, "試験")

    @rule(copy=copy_at, at=place_at)
    def scan(self, copy: int, at: str) -> None:
        self.undoable = False
        scans.scan_in(ACTOR, self.items[copy].barcode, library(at), new(), terminal=self.terminal)

    @rule(copy=copy_at, patron=patron_at, at=place_at, walk_in=st.booleans())
    def lend(self, copy: int, patron: int, at: str, walk_in: bool) -> None:
        self.undoable = False
        item, borrower = self.items[copy], self.patrons[patron]
        held = Hold.objects.filter(item=item).first()
        own = self.holds_on(Target.of(item)).filter(patron=borrower).first()
        ahead = [hold for hold in self.waiting(Target.of(item)) if self.servable(hold)]
        mine = next((n for n, hold in enumerate(ahead) if hold.patron_id == borrower.pk), len(ahead))
        result = lend(ACTOR, borrower.pk, item.barcode, library(at), new(), walk_in=walk_in, terminal=self.terminal)
        if held is not None and held.patron_id != borrower.pk:
            assert result.outcome is not Outcome.LENT
        if result.outcome is Outcome.HOLDS_WAIT:
            assert ahead[:mine]
            assert not walk_in
        if result.outcome is Outcome.LENT:
            assert not Hold.objects.filter(patron=borrower, record=item.record_id, issue=item.issue).exists()
            # nobody who could be served is passed by without its reason
            overtaken = held is None and bool(ahead[:mine])
            assert sum(WalkIn.objects.values_list("loans", flat=True)) == self.walk_ins + overtaken
            self.walk_ins += overtaken
            if own is not None and own.item_id != item.pk:
                self.the_copy_went_on(own)

    @rule(copy=copy_at, at=place_at)
    def take_back(self, copy: int, at: str) -> None:
        self.undoable = Loan.objects.filter(item=self.items[copy], returned_on=None).exists()
        self.secret = uuid.uuid4()
        take_back(ACTOR, self.items[copy].barcode, library(at), new(), terminal=self.terminal, secret=self.secret)

    @rule()
    def undo(self) -> None:
        result = undo_return(ACTOR, library("central"), new(), terminal=self.terminal, secret=self.secret)
        if not self.undoable:
            assert result.outcome is not Outcome.UNDONE
        self.undoable = False

    @rule(copy=copy_at)
    def not_found(self, copy: int) -> None:
        item = Item.objects.get(pk=self.items[copy].pk)
        free = (
            not Hold.objects.filter(item=item).exists()
            and not Loan.objects.filter(item=item, returned_on=None).exists()
        )
        if free and item.condition == Item.Condition.NORMAL:
            missing.not_on_shelf(ACTOR, item)

    @rule()
    def the_limit_passes(self) -> None:
        yesterday = timezone.localdate() - dt.timedelta(days=1)
        Hold.objects.filter(state=State.ON_SHELF).update(state=State.NOTIFIED, pickup_by=yesterday)
        late = list(Hold.objects.filter(pickup_by__isnull=False))
        assert (
            ending.expire(timezone.localdate())
            == Hold.objects.filter(pk__in=[hold.pk for hold in late], state=State.EXPIRED).count()
        )
        for hold in late:
            self.the_copy_went_on(hold)

    # what must be true after each of it

    @invariant()
    def nobody_is_overtaken_without_a_reason(self) -> None:
        """A hold that has got a copy now: all that were before it in the queue have their reason written down."""
        for hold in Hold.objects.filter(state__in=WITH_COPY):
            was, had = self.before.get(hold.pk, (State.QUEUED, None))
            if was in WITH_COPY and had == hold.item_id:
                continue
            for other in self.waiting(Target.of(hold)):
                if self.order(other) < self.order(hold):
                    assert other.skipped, (other, hold)
        self.remember()

    @invariant()
    def a_copy_is_for_one_and_not_on_loan(self) -> None:
        held = list(Hold.objects.filter(item__isnull=False).values_list("item", flat=True))
        assert len(held) == len(set(held))
        assert not Loan.objects.filter(item__in=held, returned_on=None).exists()
        for hold in Hold.objects.filter(item__isnull=False).select_related("item"):
            assert Target.of(hold) == Target.of(hold.item)
        active = list(Hold.objects.filter(patron__isnull=False).values_list("patron", "record", "issue"))
        assert len(active) == len(set(active))

    @invariant()
    def what_has_ended_is_nobodys(self) -> None:
        ended = Hold.objects.filter(state__in=ENDED)
        assert not ended.exclude(patron=None, item=None, slip_number=None).exists()
        numbers = set(Hold.objects.filter(patron__isnull=False).values_list("pk", flat=True))
        assert set(Notice.objects.filter(about__isnull=False).values_list("about", flat=True)) <= numbers

    @invariant()
    def transits_lead_to_where_the_copy_is_wanted(self) -> None:
        assert not Transit.objects.filter(ended_on=None, item__loans__in=Loan.objects.filter(returned_on=None)).exists()
        for hold in Hold.objects.filter(state__in=(State.ON_SHELF, State.NOTIFIED)).select_related("item"):
            assert hold.item.at_library_id == hold.pickup_library_id
        shelved = Hold.objects.filter(shelf_number__isnull=False).values_list("pickup_library", "shelf_number")
        assert not set(shelved) & set(TakeOff.objects.values_list("library", "shelf_number"))

    # helpers

    def hold_of(self, patron: int, title: int) -> Hold | None:
        return self.holds_on(self.titles[title]).filter(patron=self.patrons[patron]).first()

    @staticmethod
    def holds_on(target: Target) -> QuerySet[Hold]:
        return Hold.objects.filter(record=target.record, issue=target.issue)

    def waiting(self, target: Target) -> list[Hold]:
        return list(self.holds_on(target).filter(state=State.QUEUED).order_by("priority", "order_at", "pk"))

    @staticmethod
    def order(hold: Hold) -> tuple[object, ...]:
        return hold.priority, hold.order_at, hold.pk

    def servable(self, hold: Hold) -> bool:
        """Written anew, not asked of the queue: suspended, at the limit, or held back by the group."""
        siblings = Hold.objects.filter(group=hold.group, group__isnull=False).exclude(pk=hold.pk)
        if hold.group_kind == "either" and siblings.filter(item__isnull=False).exists():
            return False
        earlier = siblings.filter(group_position__lt=hold.group_position or 0)
        if hold.group_kind == "sequence" and earlier.exclude(shelf_number__isnull=False).exists():
            return False
        return hold.suspended_from is None and Loan.objects.filter(patron=hold.patron).count() < LIMIT

    def the_copy_went_on(self, hold: Hold) -> None:
        """The copy of a hold that has ended is for the next one who can be served, or nobody could be."""
        if hold.item is None or Hold.objects.filter(pk=hold.pk, patron__isnull=False).exists():
            return
        item = Item.objects.get(pk=hold.item_id)
        if item.condition == Item.Condition.NORMAL and not Hold.objects.filter(item=item).exists():
            assert not [other for other in self.waiting(Target.of(hold)) if self.servable(other)]

    def remember(self) -> None:
        self.before = {pk: (state, item) for pk, state, item in Hold.objects.values_list("pk", "state", "item")}


@pytest.mark.usefixtures("empty_shelves")
def test_holds_are_fair_single_and_released() -> None:
    run_state_machine_as_test(
        Holds,
        settings=settings(
            max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
