"""My Library: favourites, reading history, how one wishes to be told."""

import uuid

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation.services import lend, take_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.mylibrary import orders, session
from shoko_ils.notices import sending
from shoko_ils.patrons.models import Patron
from shoko_ils.vault.models import Favourite, HistoryWish, ReadingNote
from tests.conftest import MEROS, act_as
from tests.members import PASSWORD, card_of, count, give_password, log_in, my, role, said
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.usefixtures("patron", "other_patron", "item", "desk")


def test_favourites_are_kept_where_staff_cannot_read(member: Client, patron: Patron) -> None:
    assert 'action="/my/favourites/"' in member.get(f"/records/{MEROS}/").content.decode()
    assert said(member, "/my/favourites/", {"record": MEROS}) == "kept"
    assert "走れメロス" in my(member)
    act_as("ils_staff", "ils, private")
    with pytest.raises(ProgrammingError), transaction.atomic():
        Favourite.objects.exists()
    act_as("ils_public", "ils, private")
    assert said(member, "/my/favourites/", {"record": MEROS, "drop": "1"}) == "dropped"
    assert "走れメロス" not in my(member)


def test_a_reading_history_is_kept_of_who_wishes_it_and_for_its_period(
    member: Client, patron: Patron, item: Item, central: Library, actor: Actor, settings: object
) -> None:
    assert member.get("/my/history/").status_code == 404, "the site has to offer it"
    settings.SITE = {**settings.SITE, "reading_history": True}  # type: ignore[attr-defined]
    with role("ils_staff"):
        lend(actor, patron.pk, item.barcode, central, uuid.uuid4())
        take_back(actor, item.barcode, central, uuid.uuid4())
    assert count("SELECT count(*) FROM private.reading_note") == 0, "off by default"
    assert said(member, "/my/history/", {"on": "1"}) == "history-on"
    with role("ils_staff"):
        lend(actor, patron.pk, item.barcode, central, uuid.uuid4())
        take_back(actor, item.barcode, central, uuid.uuid4())
    assert "走れメロス" in member.get("/my/history/").content.decode()
    with role("ils_owner"):
        assert not tables_that_pair(patron, item), "a title, never the item"
        call_command("tidy", verbosity=0)
        assert ReadingNote.objects.count() == 1
        ReadingNote.objects.update(lent_on="2020-01-01")
        call_command("tidy", verbosity=0)
        assert ReadingNote.objects.count() == 0, "its period has passed"


def test_who_wishes_no_reading_history_any_more_erases_all_of_it(
    member: Client, patron: Patron, other_patron: Patron, settings: object
) -> None:
    settings.SITE = {**settings.SITE, "reading_history": True}  # type: ignore[attr-defined]
    today = timezone.localdate()
    with role("ils_owner"):
        for each in (patron, other_patron):
            HistoryWish.objects.create(patron=each, since=today)
            ReadingNote.objects.create(patron=each, record_id=MEROS, lent_on=today)
    assert "走れメロス" in member.get("/my/history/").content.decode()
    assert said(member, "/my/history/", {"off": "1"}) == "history-off"
    assert "走れメロス" not in member.get("/my/history/").content.decode()
    with role("ils_owner"):
        for model in (HistoryWish, ReadingNote):
            assert list(model.objects.values_list("patron", flat=True)) == [other_patron.pk], "nobody else's"


