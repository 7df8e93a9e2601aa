"""The screens of the register, with the role of the staff service."""

import datetime as dt
import io
import re
from typing import Any

import pytest
import pyzipper
from django.test import Client

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import Loan
from shoko_ils.core import dates
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import (
    Card,
    Patron,
    PatronCategory,
    SubjectRequest,
)
from tests.conftest import act_as
from tests.holding import lend_out, new
from tests.registering import CITY, free_card
from tests.test_staff import SOMEBODY, every_page


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


def test_a_namesake_without_a_birth_date_is_shown_as_such(
    staff: Client, patron: Patron, category: PatronCategory
) -> None:
    Patron.objects.filter(pk=patron.pk).update(birth_date=None)
    form = FORM | {"category": category.pk, "name": patron.name, "card": free_card(), "key": str(new())}
    answer = staff.post("/patrons/new/", form)
    assert answer.status_code == 409
    assert f"{patron.name}</a> 生年月日: 未確認 {patron.address}" in answer.content.decode()
    assert staff.post("/patrons/new/", form | {"knows_duplicates": "on"}).status_code == 302


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


@pytest.mark.usefixtures("lent")
@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/overdue/{}/", {}),
        ("/overdue/{}/", {"means": "phone", "result": "nonsense"}),
        ("/overdue/{}/", {"act": "titles"}),
        ("/patrons/{}/change/", {}),
        ("/patrons/{}/card/", {"old": "{card}", "number": "{other}", "reason": "lost"}),
        ("/patrons/{}/guardian/", {"until": "2031-03-30", "reason": "deferred"}),
        ("/patrons/{}/erase/", {"reason": "moved", "key": "{key}"}),
        ("/patrons/{}/request/", {}),
        ("/patrons/{}/disclosure/", {}),
    ],
)
def test_a_form_that_is_refused_shows_the_person_and_is_a_view_too(
    staff: Client, patron: Patron, other_patron: Patron, card: Card, path: str, sent: dict[str, str]
) -> None:
    taken = Card.objects.filter(patron=other_patron)[0].number
    filled = {name: value.format(card=card.number, other=taken, key=new()) for name, value in sent.items()}
    answer = staff.post(path.format(patron.pseudonym), filled)
    assert answer.status_code in (200, 400, 409)
    assert patron.name in answer.content.decode()
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="view-patron", subject=patron.pseudonym).count() == 1


@pytest.mark.usefixtures("lent")
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_shows_a_person_without_an_event_that_says_whom(
    staff: Client, patron: Patron, card: Card, method: str
) -> None:
    """Every page of the service, also those of a person that are made later."""
    act_as("ils_owner", "ils")
    Patron.objects.filter(pk=patron.pk).update(name="唯一谷 花代", phone="000-0099-1357", address="架空市唯一町1番")
    act_as("ils_staff", "ils")
    shown = []
    for name, path in every_page():
        if name == "logout":
            continue
        at = path.replace(str(SOMEBODY), str(patron.pseudonym))
        before = told(patron)
        answer = staff.get(at) if method == "get" else staff.post(at, {"scan": card.number, "card": card.number})
        html = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if any(mark.encode() in html for mark in ("唯一谷", "000-0099-1357", "唯一町")):
            shown.append(name)
            assert told(patron) > before, (method, at)
    assert {"overdue-contact", "patron-change", "patron-card", "patron-erase"} <= set(shown)


def told(patron: Patron) -> int:
    """Events that name the patron."""
    act_as("ils_owner", "ils")
    count = Event.objects.filter(subject=patron.pseudonym).count()
    act_as("ils_staff", "ils")
    return count


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


def test_the_way_of_contact_is_a_way_and_no_field_of_the_form(staff: Client) -> None:
    html = page(staff, "/patrons/new/")
    for way, word in (("email", "メール"), ("phone", "電話"), ("none", "不要")):
        assert re.search(rf'<option value="{way}"( selected)?>{word}</option>', html), way


def test_a_return_that_is_being_checked_is_not_past_due(patron: Patron, item: Item, staff: Client) -> None:
    path = f"/patrons/{patron.pseudonym}/"
    late = '<div class="warn"><dt>返却期限を過ぎた資料</dt><dd>1</dd></div>'
    act_as("ils_owner", "ils")
    loan = lend_out(item, patron, due_in=-3)
    act_as("ils_staff", "ils")
    assert late in page(staff, path)
    act_as("ils_owner", "ils")
    Loan.objects.filter(pk=loan.pk).update(pending=True)
    act_as("ils_staff", "ils")
    html = page(staff, path)
    assert "<dt>返却期限を過ぎた資料</dt><dd>0</dd>" in html
    assert "次の返却期限日" not in html
