"""My Library: that a hold has ended and why, for a short while, of nobody who has the title by then."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.circulation.services import Outcome, lend, take_back
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import ending
from shoko_ils.mylibrary import shown
from shoko_ils.patrons.models import Patron
from shoko_ils.vault.models import EndedHold
from tests import holding
from tests.conftest import MEROS, act_as
from tests.members import my, put, role, said
from tests.members import place as place_from_basket
from tests.privacy import Marks, rows, tables

pytestmark = pytest.mark.usefixtures("patron", "other_patron", "item", "desk", "empty_shelves")
TODAY = timezone.localdate
DAY = dt.timedelta(days=1)


def kept() -> list[tuple[int, str]]:
    with role("ils_owner"):
        return list(EndedHold.objects.order_by("pk").values_list("patron", "why"))


def ready(patron: Patron, item: Item) -> Hold:
    with role("ils_owner"):
        made = holding.hold(patron, MEROS)
        holding.scan(item, "central")
    return made


def not_picked_up(hold: Hold) -> None:
    with role("ils_owner"):
        Hold.objects.filter(pk=hold.pk).update(state=State.NOTIFIED, pickup_by=TODAY() - DAY)
        assert ending.expire(TODAY()) == 1


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("not-picked-up", "取置期限までに受け取られませんでした"),
        ("not-needed", "不要期限を過ぎました"),
        ("cancelled", "図書館が取り消しました"),
        ("unobtainable", "資料を提供できなくなりました"),
    ],
)
def test_a_citizen_reads_that_a_hold_ended_and_why(
    member: Client, patron: Patron, item: Item, why: str, text: str
) -> None:
    assert "終わった予約" not in my(member)
    if why == "not-picked-up":
        not_picked_up(ready(patron, item))
    elif why == "not-needed":
        with role("ils_owner"):
            holding.hold(patron, MEROS, not_needed_after=TODAY() - DAY)
            assert ending.expire(TODAY()) == 1
    else:
        with role("ils_owner"):
            waits = holding.hold(patron, MEROS)
        with role("ils_staff"):
            assert ending.cancel(holding.ACTOR, waits.pk, ending.Why(why))
    html = my(member)
    assert "終わった予約 1件" in html
    assert text in html
    assert "走れメロス" in html
    assert "予約 (0)" in html
    assert kept() == [(patron.pk, why)]
    assert said(member, "/my/holds/ended/", {"record": MEROS}) == "read"
    assert "走れメロス" not in my(member)
    assert kept() == []


def test_of_what_the_patron_did_or_got_nothing_is_told(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        own = holding.hold(patron, MEROS)
    assert said(member, "/my/holds/", {"hold": own.pk, "act": "cancel"}) == "changed"
    with role("ils_owner"):
        at_the_counter = holding.hold(patron, MEROS)
        ending.cancel(holding.ACTOR, at_the_counter.pk)
        other = holding.titles(1)[0]
    put(member, MEROS, other.pk)
    place_from_basket(member, group_kind="either")
    with role("ils_owner"):
        assert lend(
            holding.ACTOR, patron.pk, item.barcode, item.library, holding.new(), walk_in=True
        ).outcome is Outcome.LENT  # fmt: skip
        assert not Hold.objects.filter(patron=patron).exists(), "the other of the two has ended too"
    assert kept() == []
    assert "終わった予約" not in my(member)


def test_of_any_one_that_was_not_picked_up_the_others_are_told_too(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        other = holding.titles(1)[0]
        one, _ = holding.place(patron, MEROS, other.pk, kind="either").holds
        holding.scan(item, "central")
    not_picked_up(one)
    assert [why for _, why in kept()] == ["not-picked-up"] * 2


def test_of_who_has_no_password_nothing_is_kept(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    not_picked_up(ready(other_patron, item))
    assert kept() == []
    not_picked_up(ready(patron, item))
    assert kept() == [(patron.pk, "not-picked-up")]


def test_it_is_shown_for_fourteen_days_and_then_removed(member: Client, patron: Patron, item: Item) -> None:
    not_picked_up(ready(patron, item))
    for days, seen in ((14, True), (15, False)):
        with role("ils_owner"):
            EndedHold.objects.update(ended_on=TODAY() - days * DAY)
        assert ("終わった予約" in my(member)) is seen
        with role("ils_owner"):
            call_command("tidy", verbosity=0)
        assert bool(kept()) is seen
    assert dt.timedelta(days=14) == shown.ENDED_SHOWN


def test_a_later_end_of_the_same_title_replaces_the_earlier(member: Client, patron: Patron, item: Item) -> None:
    not_picked_up(ready(patron, item))
    with role("ils_owner"):
        again = holding.hold(patron, MEROS)
        ending.cancel(holding.ACTOR, again.pk, ending.Why.UNOBTAINABLE)
    assert kept() == [(patron.pk, "unobtainable")]


def test_after_a_loan_and_its_return_nothing_joins_the_patron_to_the_title(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    """Neither of the item nor of its title, in any table of the database."""
    not_picked_up(ready(patron, item))
    with role("ils_owner"):
        holding.scan(item, "central")  # taken off the hold shelf
        marks = Marks(patron, item)
    assert paired(marks) == ["private.ended_hold"]
    with role("ils_staff"):
        assert lend(holding.ACTOR, patron.pk, item.barcode, item.library, holding.new()).outcome is Outcome.LENT
        take_back(holding.ACTOR, item.barcode, item.library, holding.new())
    assert paired(marks) == []


def paired(marks: Marks) -> list[str]:
    """Tables with a row that names the patron and the title, or a copy of it."""
    with role("ils_owner"):
        return [
            table
            for table in tables()
            for _, row in rows(table, "t::text LIKE ANY (%s)", [f"%{marks.patron.pk}%"])
            if marks.names_patron(row) and marks.names_title(row)
        ]


def test_staff_cannot_read_it_and_the_database_knows_the_reasons(member: Client, patron: Patron, item: Item) -> None:
    not_picked_up(ready(patron, item))
    act_as("ils_staff", "ils, private")
    with pytest.raises(ProgrammingError), transaction.atomic():
        EndedHold.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ils.hold_ended(%s, %s, '', 'no reason', %s)", [patron.pk, MEROS, TODAY()])
    act_as("ils_public", "ils, private")
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ils.hold_ended(%s, %s, '', 'cancelled', %s)", [patron.pk, MEROS, TODAY()])