def test_a_site_that_takes_the_history_back_erases_it(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        HistoryWish.objects.create(patron=patron, since=timezone.localdate())
        ReadingNote.objects.create(patron=patron, record_id=MEROS, lent_on=timezone.localdate())
        call_command("tidy", verbosity=0)
        assert not HistoryWish.objects.exists()
        assert not ReadingNote.objects.exists()


def wishes(client: Client, contact: str, email: str = "", password: str = PASSWORD) -> str:
    return said(client, "/my/contact/", {"contact": contact, "email": email, "password": password})


def contact_of(patron: Patron) -> tuple[str, str]:
    with role("ils_owner"):
        patron.refresh_from_db()
        return patron.contact, patron.email


def test_an_address_of_mail_is_kept_only_while_it_is_wished(member: Client, patron: Patron) -> None:
    assert wishes(member, "email", "a@example.jp") == "contact"
    assert "a@example.jp" in my(member)
    assert wishes(member, "email", "") == "contact-wrong"
    assert wishes(member, "none", "a@example.jp") == "contact"
    assert contact_of(patron) == ("none", "")


def test_the_address_that_proves_who_one_is_changes_only_with_the_password(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="old@example.jp", phone="0466-00-0000")
    thief = "thief@example.jp"
    for contact, email, password in (
        *(("email", thief, ""), ("email", thief, card_of(patron))),
        *(("none", "", "wrong"), ("phone", "", "wrong")),
    ):
        assert wishes(member, contact, email, password) == "contact-password"
    assert contact_of(patron) == ("email", "old@example.jp")
    assert wishes(member, "email", "old@example.jp", "") == "contact", "nothing changes: nothing is asked"
    assert wishes(member, "email", "new@example.jp") == "contact"
    assert contact_of(patron) == ("email", "new@example.jp")


def test_the_way_alone_is_changed_without_the_password(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="none", email="", phone="0466-00-0000")
    assert wishes(member, "phone", "", "") == "contact"
    assert contact_of(patron) == ("phone", "")


def test_wrong_passwords_pause_the_change_of_the_address(member: Client, patron: Patron) -> None:
    for _ in range(5):
        assert wishes(member, "email", "thief@example.jp", "wrong") == "contact-password"
    assert wishes(member, "email", "a@example.jp") == "contact-password", "right, but paused now"


def test_on_a_terminal_of_a_library_the_address_cannot_be_changed(
    public: Client, patron: Patron, settings: object
) -> None:
    give_password(patron)
    settings.SITE = {**django_settings.SITE, "kiosk_networks": ["127.0.0.0/8"]}  # type: ignore[attr-defined]
    assert log_in(public, card_of(patron))
    before = contact_of(patron)
    assert wishes(public, "email", "a@example.jp") == "contact-kiosk"
    assert contact_of(patron) == before


def test_a_public_process_orders_no_change_of_the_address_without_the_password(member: Client, patron: Patron) -> None:
    """Past the page: neither by an order of its own, nor by the order that changes the way alone."""
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="old@example.jp")
    token = member.cookies[session.COOKIE].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('shoko.session', %s, false)", [token])
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        orders.ask("address", patron.pk, contact="email", email="thief@example.jp")
    for contact, email in (("email", "thief@example.jp"), ("none", "")):
        assert orders.ask("contact", patron.pk, uuid.uuid4(), contact=contact, email=email) == {"done": False}
    assert contact_of(patron) == ("email", "old@example.jp")


def test_a_change_of_the_address_is_in_the_audit_and_told_to_the_old_one(
    member: Client, patron: Patron, settings: object
) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="old@example.jp")
        before = Event.objects.filter(action="change-contact").count()
    for address in ("new@example.jp", "newer@example.jp"):
        assert wishes(member, "email", address) == "contact"
    settings.MAIL_FROM = "library@example.jp"  # type: ignore[attr-defined]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    with role("ils_staff"):
        sending.send_due()
    told = [each for each in mail.outbox if "メールアドレスが変更" in each.subject]
    assert [each.to for each in told] == [["old@example.jp"], ["new@example.jp"]]
    assert not any("new" in each.body + each.subject or "old" in each.body + each.subject for each in told)
    with role("ils_owner"):
        events = Event.objects.filter(action="change-contact").order_by("id")[before:]
        assert [(each.actor, each.subject) for each in events] == [("my-library", patron.pseudonym)] * 2
    assert not count("SELECT count(*) FROM notice WHERE patron_id = %s OR address <> ''", patron.pk)
