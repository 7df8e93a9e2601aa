"""How to be told of a hold, chosen with it (連絡方法): by web, at the counter, and what becomes of it."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import changing, ending, placing
from shoko_ils.holds.target import Target
from shoko_ils.notices.models import Notice
from shoko_ils.patrons import closing, declared
from shoko_ils.patrons.models import Card, Patron
from tests.conftest import MEROS, act_as
from tests.holding import ACTOR, copies, library, new, scan, state
from tests.members import my, put, role, said
from tests.members import place as place_basket
from tests.test_holds_screens import opened, placed
from tests.test_staff import read

pytestmark = pytest.mark.usefixtures("empty_shelves")
NUMBER = "000-0011-2222"


@pytest.fixture
def reader(patron: Patron, empty_shelves: None) -> Patron:
    """A patron who is told by mail, and whose number is on file."""
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp", phone=NUMBER)
    return Patron.objects.get(pk=patron.pk)


def wish(patron: Patron, contact: str) -> placing.Placed:
    return placing.place(ACTOR, patron.pk, placing.Wish((Target(MEROS),), library("central"), contact=contact), new())


def ways() -> list[str]:
    return list(Notice.objects.values_list("way", flat=True))


@pytest.mark.parametrize(("contact", "told"), [("", ["mail"]), ("email", ["mail"]), ("phone", ["phone"]), ("none", [])])
def test_the_notice_goes_by_the_way_of_the_hold(reader: Patron, contact: str, told: list[str]) -> None:
    (hold,) = wish(reader, contact).holds
    scan(copies(MEROS)[0], "central")
    assert ways() == told
    hold.refresh_from_db()
    # who wishes nothing is not waited for: the limit begins at once
    assert (hold.state, hold.pickup_by is None) == (State.ON_SHELF, bool(told))


@pytest.mark.parametrize(
    ("on_file", "contact"), [({"phone": ""}, "phone"), ({"contact": "none", "email": ""}, "email")]
)
def test_a_way_for_which_nothing_is_on_file_is_refused(reader: Patron, on_file: dict[str, str], contact: str) -> None:
    Patron.objects.filter(pk=reader.pk).update(**on_file)
    assert wish(reader, contact) == placing.Placed(placing.Placing.CONTACT_NOT_ON_FILE)
    assert not Hold.objects.exists()


def test_what_is_no_longer_on_file_is_told_as_everything_else(reader: Patron) -> None:
    wish(reader, "phone")
    Patron.objects.filter(pk=reader.pk).update(phone="")
    scan(copies(MEROS)[0], "central")
    assert ways() == ["mail"]


def test_the_choice_leaves_with_the_hold(reader: Patron) -> None:
    (hold,) = wish(reader, "phone").holds
    assert Hold.objects.get(pk=hold.pk).contact == "phone"
    assert ending.cancel(ACTOR, hold.pk)
    assert Hold.objects.get(pk=hold.pk).contact == ""
    for wrong in ("phone", "fax"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.filter(pk=hold.pk).update(contact=wrong)


def test_a_site_that_keeps_no_wish_keeps_none_here(reader: Patron, settings: Any) -> None:
    attributes = [each for each in declared.ATTRIBUTES if each != "contact"]
    settings.SITE = settings.SITE | {"patrons": {**settings.SITE["patrons"], "attributes": attributes}}
    Patron.objects.update(contact="none", email="")
    closing.close(declared.site())
    assert wish(reader, "phone").outcome is placing.Placing.CONTACT_NOT_ON_FILE
    (hold,) = wish(reader, "").holds
    with pytest.raises(IntegrityError, match="site_hold_contact"), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(contact="phone")


def test_at_the_counter(reader: Patron, card: Card, staff: Client) -> None:
    item = copies(MEROS)[0]
    fields = opened(staff, card)
    assert '<option value="phone">電話</option>' in read(staff, "/holds/place/")
    assert "予約を受け付けました" in placed(staff, fields, scan=item.barcode, contact="phone")
    scan(item, "central")
    act_as("ils_owner", "ils")
    Notice.objects.update(not_before=timezone.now())
    act_as("ils_staff", "ils")
    assert NUMBER in read(staff, "/holds/contact/")


def test_at_the_counter_without_a_number(reader: Patron, card: Card, staff: Client) -> None:
    act_as("ils_owner", "ils")
    Patron.objects.filter(pk=reader.pk).update(phone="")
    act_as("ils_staff", "ils")
    html = placed(staff, opened(staff, card), scan=copies(MEROS)[0].barcode, contact="phone")
    assert "この方法では連絡できません" in html
    assert not Hold.objects.exists()


@pytest.mark.usefixtures("patron", "desk")
def test_by_web(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp", phone="")
    put(member, MEROS)
    html = member.get("/my/basket/").content.decode()
    assert '<option value="">メール</option>' in html
    assert '<option value="phone">' in html
    assert '<option value="email">' not in html
    assert "電話番号が登録されていません" in place_basket(member, contact="phone", pickup="central")
    assert "予約を受け付けました" in place_basket(member, contact="none", pickup="central")
    with role("ils_owner"):
        assert state(Hold.objects.get(patron=patron)) is State.QUEUED
        scan(copies(MEROS)[0], "central")
        assert ways() == []


def test_it_is_changed_until_the_copy_is_on_the_shelf(reader: Patron) -> None:
    (hold,) = wish(reader, "").holds
    assert changing.change_contact(ACTOR, hold.pk, "phone")
    assert not changing.change_contact(ACTOR, hold.pk, "phone"), "it is so already"
    Patron.objects.filter(pk=reader.pk).update(contact="none", email="")
    assert not changing.change_contact(ACTOR, hold.pk, "email"), "nothing is on file"
    scan(copies(MEROS)[0], "central")
    assert ways() == ["phone"]
    assert not changing.change_contact(ACTOR, hold.pk, "none"), "the notice is under way"
    assert ending.cancel(ACTOR, hold.pk)
    assert not changing.change_contact(ACTOR, hold.pk, "none")


def test_it_is_changed_at_the_counter(reader: Patron, card: Card, staff: Client) -> None:
    act_as("ils_owner", "ils")
    (hold,) = wish(reader, "phone").holds
    act_as("ils_staff", "ils")
    fields = opened(staff, card)
    html = placed(staff, fields, hold=str(hold.pk), act="contact", contact="none")
    assert "変更しました" in html
    assert '<option value="none" selected>' in html
    assert Hold.objects.get(pk=hold.pk).contact == "none"
    placed(staff, fields, hold=str(hold.pk), act="contact", contact="")
    assert Hold.objects.get(pk=hold.pk).contact == ""
    assert Event.objects.filter(action="hold-contact").count() == 2


@pytest.mark.usefixtures("patron", "desk")
def test_it_is_changed_by_web(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp", phone="")
        (hold,) = wish(patron, "").holds
    assert '<option value="none">この予約だけ: ' in my(member)
    change: dict[str, object] = {"hold": hold.pk, "act": "contact"}
    assert said(member, "/my/holds/", change | {"contact": "none"}) == "changed"
    assert '<option value="none" selected>' in my(member)
    assert said(member, "/my/holds/", change | {"contact": "phone"}) == "not-changed"
    with role("ils_owner"):
        assert Hold.objects.get(pk=hold.pk).contact == "none"
