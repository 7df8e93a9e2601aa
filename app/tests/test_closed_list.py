"""The closed list of personal fields: what the site does not list cannot be stored."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.services import lend
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons import closing, declared, school
from shoko_ils.patrons.models import (
    Card,
    GroupContact,
    Patron,
    PatronNote,
    SubjectRequest,
)
from shoko_ils.patrons.services import registration
from shoko_ils.patrons.services.registration import Details
from shoko_ils.patrons.services.write import Refused
from tests.holding import new
from tests.registering import CITY, free_card


def test_the_site_decides_what_can_be_stored(actor: Actor, central: Library, child: Details, settings: Any) -> None:
    """Under the city's list (S4) the database itself refuses a guardian; under the ward's (S0) it takes one."""
    Patron.objects.update(guardian_name="", primary_until=None)
    settings.SITE = settings.SITE | {"patrons": CITY}
    call_command("sync_site", verbosity=0)
    with pytest.raises(Refused, match="not-declared guardian_name"):
        registration.register(actor, child, central, free_card(), new())
    born = child.birth_date
    with pytest.raises(IntegrityError, match="site_patron_guardian_name"), transaction.atomic():
        Patron.objects.filter(pk=1).update(
            birth_date=born, primary_until=school.primary_until(born), guardian_name="見本 親"
        )
    with pytest.raises(IntegrityError, match="site_patron_note_code"), transaction.atomic():
        PatronNote.objects.create(patron_id=1, code="works-at-the-mill", noted_on=timezone.localdate())
    PatronNote.objects.create(patron_id=1, code="mail-returned", noted_on=timezone.localdate())
    kid = registration.register(actor, Details(**{**child.__dict__, "guardian_name": ""}), central, free_card(), new())
    assert kid.primary_until is None
    settings.SITE = {key: value for key, value in settings.SITE.items() if key != "patrons"}
    PatronNote.objects.all().delete()
    call_command("sync_site", verbosity=0)
    assert registration.change(actor, kid.pk, child).guardian_name == child.guardian_name


@pytest.mark.parametrize("dropped", sorted(set(declared.COLUMNS.values()) - {"guardian"}))
def test_every_item_can_be_left_out(settings: Any, db: None, dropped: str) -> None:
    """Whatever the site does not list is refused by the database in every column under it."""
    columns = [column for column, under in declared.COLUMNS.items() if under == dropped]
    empty: dict[str, Any] = {name: None if name in closing.EMPTY else "" for name in columns}
    if dropped == "email":
        empty["contact"] = "none"
    Patron.objects.update(guardian_name="", primary_until=None)
    Patron.objects.update(**empty)
    full = declared.read({})
    closing.close(declared.read({
        "items": [each for each in declared.ITEMS if each != dropped],
        "attributes": [each for each in declared.ATTRIBUTES if each != dropped],
    }))  # fmt: skip
    values = {"birth_date": dt.date(2000, 1, 1), "confirmed_on": dt.date(2026, 1, 1), "used_in": 2026,
              "postal_code": "1234567", "email": "a@example.jp"}  # fmt: skip
    for column in columns:
        more = {"contact": "email"} if column == "email" else {}
        with pytest.raises(IntegrityError), transaction.atomic():
            Patron.objects.filter(pk=1).update(**{column: values.get(column, "見本")}, **more)
    assert closing.close(full) > 0
    assert closing.close(full) == 0


def test_lending_works_where_the_year_of_the_last_loan_is_not_kept(
    actor: Actor, patron: Patron, item: Item, central: Library
) -> None:
    Patron.objects.update(used_in=None)
    attributes = [each for each in declared.ATTRIBUTES if each != "used_in"]
    closing.close(declared.read({"attributes": attributes}))
    lend(actor, patron.pk, item.barcode, central, new())
    patron.refresh_from_db()
    assert (patron.used_in, patron.loans.count()) == (None, 1)


def test_tightening_is_refused_while_rows_hold_the_value(settings: Any, db: None) -> None:
    settings.SITE = settings.SITE | {"patrons": {**CITY, "items": [i for i in CITY["items"] if i != "phone"]}}
    with pytest.raises(CommandError, match=r"^500 rows of patron still hold phone, .*erase them or list it"):
        call_command("sync_site", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'site_patron_phone'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"items": ["number", "name", "loans", "adress"]}, "unknown adress"),
        ({"items": ["number", "name"]}, "lacks loans: .* nothing can be lent"),
        ({"items": ["number", "name", "loans", "question"]}, "listed together"),
        ({"items": ["address"]}, "lacks name, number"),
        ({"attributes": ["remarks"]}, "unknown remarks"),
        ({"fields": []}, "unknown fields"),
        ({"validity_years": 0}, "validity_years is not a positive number"),
    ],
)
def test_a_wrong_declaration_is_refused(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        declared.read(raw)


def test_there_is_no_free_text_about_a_person() -> None:
    """Every text column of the register is an item, a code, or a number that the declaration knows."""
    texts = {
        f"{model._meta.db_table}.{each.name}"
        for model in (Patron, Card, GroupContact, PatronNote, SubjectRequest)
        for each in model._meta.concrete_fields
        if each.get_internal_type() in ("CharField", "TextField", "EmailField") and not each.choices
    }
    assert texts == {
        *(f"patron.{name}" for name in ("name", "name_reading", "reading_key", "postal_code", "address", "phone")),
        *("patron.email", "patron.guardian_name", "card.number", "card.patron_kind", "group_contact.name"),
        *("group_contact.phone", "subject_request.received_by", "subject_request.decided_by"),
    }
