"""The register of patrons: what the site lists, registration, cards, groups, guardians, erasure, disclosure."""

import datetime as dt
import io
import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.services import lend
from shoko_ils.core import dates
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.patrons import closing, declared, disclosure, find, obstacles, school
from shoko_ils.patrons.models import (
    Card,
    ErasureCertificate,
    GroupContact,
    Patron,
    PatronCategory,
    PatronNote,
    SpentCardNumber,
    SubjectRequest,
)
from shoko_ils.patrons.services import cards, erasure, registration, rights
from shoko_ils.patrons.services.registration import Details
from shoko_ils.patrons.services.write import Refused, years_later
from tests.cluster import SERVER, _binaries
from tests.conftest import act_as
from tests.holding import new

DAY = dt.timedelta(days=1)
# S4:L199-217 has no guardian; what the city stores beside it
CITY = {
    "items": [
        "number",
        "name",
        "birth_date",
        "address",
        "phone",
        "email",
        "loans",
        "password",
        "questioner_class",
        "question",
    ],
    "attributes": ["reading", "postal_code", "contact", "confirmed_on", "used_in", "notes", "group_contact"],
    "notes": [{"key": "mail-returned", "ja": "郵便物返戻", "en": "Mail came back"}],
}


def free_card(serial: int = 1) -> str:
    return with_check_digit(f"27{serial:05d}")


@pytest.fixture
def category(db: None) -> PatronCategory:
    return PatronCategory.objects.order_by("pk")[0]


@pytest.fixture
def details(category: PatronCategory) -> Details:
    return Details(
        category_id=category.pk,
        name="見本谷 花子",
        name_reading="ミホンダニ ハナコ",
        birth_date=dt.date(1990, 4, 5),
        postal_code="0000000",
        address="架空市見本町99丁目9番",
        phone="000-0077-4321",
        contact="phone",
    )


@pytest.fixture
def child(details: Details) -> Details:
    birth = timezone.localdate().replace(month=6, day=1) - 8 * 365 * DAY
    return Details(**{**details.__dict__, "name": "見本谷 小太郎", "birth_date": birth, "guardian_name": "見本谷 花子"})


