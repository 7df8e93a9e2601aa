"""The undo of a return: for whom, until when, and what it gives back."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation import counts, undo
from shoko_ils.circulation.models import Loan, OverdueContact, ReturnCase
from shoko_ils.circulation.services import (
    Outcome,
    hold_back,
    lend,
    take_back,
    undo_return,
)
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holdings.services import acting, withdrawn
from shoko_ils.holds import scans
from shoko_ils.patrons.models import Patron
from tests.conftest import act_as
from tests.holding import make_late, new, open_loan
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
DAY = dt.timedelta(days=1)


def test_the_last_return_is_undone_for_whoever_had_it(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    terminal, secret = new(), new()
    south = Library.objects.get(key="south")
    take_back(actor, item.barcode, south, new(), terminal=terminal, secret=secret)
    assert undo_return(actor, south, new(), terminal=terminal, secret=secret).outcome is Outcome.UNDONE
    again = open_loan(item)
    item.refresh_from_db()
    assert (again.pk, again.patron, again.lent_at) == (lent.pk, patron, lent.lent_at)
    assert item.at_library == central
    assert undo_return(actor, south, new(), terminal=terminal, secret=secret).outcome is Outcome.NOTHING_TO_UNDO
    assert [(c.act, c.count) for c in counts.of_day(TODAY())] == [("lend", 1)]


def test_an_undo_gives_back_the_contacts_and_the_pause_that_the_return_ended(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    make_late(lent, 20)
    pause = TODAY() + DAY * 5
    Loan.objects.filter(pk=lent.pk).update(no_notice_until=pause)
    made = {"stage": 1, "means": "phone", "result": "says-returned", "contacted_on": TODAY(), "contacted_by": "demo"}
    OverdueContact.objects.create(patron=patron, **made)
    terminal, secret = new(), new()
    act_as("ils_staff", "ils")
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
    assert not OverdueContact.objects.filter(patron=patron).exists()
    act_as("ils_owner", "ils")
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(besides), encode(besides, 'escape') FROM private.undo_token")
        ((length, sealed),) = cursor.fetchall()
    assert length == 1024
    assert "says-returned" not in sealed
    act_as("ils_staff", "ils")
    assert undo_return(actor, central, new(), terminal=terminal, secret=secret).outcome is Outcome.UNDONE
    assert OverdueContact.objects.filter(patron=patron).values(*made).get() == made
    assert open_loan(item).no_notice_until == pause


def test_a_repeated_undo_gives_the_same_answer(actor: Actor, item: Item, central: Library, lent: Loan) -> None:
    terminal, secret, key = new(), new(), new()
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
    for _ in range(2):
        assert undo_return(actor, central, key, terminal=terminal, secret=secret).outcome is Outcome.UNDONE


def test_the_next_scan_at_the_terminal_ends_the_undo(
    actor: Actor, other_patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    terminal, secret = new(), new()

    def is_over() -> bool:
        return undo_return(actor, central, new(), terminal=terminal, secret=secret).outcome is Outcome.NOTHING_TO_UNDO

    for scan in (
        lambda: take_back(actor, "9999999999", central, new(), terminal=terminal),
        lambda: lend(actor, other_patron.pk, "9999999999", central, new(), terminal=terminal),
        lambda: hold_back(actor, "9999999999", central, ReturnCase.Reason.WATER, new(), terminal=terminal),
        lambda: scans.scan_in(actor, "9999999999", central, new(), terminal=terminal),
        lambda: scans.not_on_shelf(actor, "9999999999", new(), terminal=terminal),
        lambda: scans.lost_on_the_way(actor, "9999999999", new(), terminal=terminal),
    ):
        take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
        assert tokens() == 1
        scan()
        assert tokens() == 0
        assert is_over()
        lend(actor, other_patron.pk, item.barcode, central, new())


def tokens() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM private.undo_token")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "case", ["lapsed", "another secret", "another terminal", "lent again", "withdrawn", "patron gone"]
)
def test_what_can_no_longer_be_undone(
    actor: Actor, patron: Patron, other_patron: Patron, item: Item, central: Library, lent: Loan, case: str
) -> None:
    terminal, secret = new(), new()
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
    with connection.cursor() as cursor:
        if case == "lapsed":
            cursor.execute("UPDATE private.undo_token SET expires_at = clock_timestamp() - interval '1 second'")
        if case == "patron gone":
            patron.cards.all().delete()
            patron.delete()
    if case == "another secret":
        secret = new()
    if case == "another terminal":
        terminal = new()
    if case == "lent again":
        lend(actor, other_patron.pk, item.barcode, central, new())
    if case == "withdrawn":
        acting.carry_out(withdrawn(actor, central, [item.barcode], Item.Withdrawal.WORN), new())
    assert undo_return(actor, central, new(), terminal=terminal, secret=secret).outcome is Outcome.NOTHING_TO_UNDO
    assert [loan.patron for loan in Loan.objects.filter(item=item, returned_on__isnull=True)] == (
        [other_patron] if case == "lent again" else []
    )


def test_a_lapsed_token_goes_with_any_scan_and_at_night(actor: Actor, item: Item, central: Library, lent: Loan) -> None:
    def return_and_lapse() -> None:
        take_back(actor, item.barcode, central, new(), terminal=new(), secret=new())
        with connection.cursor() as cursor:
            cursor.execute("UPDATE private.undo_token SET expires_at = clock_timestamp() - interval '1 second'")

    return_and_lapse()
    take_back(actor, "9999999999", central, new(), terminal=new())
    assert tokens() == 0
    lend(actor, Patron.objects.filter(expires_on__gt="2029-01-01")[1].pk, item.barcode, central, new())
    return_and_lapse()
    assert tokens() == 1
    call_command("tidy", verbosity=0)
    assert tokens() == 0


def test_until_the_next_scan_the_sealed_token_is_the_only_trace_and_nobody_can_read_it(
    actor: Actor, patron: Patron, item: Item, central: Library, lent: Loan
) -> None:
    """The stated exception: one row of one unlogged table, which without the secret of the page names nobody."""
    terminal, secret = new(), new()
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
    assert not tables_that_pair(patron, item)
    with connection.cursor() as cursor:
        cursor.execute("SELECT loan_id, sealed, proof FROM private.undo_token")
        ((loan_id, sealed, proof),) = cursor.fetchall()
        cursor.execute("SELECT relpersistence FROM pg_class WHERE oid = 'private.undo_token'::regclass")
        assert cursor.fetchone() == ("u",)
    assert loan_id == lent.pk
    assert sealed != patron.pk
    assert secret.bytes not in bytes(proof)
    take_back(actor, "9999999999", central, new(), terminal=terminal)
    assert tokens() == 0


def test_the_staff_role_can_call_the_undo_and_read_nothing_of_it(
    actor: Actor, item: Item, central: Library, lent: Loan
) -> None:
    act_as("ils_staff", "ils")
    terminal, secret = new(), new()
    take_back(actor, item.barcode, central, new(), terminal=terminal, secret=secret)
    assert undo_return(actor, central, new(), terminal=terminal, secret=secret).outcome is Outcome.UNDONE
    act_as("ils_public", "ils")
    with pytest.raises(Exception, match="permission denied for function undo_return"):
        undo.take(terminal, secret)
