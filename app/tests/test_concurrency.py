"""Two counters at once, on committed data and real connections."""

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from shoko_ils.audit import chain
from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation import facts
from shoko_ils.circulation.models import Loan, LoanRule, PaperSlip
from shoko_ils.circulation.services import Late, LateReason, Outcome, lend, paper, take_back, undo_return
from shoko_ils.circulation.services.closing import close_in_emergency
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Patron


@pytest.fixture
def committed(copied: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits; the test returns what it lent, so that the next one finds the library as it was."""
    with django_db_blocker.unblock():
        yield
        ours = Loan.objects.filter(returned_on__isnull=True, patron__in=borrowers(4))
        ours.update(returned_on=timezone.localdate(), patron=None, lent_at=None)
        connection.close()


def shelf_items(count: int) -> list[Item]:
    """The last copies that may be lent and were on the shelf when the library was loaded."""
    free = Item.objects.filter(library_use_only=False).exclude(loans__returned_on__isnull=True, loans__isnull=False)
    return list(free.order_by("-pk")[:count])


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Results of the acts, started together, each on its own connection."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def one(index: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=60)
            results[index] = act()
        except Exception as error:  # handed to the assertion below
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


def borrowers(count: int) -> list[Patron]:
    """The last patrons; their registrations are in force."""
    return list(Patron.objects.filter(expires_on__gt="2029-01-01", pk__gt=400).order_by("-pk")[:count])


@pytest.mark.usefixtures("committed")
def test_of_two_counters_exactly_one_lends_the_item() -> None:
    library, actor = Library.objects.get(key="central"), Actor("demo", "central")
    one, two = borrowers(2)
    for item in shelf_items(5):
        results = at_once(
            lambda item=item: lend(actor, one.pk, item.barcode, library, uuid.uuid4()).outcome,
            lambda item=item: lend(actor, two.pk, item.barcode, library, uuid.uuid4()).outcome,
        )
        assert sorted(results) == [Outcome.LENT, Outcome.ON_LOAN]
        assert Loan.objects.filter(item=item, returned_on__isnull=True).count() == 1


@pytest.mark.usefixtures("committed")
def test_the_same_scan_sent_twice_at_once_is_one_loan() -> None:
    library, actor = Library.objects.get(key="central"), Actor("demo", "central")
    (patron,) = borrowers(1)
    for item in shelf_items(5):
        key = uuid.uuid4()
        same = [lambda item=item, key=key: lend(actor, patron.pk, item.barcode, library, key).outcome] * 3
        assert at_once(*same) == [Outcome.LENT] * 3
        take_back(actor, item.barcode, library, uuid.uuid4())


@pytest.mark.usefixtures("committed")
def test_the_limit_holds_when_two_counters_lend_to_one_patron() -> None:
    library, actor = Library.objects.get(key="central"), Actor("demo", "central")
    (patron,) = borrowers(1)
    LoanRule.objects.update(max_loans=3)
    try:
        results = at_once(
            *(
                lambda item=item: lend(actor, patron.pk, item.barcode, library, uuid.uuid4()).outcome
                for item in shelf_items(6)
            )
        )
        assert sorted(results) == [Outcome.LENT] * 3 + [Outcome.LIMIT_REACHED] * 3
    finally:
        LoanRule.objects.update(max_loans=None)


@pytest.mark.usefixtures("committed")
def test_the_chain_of_the_audit_has_no_fork() -> None:
    library, actor = Library.objects.get(key="central"), Actor("demo", "central")
    patrons = borrowers(4)
    items = shelf_items(4)
    before = Event.objects.count()
    at_once(
        *(
            lambda p=p, i=i: lend(actor, p.pk, i.barcode, library, uuid.uuid4())
            for p, i in zip(patrons, items, strict=True)
        )
    )
    count, _ = chain.verify(Event.objects.order_by("id"))
    assert count == before + 4


@pytest.mark.usefixtures("committed")
def test_of_two_counters_exactly_one_takes_the_item_back() -> None:
    library, actor = Library.objects.get(key="central"), Actor("demo", "central")
    (patron,) = borrowers(1)
    for item in shelf_items(5):
        lend(actor, patron.pk, item.barcode, library, uuid.uuid4())
        same = [lambda item=item: take_back(actor, item.barcode, library, uuid.uuid4()).outcome] * 2
        outcomes = at_once(*same)
        assert sum(outcome in (Outcome.SHELVE, Outcome.SEND_HOME) for outcome in outcomes) == 1
        assert sum(outcome in (Outcome.NOT_OUT, Outcome.NOT_OUT_SEND_HOME) for outcome in outcomes) == 1


@pytest.mark.usefixtures("committed")
def test_an_undo_and_the_next_loan_at_once_leave_one_open_loan() -> None:
    library, actor = Library.objects.get(key="central"), Actor("demo", "central")
    one, two = borrowers(2)
    for item in shelf_items(5):
        lend(actor, one.pk, item.barcode, library, uuid.uuid4())
        terminal, secret = uuid.uuid4(), uuid.uuid4()
        take_back(actor, item.barcode, library, uuid.uuid4(), terminal=terminal, secret=secret)
        undone, lent = at_once(
            lambda t=terminal, s=secret: undo_return(actor, library, uuid.uuid4(), terminal=t, secret=s).outcome,
            lambda item=item: lend(actor, two.pk, item.barcode, library, uuid.uuid4()).outcome,
        )
        assert (undone, lent) in (
            (Outcome.UNDONE, Outcome.ON_LOAN),
            (Outcome.NOTHING_TO_UNDO, Outcome.LENT),
        )
        holder = Loan.objects.get(item=item, returned_on__isnull=True).patron
        assert holder == (one if undone is Outcome.UNDONE else two)
        take_back(actor, item.barcode, library, uuid.uuid4())


@pytest.mark.usefixtures("committed")
def test_an_emergency_closing_sent_twice_at_once_is_one_act() -> None:
    library, actor, key = Library.objects.get(key="south"), Actor("demo", "central"), uuid.uuid4()
    day = timezone.localdate() + dt.timedelta(days=400)
    try:
        same = [
            lambda: close_in_emergency(actor, [library], day, day, reason=CalendarException.Reason.STORM, key=key)
        ] * 3
        (first,), *others = at_once(*same)
        assert all(each == [first] for each in others)
        assert CalendarException.objects.filter(act=key).count() == 1
    finally:
        CalendarException.objects.filter(act=key).delete()


def test_one_paper_slip_at_two_counters_is_one_slip_and_one_loan(committed: None) -> None:
    """The same key twice, and the same item by two keys: one loan, and every slip accounted for."""
    (patron,), (item,) = borrowers(1), shelf_items(1)
    card = patron.cards.get(ended_on__isnull=True).number
    central = Library.objects.get(key="central")
    late = Late(timezone.localdate() - dt.timedelta(days=1), LateReason.LINE_DOWN)
    batch = paper.begin(Actor("demo", "central"), paper.Day(central, None, late, 2, 0), uuid.uuid4())
    first, second = uuid.uuid4(), uuid.uuid4()

    def enter(key: uuid.UUID) -> Callable[[], Any]:
        return lambda: paper.enter(Actor("demo", "central"), batch, PaperSlip.Act.LEND, (card, item.barcode), key)

    try:
        results = at_once(enter(first), enter(first), enter(second))
        assert sorted(each.outcome for each in results) in (
            [Outcome.LENT, Outcome.LENT, Outcome.ALREADY_YOURS],
            [Outcome.LENT, Outcome.ALREADY_YOURS, Outcome.ALREADY_YOURS],
        )
        assert list(batch.slips.values_list("position", "state")) == [(1, "done"), (2, "done")]
        assert Loan.objects.filter(item=item, returned_on__isnull=True).count() == 1
    finally:
        batch.slips.all().delete()
        batch.delete()


def test_after_the_night_no_transaction_number_pairs_borrower_and_item(committed: None) -> None:
    """What only commits show: the lock of the loan in the borrower's row, and the count of the item."""
    (patron,), (item,) = borrowers(1), shelf_items(1)
    central = Library.objects.get(key="central")
    actor = Actor("demo", "central")
    assert lend(actor, patron.pk, item.barcode, central, uuid.uuid4()).outcome is Outcome.LENT
    take_back(actor, item.barcode, central, uuid.uuid4())
    assert paired_by_number() > 0
    facts.forget_ended()
    assert paired_by_number() == 0


def paired_by_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM patron p JOIN item_month m ON p.xmax::text = m.xmin::text")
        (count,) = cursor.fetchone()
    return int(count)
