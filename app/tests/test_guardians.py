"""The last day as a pupil, and the guardian until then."""

import datetime as dt
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import lend
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons import school
from shoko_ils.patrons.models import (
    Patron,
)
from shoko_ils.patrons.services import erasure, registration
from shoko_ils.patrons.services.registration import Details
from shoko_ils.patrons.services.write import Refused
from tests.cluster import SERVER, _binaries
from tests.holding import new
from tests.registering import DAY, free_card


@pytest.mark.parametrize(
    ("born", "until"),
    [
        ("2014-04-01", "2026-03-31"),
        ("2014-04-02", "2027-03-31"),
        ("2015-04-01", "2027-03-31"),
        ("2016-02-29", "2028-03-31"),
        ("2014-12-31", "2027-03-31"),
        ("2015-01-01", "2027-03-31"),
    ],
)
def test_the_last_day_as_a_primary_school_pupil(born: str, until: str) -> None:
    assert school.primary_until(dt.date.fromisoformat(born)) == dt.date.fromisoformat(until)


@pytest.mark.django_db
@given(st.dates(dt.date(1900, 1, 1), dt.date(2060, 12, 31)))
def test_the_database_counts_as_we_do(born: dt.date) -> None:
    with transaction.atomic():
        Patron.objects.filter(pk=1).update(birth_date=born, primary_until=school.primary_until(born))
        for off in (-1, 1):
            with pytest.raises(IntegrityError), transaction.atomic():
                Patron.objects.filter(pk=1).update(primary_until=school.primary_until(born) + off * DAY)


def test_a_guardian_is_kept_until_the_last_day_and_not_longer(
    actor: Actor, central: Library, child: Details, django_capture_on_commit_callbacks: Any
) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    assert (kid.guardian_name, kid.primary_until) == (child.guardian_name, school.primary_until(child.birth_date))
    assert erasure.erase_guardians(kid.primary_until) == 0
    assert erasure.erase_guardians(kid.primary_until + DAY) == 1
    kid.refresh_from_db()
    assert (kid.guardian_name, kid.primary_until) == ("", None)
    assert erasure.erase_guardians(kid.primary_until or timezone.localdate()) == 0


@pytest.mark.parametrize("why", ["overdue", "pending"])
def test_the_guardian_of_a_child_who_owes_something_is_kept_until_it_is_settled(
    actor: Actor, central: Library, child: Details, item: Item, why: str
) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    lend(actor, kid.pk, item.barcode, central, new())
    after = kid.primary_until + DAY
    if why == "overdue":
        Loan.objects.filter(patron=kid).update(due_on=after - DAY)
    else:
        Loan.objects.filter(patron=kid).update(due_on=after + DAY, pending=True)
    assert erasure.erase_guardians(after) == 0
    Loan.objects.filter(patron=kid).update(patron=None, lent_at=None, pending=False, returned_on=after, due_on=after)
    assert erasure.erase_guardians(after) == 1


def test_an_open_loan_that_is_not_overdue_keeps_no_guardian(
    actor: Actor, central: Library, child: Details, item: Item
) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    lend(actor, kid.pk, item.barcode, central, new())
    Loan.objects.filter(patron=kid).update(due_on=kid.primary_until + DAY)
    assert erasure.erase_guardians(kid.primary_until + DAY) == 1


def test_a_dated_decision_prolongs_the_guardian(actor: Actor, central: Library, child: Details) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    later = kid.primary_until.replace(year=kid.primary_until.year + 1)
    for wrong, code in ((later - DAY, "not-a-year-end"), (kid.primary_until, "not-later")):
        with pytest.raises(Refused, match=code):
            registration.prolong_guardian(actor, kid.pk, wrong, Patron.PrimaryReason.REPEATED)
    registration.prolong_guardian(actor, kid.pk, later, Patron.PrimaryReason.REPEATED)
    assert erasure.erase_guardians(kid.primary_until + DAY) == 0
    # a change of the address leaves the decision alone
    moved = Details(**{**child.__dict__, "address": "架空市見本町1丁目1番"})
    assert registration.change(actor, kid.pk, moved).primary_until == later
    back = registration.prolong_guardian(actor, kid.pk, later, "")
    assert (back.primary_until, back.primary_reason) == (kid.primary_until, "")
    assert Event.objects.filter(action="prolong-guardian", subject=kid.pseudonym).count() == 2


def test_an_adult_has_no_guardian(actor: Actor, central: Library, details: Details) -> None:
    adult = Details(**{**details.__dict__, "guardian_name": "見本谷 親"})
    made = registration.register(actor, adult, central, free_card(), new())
    assert (made.guardian_name, made.primary_until) == ("", None)


def test_a_dump_of_31_march_is_restored_on_1_april(tmp_path: Path, django_db_setup: None) -> None:
    """A child whose last day as a pupil is over is restored as it was; the nightly job then erases the guardian."""
    name, copy = connection.settings_dict["NAME"], f"restored_{uuid.uuid4().hex[:8]}"
    over = school.primary_until(dt.date(2013, 5, 5))
    assert over < timezone.localdate()
    at, quiet = ["-h", str(SERVER.socket), "-U", "postgres"], ["-q", "-v", "ON_ERROR_STOP=1"]

    def dump(database: str) -> Path:
        file = tmp_path / f"{database}.sql"
        subprocess.run([_binaries() / "pg_dump", *at, "-f", file, database], check=True)
        return file

    def restore(file: Path) -> None:
        with SERVER.connect() as server:
            server.execute(f"DROP DATABASE IF EXISTS {copy}")
            server.execute(f"CREATE DATABASE {copy}")
        command = [_binaries() / "psql", *at, *quiet, "-d", copy, "-f", file]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    try:
        restore(dump(name))
        with SERVER.connect(copy) as written:
            written.execute(
                "UPDATE ils.patron SET birth_date = '2013-05-05', primary_until = %s, guardian_name = '見本 親'"
                " WHERE id = 1",
                [over],
            )
        restore(dump(copy))
        with SERVER.connect(copy) as restored:
            row = restored.execute("SELECT guardian_name, primary_until FROM ils.patron WHERE id = 1").fetchone()
            assert row == ("見本 親", over)
            held = restored.execute(
                "SELECT convalidated FROM pg_constraint WHERE conname = 'patron_primary_until_by_law'"
            ).fetchone()
            assert held == (True,)
    finally:
        with SERVER.connect() as server:
            server.execute(f"DROP DATABASE IF EXISTS {copy}")
