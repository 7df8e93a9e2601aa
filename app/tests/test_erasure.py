"""Erasure of a registration, and the list of the unused."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.services import lend
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import (
    Card,
    ErasureCertificate,
    Patron,
    SpentCardNumber,
    SubjectRequest,
)
from shoko_ils.patrons.services import cards, erasure, registration, rights
from shoko_ils.patrons.services.registration import Details
from shoko_ils.patrons.services.write import Refused
from shoko_ils.vault.models import EndedHold, Favourite, HistoryWish, ReadingNote
from tests.conftest import MEROS
from tests.holding import new
from tests.registering import DAY, free_card


def every_value(number: str) -> list[str]:
    """Tables in which a text stands anywhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
            " WHERE table_schema IN ('ils', 'private') AND table_type = 'BASE TABLE'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{number}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_erasure_leaves_nothing_but_the_spent_number(actor: Actor, central: Library, child: Details) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    cards.reissue(actor, kid.pk, free_card(), free_card(2), Card.Reason.LOST)
    rights.receive(actor, kid.pk, "disclosure", "licence", library=central, key=new())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO private.patron_password (patron_id, changed_on, salt, verifier)"
            " VALUES (%s, now(), repeat('0', 32), sha256('x'))",
            [kid.pk],
        )
    key = new()
    made = [erasure.erase(actor, kid.pk, "moved", central, key) for _ in range(2)]
    assert made[0] == made[1]
    for value in (child.name, child.name_reading, child.address, child.guardian_name, child.phone):
        assert every_value(value) == [], value
    assert every_value(str(kid.pseudonym)) == ["ils.audit_event"]
    assert every_value(free_card()) == ["ils.spent_card_number"]
    assert str(made[0]).startswith(f"{timezone.localdate().year}-")
    assert {"patron.name", "patron.guardian_name", "card.number"} <= set(made[0].erased)
    assert "patron.email" not in made[0].erased
    assert SubjectRequest.objects.get().patron is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM private.patron_password WHERE patron_id = %s", [kid.pk])
        assert cursor.fetchone() == (0,)
    other = Details(**{**child.__dict__, "name": "見本谷 別人"})
    with pytest.raises(Refused, match="card-taken"):
        registration.register(actor, other, central, free_card(), new())
    again = registration.register(actor, other, central, free_card(8), new())
    second = erasure.erase(actor, again.pk, "asked", central, new())
    assert second.serial == made[0].serial + 1


def test_what_staff_cannot_read_goes_with_the_patron(actor: Actor, central: Library, patron: Patron) -> None:
    """The database does it, and does not find at the commit that it cannot."""
    day = timezone.localdate()
    HistoryWish.objects.create(patron=patron, since=day)
    ReadingNote.objects.create(patron=patron, record_id=MEROS, lent_on=day)
    Favourite.objects.create(patron=patron, record_id=MEROS, kept_on=day)
    EndedHold.objects.create(patron=patron, record_id=MEROS, why="cancelled", ended_on=day)
    erasure.erase(actor, patron.pk, "asked", central, new())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for model in (HistoryWish, ReadingNote, Favourite, EndedHold):
        assert not model.objects.filter(patron_id=patron.pk).exists(), model


def test_the_certificate_holds_no_personal_data() -> None:
    assert {each.name for each in ErasureCertificate._meta.concrete_fields} == {
        *("id", "key", "year", "serial", "erased_on", "reason", "erased_by", "library", "erased"),
    }
    assert [each.name for each in SpentCardNumber._meta.concrete_fields] == ["number"]


def test_what_is_open_refuses_the_erasure(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    lend(actor, patron.pk, item.barcode, central, new())
    with pytest.raises(erasure.StillOpen) as refused:
        erasure.erase(actor, patron.pk, "asked", central, new())
    assert refused.value.matters == {"loan": 1}
    assert Patron.objects.filter(pk=patron.pk).exists()
    assert not ErasureCertificate.objects.exists()
    # and without the service's question, by the foreign key
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
        cursor.execute("DELETE FROM card WHERE patron_id = %s", [patron.pk])
        cursor.execute("DELETE FROM patron WHERE id = %s", [patron.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_list_of_the_unused(actor: Actor, central: Library, patron: Patron, item: Item) -> None:
    today = timezone.localdate()
    old = {"registered_on": dt.date(2015, 4, 1), "expires_on": dt.date(2018, 4, 1), "confirmed_on": None}
    Patron.objects.filter(pk=patron.pk).update(**old, used_in=today.year - 4)
    assert patron in erasure.unused(today)
    for kept in ({"used_in": today.year - 3}, {"confirmed_on": today - 700 * DAY}, {"expires_on": today}):
        Patron.objects.filter(pk=patron.pk).update(**{**old, "used_in": today.year - 4, **kept})
        assert patron not in erasure.unused(today), kept
    Patron.objects.filter(pk=patron.pk).update(**old, used_in=None)
    assert patron in erasure.unused(today)
    loan_rule = LoanRule.objects.all()[0]
    Loan.objects.create(
        item=item, patron=patron, library=central, rule=loan_rule, lent_on=today - 3000 * DAY,
        lent_at=timezone.now(), due_on=today,
    )  # fmt: skip
    assert patron not in erasure.unused(today)


def test_a_loan_leaves_its_year_with_the_patron(actor: Actor, patron: Patron, item: Item, central: Library) -> None:
    Patron.objects.filter(pk=patron.pk).update(used_in=2020)
    lend(actor, patron.pk, item.barcode, central, new())
    patron.refresh_from_db()
    assert patron.used_in == timezone.localdate().year
