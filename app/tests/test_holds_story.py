"""Holds collide with a return: a Tuesday at a branch after a closed Monday, from the book drop to the last trace."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from shoko_ils.circulation.models import LendingBlock, Loan, ReturnCase
from shoko_ils.circulation.services import Outcome, book_drop, cases, hold_back, lend, take_back, undo_return
from shoko_ils.core.models import CalendarException
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State, Transit, WalkIn
from shoko_ils.holds.services import changing, placing
from shoko_ils.holds.target import Target
from shoko_ils.notices import sending
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import StaffAccount
from tests.holding import ACTOR, copies, hold, lend_out, library, new, people, titles
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.usefixtures("empty_shelves")


def test_a_day_when_holds_collide() -> None:  # noqa: PLR0915  # one story
    today = timezone.localdate()
    branch, south, central = library("tsujido"), library("south"), library("central")
    yesterday = today - dt.timedelta(days=1)
    CalendarException.objects.create(
        library=branch, kind="closed", first_on=yesterday, last_on=yesterday, reason="works"
    )
    CalendarException.objects.create(library=branch, kind="open", first_on=today, last_on=today, reason="event")
    upper, title = titles(2, copies=3)
    first, second, third = copies(title.pk)
    Item.objects.filter(pk=third.pk).update(library=central, at_library=central)
    borrower, other_borrower, visitor, *waiting = people(8)
    due = branch.open_day_before(today)
    lend_out(first, borrower)
    lend_out(second, other_borrower)
    Loan.objects.filter(item=first, returned_on=None).update(due_on=due)
    Loan.objects.filter(item=second, returned_on=None).update(due_on=due)

    # made overnight
    h1 = hold(waiting[0], title.pk, "south")
    changing.suspend(ACTOR, h1.pk, today, today + dt.timedelta(days=7))
    wish = placing.Wish((Target(upper.pk), Target(title.pk)), central, Hold.Group.SEQUENCE)
    h2 = placing.place(ACTOR, waiting[1].pk, wish, new()).holds[1]
    h3 = hold(waiting[2], title.pk, "tsujido")
    LendingBlock.objects.create(patron=waiting[2], reason="address", began_on=today, made_by="demo")
    Patron.objects.filter(pk=waiting[3].pk).update(contact="email", email="sample@example.jp")
    h4 = hold(waiting[3], title.pk, "central")
    h5 = hold(waiting[4], title.pk, "south")

    def states() -> list[tuple[str, str]]:
        numbers = [h.pk for h in (h1, h2, h3, h4, h5)]
        return [(h.state, h.skipped) for h in Hold.objects.filter(pk__in=numbers).order_by("pk")]

    # from the book drop: no day late, and to H4 past three who keep their rank and have their reason
    terminal, secret = uuid.uuid4(), uuid.uuid4()
    result = take_back(ACTOR, first.barcode, branch, new(), terminal=terminal, secret=secret, late=book_drop(branch))
    assert result.outcome is Outcome.HOLD_TRANSIT
    assert Loan.objects.filter(item=first).latest("pk").returned_on == due
    transit = Transit.objects.get(item=first, ended_on=None)
    assert (transit.to_library, transit.slip_number) == (central, result.slip)
    assert states() == [
        ("queued", "suspended"), ("queued", "sequence"), ("queued", "blocked"), ("in-transit", ""), ("queued", ""),
    ]  # fmt: skip

    # the clerk sees that it is wet: undone, held back, and H4 is where it was, unaware of it all
    undone = undo_return(ACTOR, branch, new(), terminal=terminal, secret=secret)
    assert (undone.outcome, undone.slip) == (Outcome.UNDONE, result.slip)
    assert Loan.objects.get(item=first, returned_on=None).patron == borrower
    back = hold_back(ACTOR, first.barcode, branch, ReturnCase.Reason.WATER, new(), terminal=terminal)
    assert back.outcome is Outcome.HELD_BACK
    assert states()[3:] == [("queued", ""), ("queued", "")]
    assert not Notice.objects.exists()

    # the second copy at another branch, scanned twice: to H4, and once
    keys = [new(), new()]
    results = [take_back(ACTOR, second.barcode, south, key) for key in keys]
    assert {r.outcome for r in results} == {Outcome.HOLD_TRANSIT}
    assert [h.pk for h in Hold.objects.filter(item=second)] == [h4.pk]
    assert Transit.objects.filter(item=second, ended_on=None).count() == 1

    # the third from the shelf in the hands of a citizen
    asked = lend(ACTOR, visitor.pk, third.barcode, central, new())
    assert asked.outcome is Outcome.HOLDS_WAIT
    assert lend(ACTOR, visitor.pk, third.barcode, central, new(), walk_in=True).outcome is Outcome.LENT
    assert list(WalkIn.objects.values_list("reason", "waiting", "library")) == [("on-shelf", 1, central.pk)]

    # no compensation: the return is complete, and the copy is H5's
    officer = StaffAccount.objects.get(login_id="demo")
    case = ReturnCase.objects.get(loan__item=first, settled_on=None)
    cases.decide(ACTOR, officer, case.pk, ReturnCase.Decision.NOT_NEEDED)
    assert Hold.objects.get(item=first).pk == h5.pk
    for patron, item in ((borrower, first), (other_borrower, second)):
        assert not tables_that_pair(patron, item)

    # H4 is told and lends; nothing joins him and the title but the loan, and after the return nothing at all
    assert take_back(ACTOR, second.barcode, central, new()).outcome is Outcome.HOLD_SHELF
    assert Notice.objects.get().patron == waiting[3]
    assert lend(ACTOR, waiting[3].pk, second.barcode, central, new()).outcome is Outcome.LENT
    assert Hold.objects.get(pk=h4.pk).state == State.FULFILLED
    assert tables_that_name(waiting[3], title.pk, second) == ["ils.loan"]
    take_back(ACTOR, second.barcode, central, new())
    assert tables_that_name(waiting[3], title.pk, second) == []


def tables_that_name(patron: Patron, record: int, item: Item) -> list[str]:
    """Tables with a row of the patron that leads to the title: by item, by record, or by the number of a hold on it."""
    holds = {pk for (pk,) in Hold.objects.filter(record=record).values_list("pk")}
    found = tables_that_pair(patron, item)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT format('%I.%I', table_schema, table_name) FROM information_schema.columns"
            " WHERE column_name = 'patron_id' AND table_schema IN ('ils', 'private')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {table} WHERE patron_id = %s", [patron.pk])
            names = [column.name for column in cursor.description]
            for row in cursor.fetchall():
                values = dict(zip(names, row, strict=True))
                if values.get("record_id") == record or values.get("about") in holds:
                    found.append(table)
    return sorted(set(found))


def test_the_search_sees_an_active_hold_and_its_notice() -> None:
    (patron,) = people(1)
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    (record,) = titles(1)
    (item,) = copies(record.pk)
    waits = hold(patron, record.pk, item.library.key)
    take_back(ACTOR, item.barcode, item.library, new())
    assert tables_that_name(patron, record.pk, item) == ["ils.hold", "ils.notice"]
    lend(ACTOR, patron.pk, item.barcode, item.library, new())
    assert tables_that_name(patron, record.pk, item) == ["ils.loan"]
    assert Hold.objects.get(pk=waits.pk).patron_id is None
    assert sending.send_due()["sent"] == 0
