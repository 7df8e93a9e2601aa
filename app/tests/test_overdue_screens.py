"""Overdue loans at the screen: the list, contacts, postcards."""

import re

import pytest
from django.test import Client

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import OverdueContact
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from tests.counter import as_owner, lend, make_late
from tests.holding import hold
from tests.test_staff import read

pytestmark = pytest.mark.django_db


def test_overdue_list_and_contact_show_no_title_until_asked(
    staff: Client, card: Card, item: Item, patron: Patron
) -> None:
    lend(staff, card, item)
    make_late(item, 200)
    html = read(staff, "/overdue/")
    assert patron.name in html
    assert "走れメロス" not in html
    assert "ご本人以外に書名を伝えないでください" in html
    page = f"/overdue/{patron.pseudonym}/"
    assert "走れメロス" not in read(staff, page)
    assert "走れメロス" in staff.post(page, {"act": "titles"}).content.decode()
    assert staff.post(page, {"means": "phone", "result": "family"}).status_code == 302
    assert OverdueContact.objects.get(patron=patron).result == "family"
    assert "家族に伝言" in read(staff, page)
    actions = as_owner(lambda: list(Event.objects.filter(subject=patron.pseudonym).values_list("action", flat=True)))
    assert {"list-patron", "view-patron", "show-titles-overdue", "overdue-contact"} <= set(actions)
    assert staff.post(page, {"means": "phone", "result": "says-returned"}).status_code == 302
    html = read(staff, "/overdue/")
    assert patron.name not in html
    assert item.barcode in html  # 書架確認, without a person


def test_postcards_have_no_title_and_are_sent_once(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    lend(staff, card, item)
    make_late(item, 20)
    staff.post("/overdue/postcards/")
    html = staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    assert f"{patron.name} 様" in html
    assert patron.address in html
    assert "走れメロス" not in html
    staff.post("/overdue/postcards/")
    assert patron.name in staff.post("/holds/postcards/", {"print": "1"}).content.decode()  # not sent yet
    staff.post("/holds/postcards/", {"notice": re.findall(r'name="notice" value="(\d+)"', html)})
    staff.post("/overdue/postcards/")
    assert patron.name not in staff.post("/holds/postcards/", {"print": "1"}).content.decode()
    assert [one.result for one in OverdueContact.objects.filter(patron=patron)] == ["sent"]


def test_the_overdue_list_shows_who_is_waited_for_and_goes_by_the_means_of_contact(
    staff: Client, card: Card, item: Item, patron: Patron, other_patron: Patron
) -> None:
    as_owner(lambda: Patron.objects.filter(pk=patron.pk).update(contact="phone", email=""))
    lend(staff, card, item)
    make_late(item, 200)

    def row(query: str) -> str:
        found = re.search(rf"<tr><td[^>]*><a[^>]*>{patron.name}</a>.*?</tr>", read(staff, f"/overdue/{query}"))
        return found.group() if found else ""

    assert "あり" not in row("")
    as_owner(lambda: hold(other_patron, item.record_id))
    assert "あり" in row("")
    assert row("?contact=phone")
    assert not row("?contact=email")
