"""Enquiries from authorities: their register, which names nobody, and the sheet of what is not kept."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.core.models import Library
from shoko_ils.enquiries import kept, services
from shoko_ils.enquiries.models import Enquiry
from shoko_ils.enquiries.services import Answer, Asked
from shoko_ils.holds import housekeeping as holds
from shoko_ils.mylibrary import housekeeping as my_library
from shoko_ils.patrons import obstacles
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.patrons.services.write import Refused
from shoko_ils.staff.models import Level
from tests.conftest import act_as, log_in, make_account
from tests.holding import new
from tests.test_staff import Counter, read

DAY = dt.date(2026, 11, 20)
PAPER = Asked("investigation", "架空警察署", "架捜発第123号", ("former-loans", "borrower"), DAY)
DECLINED = Answer("declined", "director", DAY + dt.timedelta(days=3))


@pytest.fixture
def chief(central: Library, request: Any) -> Client:
    """Somebody of level 1 at the central library."""
    make_account(Level.MANAGER, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level1", central)
    return client


def entered(actor: Actor, library: Library, **differently: Any) -> Enquiry:
    return services.receive(actor, library, Asked(**{**PAPER.__dict__, **differently}), new())


def acts() -> list[str]:
    return list(Event.objects.filter(screen="enquiries").order_by("id").values_list("action", flat=True))


def test_an_enquiry_is_entered_once_answered_once_and_corrected_by_another(actor: Actor, central: Library) -> None:
    key = new()
    made = [services.receive(actor, central, PAPER, key) for _ in range(2)]
    assert made[0].pk == made[1].pk
    for _ in range(2):
        services.answer(actor, made[0].pk, DECLINED)
    with pytest.raises(Refused, match="closed"):
        services.answer(actor, made[0].pk, Answer("not-kept", "chief", DAY))
    anew = services.receive(actor, central, Asked(**{**PAPER.__dict__, "document": "架捜発第124号"}), new(), made[0].pk)
    made[0].refresh_from_db()
    assert (made[0].corrected_by, made[0].outcome, anew.outcome) == (anew, "declined", "")
    with pytest.raises(Refused, match="corrected"):
        services.receive(actor, central, PAPER, new(), made[0].pk)
    with pytest.raises(Refused, match="gone"):
        services.answer(actor, 10**9, DECLINED)
    assert acts() == ["receive-enquiry", "answer-enquiry", "correct-enquiry"]


def test_an_entry_that_was_corrected_before_its_answer_gets_none(actor: Actor, central: Library) -> None:
    wrong = entered(actor, central)
    services.receive(actor, central, PAPER, new(), wrong.pk)
    with pytest.raises(Refused, match="closed"):
        services.answer(actor, wrong.pk, DECLINED)


def test_nothing_is_given_without_a_warrant(actor: Actor, central: Library) -> None:
    given = Answer("given", "director", DAY)
    without, with_one = entered(actor, central), entered(actor, central, kind="warrant")
    with pytest.raises(Refused, match="no-warrant"):
        services.answer(actor, without.pk, given)
    with pytest.raises(Refused, match="before"):
        services.answer(actor, with_one.pk, Answer("given", "director", DAY - dt.timedelta(days=1)))
    services.answer(actor, with_one.pk, given)
    with pytest.raises(IntegrityError, match="enquiry_given_under_warrant"), transaction.atomic():
        Enquiry.objects.filter(pk=without.pk).update(
            outcome="given", decided_by="director", answered_on=DAY, answered_by="demo"
        )


def test_what_was_given_without_a_warrant_is_told_as_a_breach(actor: Actor, central: Library, chief: Client) -> None:
    breach = Answer("breach", "director", DAY)
    act_as("ils_owner", "ils")
    without, with_one = entered(actor, central), entered(actor, central, kind="warrant")
    with pytest.raises(Refused, match=r"^warrant"):
        services.answer(actor, with_one.pk, breach)
    with pytest.raises(IntegrityError, match="enquiry_breach_without_warrant"), transaction.atomic():
        Enquiry.objects.filter(pk=with_one.pk).update(
            outcome="breach", decided_by="director", answered_on=DAY, answered_by="demo"
        )
    act_as("ils_staff", "ils")
    assert '<option value="breach">' in read(chief, "/patrons/enquiries/")
    services.answer(actor, without.pk, breach)
    html = read(chief, "/patrons/enquiries/")
    assert '<strong class="kind-stop">違反: 提供した（令状なし）</strong>' in html
    assert '<option value="breach">' not in html


@pytest.mark.parametrize(
    "office",
    [
        *("架空地方検察庁見本支部", "架空地方裁判所見本支部", "見本福祉事務所", "架空年金事務所"),
        *("架空厚生局麻薬取締部", "架空検察審査会", "架空県", "架空市", "見本区"),
        *("架空市福祉課", "架空県警察本部", "第三管区海上保安部"),
    ],
)
def test_who_may_ask(actor: Actor, central: Library, office: str) -> None:
    assert entered(actor, central, office=office).office == office


def test_an_old_enquiry_without_an_answer_stays_in_sight(actor: Actor, central: Library, chief: Client) -> None:
    act_as("ils_owner", "ils")
    old = entered(actor, central, received_on=DAY - dt.timedelta(days=400))
    Enquiry.objects.bulk_create(
        Enquiry(
            key=new(), kind="bar", office="架空弁護士会", document=f"第{n}号", asked=["holds"], received_on=DAY,
            received_by="demo", library=central, outcome="declined", decided_by="director", answered_on=DAY,
            answered_by="demo",
        )
        for n in range(101)
    )  # fmt: skip
    act_as("ils_staff", "ils")
    html, second = (read(chief, f"/patrons/enquiries/?page={n}") for n in (1, 2))
    for page in (html, second):
        assert f'aria-label="回答 {old}"' in page
        assert f'保存<span class="visually-hidden"> {old}</span>' in page
    assert ("第100号" in html, "第0号" in html) == (True, False)
    assert ("第100号" in second, "第0号" in second) == (False, True)
    # who received it and where, and who answered
    assert f"{central}<br>demo" in html


@pytest.mark.parametrize(
    "differently",
    [
        *({"office": each} for each in ("", "見本谷花子", "架空警察署 見本谷花子", "見本谷花子(架空警察署)")),
        *({"document": each} for each in ("", "見本谷花子", "第1号 見本谷花子")),
        *({"about": each} for each in ((), ("見本谷花子",))),
        {"kind": "fax"},
    ],
)
def test_the_database_knows_the_codes_and_no_name_of_a_person(
    actor: Actor, central: Library, differently: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError):
        entered(actor, central, **differently)


def test_a_visit_without_a_document_is_an_enquiry_too(actor: Actor, central: Library) -> None:
    assert entered(actor, central, kind="other", document="").document == ""


def test_no_column_leads_to_a_person(db: None) -> None:
    fields = Enquiry._meta.get_fields()
    assert not [field.name for field in fields if field.related_model is Patron]
    assert not [field.name for field in fields if field.get_internal_type() == "TextField"]


def test_an_answered_entry_is_changed_by_nothing_and_none_is_deleted(actor: Actor, central: Library) -> None:
    made = entered(actor, central)
    services.answer(actor, made.pk, DECLINED)
    with pytest.raises(IntegrityError, match="changed by nothing"), transaction.atomic():
        Enquiry.objects.filter(pk=made.pk).update(outcome="not-kept")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('ils_staff', 'ils.official_enquiry', 'DELETE'),"
            " array_agg(column_name::text ORDER BY column_name) FROM information_schema.column_privileges"
            " WHERE grantee = 'ils_staff' AND table_name = 'official_enquiry' AND privilege_type = 'UPDATE'"
        )
        assert cursor.fetchone() == (False, ["answered_by", "answered_on", "decided_by", "outcome"])


def test_the_register_on_screen(chief: Client) -> None:
    form = {
        "key": str(new()), "received_on": "R8.11.20", "kind": "investigation", "office": "架空 警察署",
        "document": "架捜発第１２３号", "asked": ["former-loans", "borrower"],
    }  # fmt: skip
    assert chief.post("/patrons/enquiries/", form).status_code == 302
    assert chief.post("/patrons/enquiries/", form).status_code == 302
    made = Enquiry.objects.get()
    assert (made.office, made.document, made.received_on) == ("架空警察署", "架捜発第123号", DAY)
    html = chief.get("/patrons/enquiries/").content.decode()
    assert "特定の人の過去の貸出" in html
    assert '<option value="given">' not in html
    assert '<option value="breach">' in html
    answer = {"enquiry": made.pk, "outcome": "declined", "decided_by": "director", "answered_on": "2026-11-23"}
    assert chief.post("/patrons/enquiries/", {**answer, "answered_on": "2126-11-23"}).status_code == 409
    assert chief.post("/patrons/enquiries/", {**answer, "outcome": "given"}).status_code == 409
    assert chief.post("/patrons/enquiries/", answer).status_code == 302
    assert "中央図書館長" in chief.get("/patrons/enquiries/").content.decode()
    begun = chief.get(f"/patrons/enquiries/?correct={made.pk}").content.decode()
    assert f'name="corrects" value="{made.pk}"' in begun
    assert "架捜発第123号" in begun
    anew = {**form, "key": str(new()), "corrects": made.pk, "document": "架捜発第124号"}
    assert chief.post("/patrons/enquiries/", anew).status_code == 302
    assert chief.post("/patrons/enquiries/", {**anew, "key": str(new())}).status_code == 409
    made.refresh_from_db()
    assert f"{made.corrected_by}で訂正" in chief.get("/patrons/enquiries/").content.decode()
    act_as("ils_owner", "ils")
    seen = acts()
    assert [seen.count(each) for each in ("receive-enquiry", "answer-enquiry", "correct-enquiry")] == [1, 1, 1]
    # every page that showed the register, also one that refused
    assert seen.count("read-enquiries") == 7
    assert not Event.objects.filter(screen="enquiries", subject__isnull=False).exists()


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("office", "見本谷花子", "個人の氏名は入力できません"),
        ("document", "なし", "数字が必要です"),
        ("document", "", "文書番号を入力してください"),
        ("received_on", "2126-01-01", "まだ来ていない日です"),
    ],
)
def test_what_the_form_refuses(chief: Client, field: str, given: str, said: str) -> None:
    form = {
        "key": str(new()), "received_on": "2026-11-20", "kind": "bar", "office": "架空弁護士会", "document": "第1号",
        "asked": ["holds"], field: given,
    }  # fmt: skip
    answer = chief.post("/patrons/enquiries/", form)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Enquiry.objects.exists()


def test_the_sheet_has_the_periods_that_the_code_uses(chief: Client, settings: Any) -> None:
    sheet = chief.get("/patrons/enquiries/not-kept/").content.decode()
    for said in ("3分間", "残りも31日後", "回答の90日後", "30日間", "14日後", "3年間利用がない"):
        assert said in sheet, said
    assert "データベースが受け付けません" not in sheet
    assert "この図書館では保存しません" in sheet
    english = chief.get("/en/patrons/enquiries/not-kept/").content.decode()
    assert "What remains is removed 31 days later." in english
    # the city's list has no guardian; a history is kept of who wishes it
    listed = settings.SITE["patrons"]["items"]
    settings.SITE = settings.SITE | {
        "patrons": {"items": [each for each in listed if each != "guardian"], "unused_years": 5},
        "reading_history": True,
        "reading_history_months": 7,
    }
    sheet = chief.get("/patrons/enquiries/not-kept/").content.decode()
    for said in ("保護者", "データベースが受け付けません", "5年間利用がない", "7か月間"):
        assert said in sheet, said
    # the ward's has no My Library
    settings.SITE = settings.SITE | {"patrons": {}}
    sheet = chief.get("/patrons/enquiries/not-kept/").content.decode()
    assert "マイライブラリ" not in sheet
    assert "回答の90日後" not in sheet


def test_the_sheet_does_not_deny_what_a_scan_and_a_request_leave(chief: Client, card: Card) -> None:
    Counter(chief, "/lend/").scan(card.number)
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="view-patron", library="central", subject=card.patron.pseudonym).count() == 1
    act_as("ils_staff", "ils")
    sheet = read(chief, "/patrons/enquiries/not-kept/")
    denied, told = sheet.split("残っているものと、その期間")
    assert "来館した人と日時" not in denied
    for said in ("カードを窓口で読み取った", "閲覧記録（監査）", "端末のアドレス", "日数"):
        assert said in told, said
    english = read(chief, "/en/patrons/enquiries/not-kept/")
    for said in ("When and at which library a card was scanned", "this system does not know it"):
        assert said in english, said


# table with a foreign key to a patron → the line of the sheet that names or covers it
LINES = {
    "card": "利用登録",
    "group_contact": "利用登録",
    "patron_note": "利用登録",
    "loan": "現在の貸出・予約・リクエスト",
    "hold": "現在の貸出・予約・リクエスト",
    "title_request": "現在の貸出・予約・リクエスト",
    # an order of My Library lives for a minute
    "member_order": "現在の貸出・予約・リクエスト",
    "hold_day": "その日に申し込んだ予約の件数",
    "overdue_contact": "督促",
    "lending_block": "貸出停止とその理由",
    "notice": "利用者への通知の内容",
    "closing_notice": "利用者への通知の内容",
    "subject_request": "開示・訂正・利用停止の請求",
    "reference_question": "ウェブでレファレンスの質問をした人",
    "favourite": "お気に入り資料",
    "history_wish": "読書記録",
    "reading_note": "読書記録",
    "ended_hold": "「終了した予約」のお知らせ",
}


def test_every_table_that_points_at_a_patron_is_on_the_sheet(settings: Any) -> None:
    """A new one fails here until the sheet says what becomes of it."""
    assert {each.related_model._meta.db_table for each in obstacles.relations()} == set(LINES)
    said = [what for what, _ in (*kept.gone(settings.SITE), *kept.while_open())]
    assert {line for line in LINES.values() if not any(line in each for each in said)} == set()


def test_a_question_is_kept_by_every_site_and_its_person_is_not(settings: Any) -> None:
    settings.SITE = settings.SITE | {"patrons": {}}
    assert not {"質問者区分", "レファレンス内容"} & set(kept.not_stored())
    assert any("質問の内容と質問者区分は" in becomes for _, becomes in kept.gone(settings.SITE))
    assert not any("お気に入り" in what for what, _ in kept.while_open())


def test_the_sheet_follows_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures are the constants by which the night works, and the interval of the database's undo."""
    assert kept.ENDED_KEPT is holds.ENDED_KEPT
    assert kept.QUESTIONER_KEPT is my_library.QUESTIONER_KEPT
    monkeypatch.setattr(kept, "ENDED_KEPT", dt.timedelta(days=99))
    assert "残りも99日後" in str(kept.gone({}))


def test_the_undo_is_as_short_as_the_sheet_says(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'undo_seal'")
        (source,) = cursor.fetchone()
    assert f"interval '{kept.UNDO_MINUTES} minutes'" in source
