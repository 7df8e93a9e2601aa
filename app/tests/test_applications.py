"""Provisional registrations: what a citizen sends in, and what the counter makes of it."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client

from shoko_ils.core.models import Library
from shoko_ils.mylibrary.models import ProvisionalRegistration
from shoko_ils.patrons import closing, declared
from shoko_ils.patrons.models import Patron
from tests.conftest import act_as
from tests.holding import new
from tests.members import role
from tests.registering import free_card

APPLICATION = {
    "name": "見本 花子", "name_reading": "ミホン ハナコ", "birth_date": "1990-05-05", "postal_code": "２５１－００５４",
    "address": "見本市朝日町1-1", "phone": "0466-00-0000", "contact": "phone", "email": "x@example.jp",
    "guardian_name": "見本 太郎", "library": "south",
}  # fmt: skip


def test_an_application_is_written_and_read_by_nobody_without_its_number(public: Client) -> None:
    page = public.get("/registration/").content.decode()
    assert page.index("30日以内に窓口で本人確認をしない場合、消去します") < page.index("<form method")
    html = public.post("/registration/", APPLICATION).content.decode()
    receipt = re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", html)
    assert receipt
    with role("ils_owner"):
        made = ProvisionalRegistration.objects.get(receipt=receipt.group().replace("-", ""))
        assert (made.postal_code, made.email, made.guardian_name) == ("2510054", "", ""), "nothing that is not needed"
        ProvisionalRegistration.objects.update(erase_after="2026-01-01")
        call_command("tidy", verbosity=0)
        assert not ProvisionalRegistration.objects.exists()


@pytest.mark.parametrize("typed", ["1990-05-05", "平成2年5月5日", "Ｈ２．５．５", "4020505"])
def test_a_birth_date_is_typed_as_on_the_paper_form(public: Client, typed: str) -> None:
    assert "例: 1990-04-05" in public.get("/registration/").content.decode()
    public.post("/registration/", {**APPLICATION, "birth_date": typed})
    with role("ils_owner"):
        assert ProvisionalRegistration.objects.get().birth_date == dt.date(1990, 5, 5)


def test_an_application_asks_and_stores_what_the_site_lists(public: Client, settings: Any) -> None:
    listed = {"items": ["number", "name", "loans", "address"], "attributes": []}
    settings.SITE = {**settings.SITE, "patrons": listed}
    page = public.get("/registration/").content.decode()
    assert set(re.findall(r'name="(\w+)"', page)) & set(APPLICATION) == {"name", "address", "library"}
    assert re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", public.post("/registration/", APPLICATION).content.decode())
    with role("ils_owner"):
        made = ProvisionalRegistration.objects.get()
        assert (made.name, made.address) == ("見本 花子", "見本市朝日町1-1")
        assert (made.name_reading, made.birth_date, made.postal_code, made.phone) == ("", None, "", "")
        assert (made.contact, made.email, made.guardian_name) == ("none", "", "")


def test_the_database_itself_refuses_in_an_application_what_the_site_does_not_list(
    db: None, central: Library, settings: Any
) -> None:
    without = {"attributes": [name for name in declared.ATTRIBUTES if name != "postal_code"]}
    settings.SITE = {**settings.SITE, "patrons": without}
    Patron.objects.update(postal_code="")
    closing.close(declared.site())
    with pytest.raises(IntegrityError, match="site_provisional_registration_postal_code"), transaction.atomic():
        ProvisionalRegistration.objects.create(
            receipt="ABCD2345", name="見本 花子", postal_code="2510054", contact="none", library=central,
            applied_on="2026-11-01", erase_after="2030-01-01",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("postal_code", "251", "郵便番号は7桁の数字です"),
        ("birth_date", "2190-01-01", "生年月日をご確認ください"),
        ("birth_date", "H40.1.1", "日付として読めません"),
        ("phone", "", "電話番号を入力してください"),
    ],
)
def test_an_error_stands_beside_its_field(public: Client, field: str, value: str, why: str) -> None:
    html = public.post("/registration/", {**APPLICATION, field: value}).content.decode()
    assert re.search(rf'id="e-{field}">{why}', html)


def applied(central: Library) -> ProvisionalRegistration:
    """An application, made as the owner; afterwards the role of staff."""
    act_as("ils_owner", "ils, private")
    fields = {k: v for k, v in APPLICATION.items() if k not in ("library", "email", "postal_code", "guardian_name")}
    made = ProvisionalRegistration.objects.create(
        receipt="ABCD2345", library=central, postal_code="2510054", applied_on="2026-11-01", erase_after="2030-01-01",
        **fields,
    )  # fmt: skip
    act_as("ils_staff", "ils")
    return made


def test_the_counter_sees_one_application_by_its_number(staff: Client, central: Library) -> None:
    applied(central)
    assert "見本 花子" not in staff.get("/provisional/").content.decode()
    assert "この受付番号の申請はありません" in staff.post("/provisional/", {"receipt": "見本 花子"}).content.decode()
    assert "見本 花子" in staff.post("/provisional/", {"receipt": "abcd-2345"}).content.decode()
    staff.post("/provisional/", {"receipt": "ABCD2345", "erase": "1"})
    assert not ProvisionalRegistration.objects.exists()


def test_an_application_becomes_a_registration_and_is_erased_by_it(staff: Client, central: Library) -> None:
    applied(central)
    html = staff.post("/provisional/register/", {"receipt": "abcd-2345", "take": "1"}).content.decode()
    form = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', html))
    form |= {name: value for value, name in re.findall(r'<input[^>]* value="([^"]*)"[^>]* name="(\w+)"', html)}
    assert form["name"] == "見本 花子"
    assert form["address"] == "見本市朝日町1-1"
    form |= {"category": re.search(r'<option value="(\d+)"', html)[1], "contact": "phone"}  # type: ignore[index]
    wrong = staff.post("/provisional/register/", form | {"card": "12345"})
    assert wrong.status_code == 409
    assert ProvisionalRegistration.objects.exists(), "what is refused erases nothing"
    assert 'name="receipt" value="ABCD2345"' in wrong.content.decode()
    form |= {"card": free_card()}
    made = staff.post("/provisional/register/", form)
    assert made.status_code == 302, made.content.decode()
    assert not ProvisionalRegistration.objects.exists()
    patron = Patron.objects.get(name="見本 花子")
    assert (patron.postal_code, patron.birth_date) == ("2510054", dt.date(1990, 5, 5))
    assert staff.post("/provisional/register/", form)["Location"] == made["Location"], "the same form again"
    other = staff.post(
        "/provisional/register/", form | {"key": str(new()), "card": free_card(2), "knows_duplicates": "on"}
    )
    assert other.status_code == 409, "an application becomes one registration"
    assert "ほかの窓口で本登録された" in other.content.decode()
    assert Patron.objects.filter(name="見本 花子").count() == 1
