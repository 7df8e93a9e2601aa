"""Circulation against a model in plain Python: whatever is scanned in whatever order, both agree on every outcome."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan, LoanRule, ReturnCase
from shoko_ils.circulation.services import Outcome, cases, declare_lost, hold_back, lend, renew, take_back, undo_return
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import StaffAccount
from tests.privacy import tables_that_pair

LIMIT, RENEWALS, ITEMS, PATRONS, TERMINALS = 2, 1, 4, 2, 2
ACTOR = Actor("demo", "central")
item_at, patron_at, terminal_at = (st.integers(0, count - 1) for count in (ITEMS, PATRONS, TERMINALS))


@dataclass
class Copy:
    """What the model knows of an item."""

    holder: int | None = None
    renewals: int = 0
    loans: int = 0
    condition: str = "normal"
    # "" or why it is pending, and what was decided
    pending: str = ""
    decision: str = ""

    def end(self) -> None:
        self.holder, self.pending, self.decision, self.renewals = None, "", "", 0


class Circulation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example._from_testcase = True  # the services' own transactions nest in it, as in every test
        self.example.__enter__()
        LoanRule.objects.update(max_loans=LIMIT, max_class_loans=None, max_renewals=RENEWALS)
        self.library = Library.objects.get(key="central")
        self.officer = StaffAccount.objects.get(login_id="demo")
        free = Item.objects.filter(
            library=self.library, library_use_only=False, loans__isnull=True, material_class__key="book"
        )
        self.items = list(free.order_by("pk")[:ITEMS])
        self.patrons = list(Patron.objects.filter(loans__isnull=True, expires_on__gt="2029-01-01")[:PATRONS])
        self.terminals = [uuid.uuid4() for _ in range(TERMINALS)]
        self.copies = [Copy() for _ in self.items]
        # terminal → item, borrower, number of the loan, renewals, and the secret of the page
        self.undoable: dict[int, tuple[int, int, int, int, uuid.UUID]] = {}
        self.returned_pairs: set[tuple[int, int]] = set()

    def teardown(self) -> None:
        open_pairs = {(copy.holder, number) for number, copy in enumerate(self.copies)}
        for patron, item in sorted(self.returned_pairs - open_pairs)[:1]:
            assert not tables_that_pair(self.patrons[patron], self.items[item])
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def _barcode(self, item: int) -> str:
        return self.items[item].barcode

    @rule(patron=patron_at, item=item_at, terminal=terminal_at)
    def lend(self, patron: int, item: int, terminal: int) -> None:
        self.undoable.pop(terminal, None)
        copy = self.copies[item]
        mine = sum(one.holder == patron and not one.pending for one in self.copies)
        if copy.holder is not None:
            yours = copy.holder == patron and not copy.pending
            expected = Outcome.ALREADY_YOURS if yours else Outcome.ON_LOAN
        elif copy.condition != "normal":
            expected = Outcome.NOT_LENDABLE
        elif mine >= LIMIT:
            expected = Outcome.LIMIT_REACHED
        else:
            expected = Outcome.LENT
            copy.holder, copy.loans = patron, copy.loans + 1
        result = lend(
            ACTOR,
            self.patrons[patron].pk,
            self._barcode(item),
            self.library,
            uuid.uuid4(),
            terminal=self.terminals[terminal],
        )
        assert result.outcome is expected

    @rule(item=item_at, terminal=terminal_at)
    def take_back(self, item: int, terminal: int) -> None:
        self.undoable.pop(terminal, None)
        copy, secret = self.copies[item], uuid.uuid4()
        if copy.holder is None:
            expected = {"normal": Outcome.NOT_OUT, "lost": Outcome.COMPENSATED, "damaged": Outcome.TO_OFFICE}[
                copy.condition
            ]
        elif copy.pending == "water":
            expected = Outcome.PENDING
        else:
            self.returned_pairs.add((copy.holder, item))
            if copy.pending:
                expected, copy.condition = Outcome.FOUND_LOST, "normal"
            else:
                expected = Outcome.SHELVE
                self.undoable[terminal] = item, copy.holder, copy.loans, copy.renewals, secret
            copy.end()
        result = take_back(
            ACTOR, self._barcode(item), self.library, uuid.uuid4(), terminal=self.terminals[terminal], secret=secret
        )
        assert result.outcome is expected

    @rule(terminal=terminal_at)
    def undo(self, terminal: int) -> None:
        item, holder, loans, renewals, secret = self.undoable.pop(terminal, (0, 0, -1, 0, uuid.uuid4()))
        copy = self.copies[item]
        expected = Outcome.NOTHING_TO_UNDO
        if copy.loans == loans:
            expected = Outcome.UNDONE
            copy.holder, copy.renewals = holder, renewals
        result = undo_return(ACTOR, self.library, uuid.uuid4(), terminal=self.terminals[terminal], secret=secret)
        assert result.outcome is expected

    @rule(patron=patron_at, item=item_at)
    def renew(self, patron: int, item: int) -> None:
        copy = self.copies[item]
        if copy.holder != patron:
            expected = Outcome.NOT_THEIRS
        elif copy.pending:
            expected = Outcome.PENDING
        elif copy.renewals >= RENEWALS:
            expected = Outcome.RENEWALS_USED
        else:
            expected = Outcome.RENEWED
            copy.renewals += 1
        result = renew(ACTOR, self.patrons[patron].pk, self._barcode(item), self.library, uuid.uuid4())
        assert result.outcome is expected

    @rule(patron=patron_at, item=item_at, lost=st.booleans())
    def open_case(self, patron: int, item: int, lost: bool) -> None:
        copy = self.copies[item]
        if copy.holder is None:
            expected = Outcome.NOT_ON_LOAN
        elif lost and copy.holder != patron:
            expected = Outcome.NOT_THEIRS
        elif copy.pending:
            expected = Outcome.PENDING
        else:
            expected = Outcome.DECLARED_LOST if lost else Outcome.HELD_BACK
            copy.pending = "lost" if lost else "water"
            copy.condition = "lost" if lost else copy.condition
        if lost:
            result = declare_lost(ACTOR, self.patrons[patron].pk, self._barcode(item), self.library, uuid.uuid4())
        else:
            reason = ReturnCase.Reason.WATER
            result = hold_back(ACTOR, self._barcode(item), self.library, reason, uuid.uuid4())
        assert result.outcome is expected

    def _case(self, item: int) -> int:
        return ReturnCase.objects.get(loan__item=self.items[item], settled_on__isnull=True).pk

    @precondition(lambda self: any(copy.pending and not copy.decision for copy in self.copies))
    @rule(data=st.data(), decision=st.sampled_from(["not-needed", "same-copy"]))
    def decide(self, data: Any, decision: str) -> None:
        open_ones = [n for n, copy in enumerate(self.copies) if copy.pending and not copy.decision]
        item = data.draw(st.sampled_from(open_ones))
        cases.decide(ACTOR, self.officer, self._case(item), ReturnCase.Decision(decision))
        copy = self.copies[item]
        if decision == "not-needed":
            self.returned_pairs.add((copy.holder or 0, item))
            copy.end()
        else:
            copy.decision = decision

    @precondition(lambda self: any(copy.decision for copy in self.copies))
    @rule(data=st.data())
    def settle(self, data: Any) -> None:
        item = data.draw(st.sampled_from([n for n, copy in enumerate(self.copies) if copy.decision]))
        cases.settle(ACTOR, self.officer, self._case(item))
        copy = self.copies[item]
        copy.condition = "lost" if copy.pending == "lost" else "damaged"
        copy.end()

    @invariant()
    def the_database_says_the_same(self) -> None:
        loans = Loan.objects.filter(item__in=self.items)
        stored = {loan.item_id: loan for loan in loans.filter(returned_on__isnull=True).select_related("patron")}
        for item, copy in zip(self.items, self.copies, strict=True):
            loan = stored.get(item.pk)
            assert (loan is None) == (copy.holder is None)
            if loan is not None and copy.holder is not None:
                assert loan.patron == self.patrons[copy.holder]
                assert (loan.pending, loan.renewals) == (bool(copy.pending), copy.renewals)
        assert not loans.filter(returned_on__isnull=False, patron__isnull=False).exists()
        conditions = dict(Item.objects.filter(pk__in=[item.pk for item in self.items]).values_list("pk", "condition"))
        assert [conditions[item.pk] for item in self.items] == [copy.condition for copy in self.copies]


@pytest.mark.django_db
def test_circulation_agrees_with_its_model() -> None:
    run_state_machine_as_test(
        Circulation,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