# --- dates of every era ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1970-01-02", dt.date(1970, 1, 2)),
        ("1970/1/2", dt.date(1970, 1, 2)),
        ("19700102", dt.date(1970, 1, 2)),
        ("1970年1月2日", dt.date(1970, 1, 2)),
        ("S45.1.2", dt.date(1970, 1, 2)),
        ("s45/01/02", dt.date(1970, 1, 2)),
        ("Ｓ４５．１．２", dt.date(1970, 1, 2)),
        ("3450102", dt.date(1970, 1, 2)),
        ("昭和45年1月2日", dt.date(1970, 1, 2)),
        ("昭和 45 年 1 月 2 日", dt.date(1970, 1, 2)),
        ("令和元年5月1日", dt.date(2019, 5, 1)),
        ("R1.5.1", dt.date(2019, 5, 1)),
        ("H31.4.30", dt.date(2019, 4, 30)),
        ("S64.1.7", dt.date(1989, 1, 7)),
        ("H1.1.8", dt.date(1989, 1, 8)),
        ("T1.7.30", dt.date(1912, 7, 30)),
        ("M45.7.30", dt.date(1912, 7, 30)),
        ("S1.12.25", dt.date(1926, 12, 25)),
        ("T15.12.25", dt.date(1926, 12, 25)),
        ("R6.2.29", dt.date(2024, 2, 29)),
    ],
)
def test_a_date_is_read_as_it_is_written(text: str, day: dt.date) -> None:
    assert dates.parse(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "S64.1.8",
        "H31.5.1",
        "R1.4.30",
        "S0.1.1",
        "1970-2-30",
        "R5.2.29",
        "3640108",
        "6010101",
        "T15.12.26",
        "45",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(dates.NotADate):
        dates.parse(text)


@given(st.dates(dt.date(1868, 1, 25), dt.date(2100, 12, 31)))
def test_every_day_survives_the_way_through_its_era(day: dt.date) -> None:
    assert dates.parse(dates.by_era(day)) == day == dates.parse(day.isoformat())


# --- the last day as a pupil ------------------------------------------------------------------------------------


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


# --- the closed list ---------------------------------------------------------------------------------------------


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


# --- registration, cards, finding ---------------------------------------------------------------------------------


def test_a_registration_sent_twice_is_one(actor: Actor, central: Library, details: Details) -> None:
    key = new()
    made = [registration.register(actor, details, central, free_card(), key) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].expires_on == years_later(timezone.localdate(), 3)
    assert Event.objects.filter(action="register-patron", subject=made[0].pseudonym).count() == 1


def test_possible_duplicates_are_shown_first(actor: Actor, central: Library, details: Details) -> None:
    first = registration.register(actor, details, central, free_card(), new())
    spelled_otherwise = Details(**{**details.__dict__, "name": "見本渓 花子"})
    with pytest.raises(registration.Duplicates) as found:
        registration.register(actor, spelled_otherwise, central, free_card(2), new())
    assert found.value.patrons == [first]
    other_day = Details(**{**details.__dict__, "birth_date": dt.date(1990, 4, 6)})
    assert registration.register(actor, other_day, central, free_card(3), new()) != first
    assert registration.register(actor, details, central, free_card(4), new(), knows_duplicates=True) != first


def test_a_renewal_counts_from_today(actor: Actor, patron: Patron) -> None:
    Patron.objects.filter(pk=patron.pk).update(expires_on=patron.registered_on)
    for _ in range(2):
        registration.renew(actor, patron.pk)
    patron.refresh_from_db()
    assert patron.expires_on == years_later(timezone.localdate(), 3)
    assert patron.confirmed_on == timezone.localdate()
    assert Event.objects.filter(action="renew-patron").count() == 1
    assert years_later(dt.date(2024, 2, 29), 3) == dt.date(2027, 2, 28)


def test_a_card_is_given_once(actor: Actor, patron: Patron, card: Card, other_patron: Patron) -> None:
    for number, code in ((card.number, "card-taken"), ("12345678", "card-unreadable"), ("1", "card-unreadable")):
        with pytest.raises(Refused, match=code):
            cards.reissue(actor, patron.pk, card.number, number, Card.Reason.LOST)
    made = [cards.reissue(actor, patron.pk, card.number, free_card(), Card.Reason.LOST) for _ in range(2)]
    assert made[0] == made[1]
    assert find.by_card(card.number).ended_reason == Card.Reason.LOST
    with pytest.raises(Refused, match="card-taken"):
        cards.reissue(actor, other_patron.pk, other_patron.cards.get().number, card.number, Card.Reason.LOST)
    with pytest.raises(Refused, match="card-not-valid"):
        cards.reissue(actor, patron.pk, card.number, free_card(5), Card.Reason.LOST)
    with pytest.raises(Refused, match="card-one-only"):
        cards.add(actor, patron.pk, free_card(6))
    cards.end(actor, patron.pk, free_card(), Card.Reason.HANDED_IN)
    assert cards.add(actor, patron.pk, free_card(6)).ended_on is None


def test_a_group_has_several_cards_and_somebody_to_call(
    actor: Actor, central: Library, category: PatronCategory
) -> None:
    details = Details(
        category_id=category.pk, kind="group", name="見本小学校", name_reading="ミホンショウガッコウ",
        contact_name="架空 先生", contact_phone="000-0000-0001",
    )  # fmt: skip
    group = registration.register(actor, details, central, free_card(), new())
    for serial in (2, 3):
        cards.add(actor, group.pk, free_card(serial))
    assert [card.slot for card in group.cards.order_by("slot")] == [1, 2, 3]
    cards.reissue(actor, group.pk, free_card(2), free_card(4), Card.Reason.DAMAGED)
    assert Card.objects.get(number=free_card(4)).slot == 2
    assert group.group_contact.name == "架空 先生"
    registration.change(actor, group.pk, Details(**{**details.__dict__, "contact_name": "", "contact_phone": ""}))
    assert not GroupContact.objects.filter(patron=group).exists()
    with pytest.raises(registration.Duplicates):
        registration.register(actor, details, central, free_card(7), new())


def test_the_database_knows_persons_and_groups_apart(patron: Patron) -> None:
    def refused(statement: str, *values: object) -> None:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
            cursor.execute(statement, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    card = "INSERT INTO card (number, patron_id, patron_kind, slot, issued_on) VALUES (%s, %s, %s, %s, now())"
    refused(card, free_card(), patron.pk, "person", 2)
    refused(card, free_card(), patron.pk, "group", 2)
    refused("INSERT INTO group_contact (patron_id, name, phone) VALUES (%s, 'x', '')", patron.pk)
    refused("UPDATE patron SET kind = 'group', birth_date = NULL WHERE id = %s", patron.pk)
    refused("UPDATE patron SET kind = 'club' WHERE id = %s", patron.pk)


def test_two_criteria_are_needed(db: None, patron: Patron, card: Card) -> None:
    phone_end = patron.phone[-4:]
    assert find.search(find.Criteria(text=f"A{card.number}A")) == [patron]
    for criteria in (
        find.Criteria(text=patron.name_reading, birth_date=patron.birth_date),
        find.Criteria(text=patron.name_reading, phone_end=phone_end),
        find.Criteria(birth_date=patron.birth_date, phone_end=phone_end),
    ):
        assert patron in find.search(criteria)
    for few in (
        find.Criteria(),
        find.Criteria(text=patron.name_reading),
        find.Criteria(birth_date=patron.birth_date),
        find.Criteria(phone_end=phone_end),
        find.Criteria(text="み", phone_end=phone_end),
    ):
        with pytest.raises(find.TooFew):
            find.search(few)
    Patron.objects.filter(reading_key__startswith="ミホン", kind="person", primary_until=None).update(
        birth_date=patron.birth_date
    )
    with pytest.raises(find.TooMany):
        find.search(find.Criteria(text="みほん", birth_date=patron.birth_date))


# --- erasure -----------------------------------------------------------------------------------------------------


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


# --- disclosure and the register of requests ---------------------------------------------------------------------


def test_a_disclosure_holds_everything_and_opens_with_the_passphrase_alone(
    actor: Actor, central: Library, child: Details, item: Item
) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    lend(actor, kid.pk, item.barcode, central, new())
    made = disclosure.archive(kid, "correct horse 馬")
    assert "走れメロス".encode() not in made
    with pyzipper.AESZipFile(io.BytesIO(made)) as archive:
        with pytest.raises(RuntimeError):
            archive.read("disclosure.json", pwd=b"wrong password")
        machine = json.loads(archive.read("disclosure.json", pwd="correct horse 馬".encode()))
        page = archive.read("disclosure.html", pwd="correct horse 馬".encode()).decode()
        assert all(each.wz_aes_strength == 3 for each in archive.infolist())
    row = machine["tables"]["patron"][0]
    assert (row["name"], row["guardian_name"]) == (child.name, child.guardian_name)
    assert machine["tables"]["card"][0]["number"] == free_card()
    assert machine["tables"]["loan"][0]["title"] == "走れメロス"
    assert [each["action"] for each in machine["tables"]["audit_event"]] == ["register-patron"]
    assert "demo" not in page
    for value in (child.name, child.address, "走れメロス"):
        assert value in page
    with pytest.raises(ValueError, match="short"):
        disclosure.archive(kid, "short")


def test_no_table_that_names_a_patron_is_forgotten_in_a_disclosure(db: None, patron: Patron) -> None:
    """By the database's own foreign keys: every referencing table is read, or declared unreadable for staff."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'f' AND k.confrelid = 'ils.patron'::regclass"
        )
        referencing = {row[0] for row in cursor.fetchall()}
    known = {relation.related_model._meta.db_table for relation in obstacles.relations()}
    assert referencing - set(disclosure.UNREADABLE) <= known
    assert set(disclosure.UNREADABLE) <= referencing


def test_deadlines(actor: Actor, central: Library, patron: Patron, settings: Any) -> None:
    today = timezone.localdate()
    first = rights.receive(actor, patron.pk, "disclosure", "licence", library=central, key=new())
    assert first.due_on == today + 30 * DAY
    rights.extend(actor, first.pk, "difficult")
    rights.extend(actor, first.pk, "difficult")
    first.refresh_from_db()
    assert first.due_on == today + 60 * DAY
    with pytest.raises(Refused, match="extended-before"):
        rights.extend(actor, first.pk, "third-party")
    rights.decide(actor, first.pk, "granted")
    with pytest.raises(Refused, match="request-closed"):
        rights.decide(actor, first.pk, "refused")
    # an ordinance may ask for less (個人情報保護法108条)
    settings.SITE = settings.SITE | {"patrons": {"disclosure_days": 15}}
    assert rights.receive(actor, patron.pk, "cease", "agent", library=central, key=new()).due_on == today + 15 * DAY


# --- the screens, with the role of the staff service --------------------------------------------------------------


def page(client: Client, path: str, **sent: Any) -> str:
    answer = client.post(path, sent) if sent else client.get(path)
    assert answer.status_code < 500
    return answer.content.decode()


FORM = {
    "category": 1, "name": "見本谷 花子", "name_reading": "みほんだに はなこ", "birth_date": "H2.4.5",
    "postal_code": "〒000-0000", "address": "架空市見本町9丁目9番", "phone": "０００-0000-4321", "contact": "phone",
    "email": "", "guardian_name": "",
}  # fmt: skip


def test_the_life_of_a_registration_on_the_screens(staff: Client, category: PatronCategory) -> None:
    form = FORM | {"category": category.pk, "card": f"A{free_card()}A", "key": str(new())}
    answer = staff.post("/patrons/new/", form)
    assert answer.status_code == 302, answer.content.decode()
    path = answer["Location"]
    html = page(staff, path)
    for shown in ("ミホンダニ ハナコ", "〒000-0000", "000-0000-4321", free_card(), "1990年4月5日"):
        assert shown in html
    again = staff.post("/patrons/new/", form | {"key": str(new()), "card": free_card(2)})
    assert again.status_code == 409
    assert "同じ氏名・生年月日の登録が1件あります" in again.content.decode()
    assert staff.post(f"{path}change/", FORM | {"category": category.pk, "address": "新しい町"}).status_code == 302
    assert "新しい町" in page(staff, path)
    assert staff.post(f"{path}renew/").status_code == 302
    assert staff.post(f"{path}card/", {"old": free_card(), "number": free_card(3), "reason": "lost"}).status_code == 302
    html = page(staff, path)
    assert free_card(3) in html
    assert "紛失" in html
    key = str(new())
    answer = staff.post(f"{path}erase/", {"reason": "moved", "key": key})
    assert answer.status_code == 302
    certificate = page(staff, answer["Location"])
    assert "消去証明書" in certificate
    assert "見本谷" not in certificate
    assert staff.get(path).status_code == 404
    assert staff.post(f"{path}erase/", {"reason": "moved", "key": key}).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"birth_date": "S64.1.8"}, "日付として読めません"),
        ({"birth_date": "2100-01-01"}, "生年月日として正しくありません"),
        ({"postal_code": "123"}, "郵便番号は7桁の数字です"),
        ({"phone": "call me"}, "電話番号は9桁から11桁の数字です"),
        ({"name_reading": "花子"}, "フリガナはかなで"),
        ({"contact": "email"}, "メールアドレスを入力するか"),
        ({"email": "sample@example.jp"}, "連絡を希望する方のものだけ"),
        ({"guardian_name": "見本 親"}, "小学生以下の方だけ"),
    ],
)
def test_a_mistake_is_said_beside_the_field(
    staff: Client, category: PatronCategory, wrong: dict[str, str], says: str
) -> None:
    form = FORM | {"category": category.pk, "card": free_card(), "key": str(new())} | wrong
    answer = staff.post("/patrons/new/", form)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not Card.objects.filter(number=free_card()).exists()


def test_screens_follow_the_list_of_the_site(staff: Client, patron: Patron, settings: Any) -> None:
    assert "guardian_name" in page(staff, "/patrons/new/")
    settings.SITE = settings.SITE | {"patrons": CITY}
    html = page(staff, "/patrons/new/")
    assert "guardian_name" not in html
    assert "郵便物返戻" in html
    assert "contact_name" in page(staff, "/patrons/new/?kind=group")


def test_finding_is_recorded_and_needs_two_criteria(staff: Client, card: Card, patron: Patron) -> None:
    def look(**sent: str) -> str:
        return page(staff, "/patrons/", **{"text": "", **sent})

    assert patron.name in look(text=card.number)
    assert card.number not in look(text=card.number).replace(f'value="{card.number}"', "")
    assert "2つの条件が必要です" in look(text=patron.name_reading)
    assert patron.name in look(text=patron.name_reading, birth_date=dates.by_era(patron.birth_date))
    assert "該当する利用者がいません" in look(text="ほげほげ", phone_end="0001")
    assert patron.address in page(staff, f"/patrons/{patron.pseudonym}/")
    act_as("ils_owner", "ils")
    seen = Event.objects.filter(subject=patron.pseudonym).order_by("id")
    assert list(seen.values_list("action", "screen", "actor", "library")) == [
        *[("list-patron", "patrons", "demo", "central")] * 3,
        ("view-patron", "patron", "demo", "central"),
    ]


@pytest.mark.parametrize("name", ["", "change/", "card/", "guardian/", "erase/", "request/", "disclosure/"])
def test_every_page_of_a_person_is_a_view_in_the_audit(staff: Client, patron: Patron, name: str) -> None:
    assert staff.get(f"/patrons/{patron.pseudonym}/{name}").status_code == 200
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="view-patron", subject=patron.pseudonym).count() == 1


def test_a_request_is_disclosed_under_its_number(staff: Client, patron: Patron) -> None:
    path = f"/patrons/{patron.pseudonym}/disclosure/"
    secret = {"passphrase": "correct horse battery", "again": "correct horse battery"}
    assert staff.post(path, secret).status_code == 409
    asked = {"kind": "disclosure", "identity": "passport", "key": str(new())}
    assert staff.post(f"/patrons/{patron.pseudonym}/request/", asked).status_code == 302
    register = page(staff, "/patrons/requests/")
    assert patron.name not in register
    assert "2回の入力が一致しません" in page(staff, path, passphrase="correct horse battery", again="other")
    answer = staff.post(path, secret)
    assert answer["Content-Type"] == "application/zip"
    with pyzipper.AESZipFile(io.BytesIO(answer.content)) as archive:
        assert patron.name in archive.read("disclosure.html", pwd=b"correct horse battery").decode()
    pk = SubjectRequest.objects.get().pk
    assert staff.post("/patrons/requests/", {"request": pk, "decision": "granted"}).status_code == 302
    assert staff.post(path, secret).status_code == 409
    act_as("ils_owner", "ils")
    actions = Event.objects.filter(subject=patron.pseudonym).values_list("action", flat=True)
    assert {"receive-disclosure", "disclose-patron", "decide-request"} <= set(actions)


def test_work_lists(staff: Client, patron: Patron) -> None:
    act_as("ils_owner", "ils")
    Patron.objects.filter(pk=patron.pk).update(
        registered_on=dt.date(2015, 4, 1), expires_on=dt.date(2018, 4, 1), used_in=2016
    )
    other = Patron.objects.exclude(pk=patron.pk).filter(expires_on__gt="2029-01-01")[0]
    Patron.objects.filter(pk=other.pk).update(birth_date=None)
    act_as("ils_staff", "ils")
    assert patron.name in page(staff, "/patrons/lists/")
    assert other.name in page(staff, "/patrons/lists/?list=unconfirmed")
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="list-patron", subject=patron.pseudonym).exists()
