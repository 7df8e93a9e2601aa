"""My Library: loans, holds, basket, favourites, reading history, applications, each with the public role."""

import datetime as dt
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
from shoko_ils.circulation.models import Loan, LoanRule
from shoko_ils.circulation.services import lend, take_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State, TitleRequest
from shoko_ils.mylibrary import orders, session
from shoko_ils.mylibrary.models import MemberOrder
from shoko_ils.notices import sending
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from shoko_ils.reference.models import Question
from shoko_ils.vault.models import Favourite, HistoryWish, ReadingNote
from tests import holding
from tests.conftest import MEROS, act_as
from tests.members import PASSWORD, card_of, count, desk_works, give_password, log_in, role, said
from tests.privacy import tables_that_pair


@pytest.fixture
def public(patron: Patron, other_patron: Patron, item: Item, public: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A browser; what others have is looked up before the role is taken on. The desk works while a page waits."""
    monkeypatch.setattr(orders, "pause", desk_works)
    return public


@pytest.fixture
def member(public: Client, patron: Patron) -> Client:
    give_password(patron)
    assert log_in(public, card_of(patron))
    return public


def my(client: Client) -> str:
    answer = client.get("/my/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def key() -> str:
    return str(uuid.uuid4())


# --- loans


def test_loans_are_shown_and_renewed(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        loan = holding.lend_out(item, patron, due_in=2)
    html = my(member)
    assert "走れメロス" in html
    assert "期限が近づいています" in html
    assert "返却期限が近い資料・過ぎた資料 1件" in html
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "renewed"
    with role("ils_owner"):
        loan.refresh_from_db()
        assert loan.renewals == 1
        assert loan.due_on > timezone.localdate() + dt.timedelta(days=10)
    assert "これ以上延長できません" in my(member)
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "not-renewed"


@pytest.mark.parametrize(
    ("face", "borrowed", "renewed"),
    [
        ("", "借りている資料 (0)", "延長しました。"),
        ("/ja-easy", "あなたが 借りて いる 本 (0)", "もっと 長く 借りられます。"),
        ("/ja-kids", "かりて いる 本 (0)", "のばせたよ。"),
    ],
)
def test_each_face_speaks_its_own_japanese_in_my_library(
    member: Client, face: str, borrowed: str, renewed: str
) -> None:
    assert borrowed in member.get(f"{face}/my/").content.decode()
    assert renewed in member.get(f"{face}/my/?said=renewed").content.decode()


def test_the_reason_why_a_loan_cannot_be_renewed_comes_from_the_rows_of_others(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    with role("ils_owner"):
        holding.lend_out(item, patron)
        Item.objects.filter(record=MEROS).exclude(pk=item.pk).update(condition="missing")
        holding.hold(other_patron, MEROS)
    assert "次の方の予約があります" in my(member)


def test_a_form_sent_twice_renews_once(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        LoanRule.objects.update(max_renewals=5, renewal_basis="due")
        loan = holding.lend_out(item, patron, due_in=2)
    form = {"key": key(), "loan": loan.pk}
    assert [said(member, "/my/renew/", form) for _ in range(2)] == ["renewed", "renewed"]
    assert count("SELECT renewals FROM loan WHERE id = %s", loan.pk) == 1


def test_without_the_desk_the_page_shows_what_it_can(
    member: Client, patron: Patron, item: Item, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    with role("ils_owner"):
        loan = holding.lend_out(item, patron)
    monkeypatch.setattr(orders, "pause", lambda seconds: None)
    settings.ORDER_SECONDS = 0.05  # type: ignore[attr-defined]
    html = my(member)
    assert "走れメロス" in html
    assert "いま表示できません" in html
    assert "延長する" not in html
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "late"


# --- holds


def put(client: Client, *records: int) -> None:
    for record in records:
        assert client.post("/my/basket/add/", {"record": record}).status_code == 302


def place(client: Client, **more: object) -> str:
    form = {"key": key(), "pickup": "south", "group_kind": "", "not_needed_after": "", **more}
    return client.post("/my/basket/", form).content.decode()


def test_the_basket_survives_the_log_in_and_places_its_holds(
    public: Client, patron: Patron, other_patron: Patron
) -> None:
    with role("ils_owner"):
        holding.hold(other_patron, MEROS)
    give_password(patron)
    put(public, MEROS)
    html = public.get("/my/basket/").content.decode()
    assert "走れメロス" in html
    assert "/my/login/?next=/my/basket/" in html
    assert log_in(public, card_of(patron))
    assert "走れメロス" in public.get("/my/basket/").content.decode()
    assert "予約を受け付けました。現在 2番目です（所蔵3冊）" in place(public)
    with role("ils_owner"):
        hold = Hold.objects.get(patron=patron)
        assert (hold.record_id, hold.pickup_library.key, hold.not_needed_after) == (MEROS, "south", None)
    assert "順番待ち（2番目）" in my(public)
    assert "空です" in public.get("/my/basket/").content.decode()


def test_a_sequence_is_placed_all_or_none(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        one, two = holding.titles(2)
        holding.hold(patron, two.pk)
    put(member, one.pk, two.pk)
    assert "すでに予約されています" in place(member, group_kind="sequence")
    with role("ils_owner"):
        assert Hold.objects.filter(patron=patron).count() == 1
        Hold.objects.filter(patron=patron).delete()
    assert "予約を受け付けました" in place(member, group_kind="sequence", not_needed_after="2030-01-31")
    with role("ils_owner"):
        made = list(Hold.objects.filter(patron=patron).order_by("group_position"))
        assert [(hold.record_id, hold.group_kind) for hold in made] == [(one.pk, "sequence"), (two.pk, "sequence")]
        assert {hold.not_needed_after for hold in made} == {dt.date(2030, 1, 31)}


def test_what_is_refused_stays_in_the_basket_with_its_reason(member: Client, patron: Patron, item: Item) -> None:
    with role("ils_owner"):
        (other,) = holding.titles(1)
        holding.lend_out(item, patron)
    put(member, MEROS, other.pk)
    html = place(member)
    assert "すでに借りています" in html
    assert "予約を受け付けました" in html
    assert "走れメロス" in member.get("/my/basket/").content.decode()


def test_a_basket_form_of_another_site_and_a_forged_basket_are_nothing(public: Client) -> None:
    public.post("/my/basket/add/", {"record": MEROS}, headers={"Sec-Fetch-Site": "cross-site"})
    public.cookies["__Host-shoko-basket"] = "WzE1Njdd:forged"
    assert "空です" in public.get("/my/basket/").content.decode()


def test_a_hold_is_suspended_resumed_moved_and_cancelled(member: Client, patron: Patron) -> None:
    with role("ils_owner"):
        hold = holding.hold(patron, MEROS)
    today = timezone.localdate()
    days = {"first": today, "until": today + dt.timedelta(days=9)}
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "suspend", **days}) == "changed"
    assert "一時停止" in my(member)
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "suspend"}) == "days"
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "resume"}) == "changed"
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "pickup", "pickup": "tsujido"}) == "changed"
    assert "辻堂" in my(member)
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "cancel"}) == "changed"
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "cancel"}) == "not-changed"
    assert "予約はありません" in my(member)


@pytest.mark.parametrize(("at", "word"), [("central", "受け取れます"), ("south", "移送中")])
def test_a_citizen_reads_five_words(member: Client, patron: Patron, item: Item, at: str, word: str) -> None:
    with role("ils_owner"):
        holding.hold(patron, MEROS, at)
        holding.scan(item, "central")
    assert word in my(member)


def test_what_was_sent_is_listed_without_a_title_until_its_matter_ends(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    assert "お送りしたお知らせはありません" in my(member)
    with role("ils_owner"):
        other = holding.copies(holding.titles(1)[0].pk)[0]
        for each, found in ((patron, item), (other_patron, other)):
            Patron.objects.filter(pk=each.pk).update(contact="phone", phone="000-0000-0001", email="")
            holding.hold(each, found.record_id)
            holding.scan(found, "central")
        for notice in Notice.objects.filter(patron__in=[patron, other_patron]):
            notices.delivered(notice, timezone.localdate())
    shown = my(member)
    told = shown[shown.index('class="told"') : shown.index("</ul>", shown.index('class="told"'))]
    assert told.count("<li>") == 1
    assert "ご予約の資料をご用意しました (電話)" in told
    assert item.record.title not in told
    with role("ils_owner"):
        mine = Hold.objects.get(patron=patron)
    assert said(member, "/my/holds/", {"hold": mine.pk, "act": "cancel"}) == "changed"
    assert 'class="told"' not in my(member)


def test_cancelling_a_shelved_hold_gives_the_copy_to_the_next(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    """What the public role could not do itself, and the desk does."""
    with role("ils_owner"):
        mine, next_one = holding.hold(patron, MEROS), holding.hold(other_patron, MEROS)
        holding.scan(item, "central")
    assert said(member, "/my/holds/", {"hold": mine.pk, "act": "cancel"}) == "changed"
    with role("ils_owner"):
        assert holding.state(next_one) is not State.QUEUED


def test_a_title_is_requested_and_the_request_withdrawn(member: Client, patron: Patron) -> None:
    assert "太宰全集" in member.get("/my/request/", {"title": "太宰全集"}).content.decode()
    form = {"key": key(), "title": "太宰全集 13", "author": "", "publisher": "", "isbn": "978-4-480", "pickup": "south"}
    assert said(member, "/my/request/", form) == "requested"
    with role("ils_owner"):
        made = TitleRequest.objects.get(patron=patron)
        assert (made.title, made.isbn, made.pickup_library.key) == ("太宰全集 13", "9784480", "south")
    assert "検討中" in my(member)
    assert said(member, "/my/request/", {"end": made.pk}) == "request-ended"
    with role("ils_owner"):
        made.refresh_from_db()
        assert made.patron_id is None


# --- favourites, history, contact


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


def test_a_reading_history_is_kept_of_who_wishes_it_and_withdrawal_erases_all(
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
    assert said(member, "/my/history/", {"off": "1"}) == "history-off"
    with role("ils_owner"):
        assert not HistoryWish.objects.exists()


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


# --- what is not one's own


def test_no_address_or_form_reaches_another_patron(
    member: Client, patron: Patron, other_patron: Patron, item: Item, settings: object
) -> None:
    """Every page of My Library with the numbers of another patron: nothing is shown and nothing changes."""
    settings.SITE = {**settings.SITE, "reading_history": True}  # type: ignore[attr-defined]
    with role("ils_owner"):
        (title,) = holding.titles(1)
        loan, hold = holding.lend_out(item, other_patron, due_in=2), holding.hold(other_patron, title.pk)
        library = Library.objects.get(key="south")
        asked = TitleRequest.objects.create(
            patron=other_patron, pickup_library=library, key=uuid.uuid4(), requested_on="2026-11-01", title="秘密の題"
        )
        Question.objects.create(
            key=uuid.uuid4(), channel="web", questioner="general", question="秘密の質問", library=library,
            patron=other_patron, received_on="2026-11-01",
        )  # fmt: skip
        Favourite.objects.create(patron=other_patron, record_id=MEROS, kept_on="2026-11-01")
        ReadingNote.objects.create(patron=other_patron, record_id=MEROS, lent_on="2026-11-01")
    before = _state_of(other_patron)
    html = my(member) + member.get("/my/history/").content.decode()
    for text in ("走れメロス", "秘密の", other_patron.name, title.title):
        assert text not in html
    assert said(member, "/my/renew/", {"key": key(), "loan": loan.pk}) == "not-renewed"
    for act in ("cancel", "resume", "pickup"):
        assert said(member, "/my/holds/", {"hold": hold.pk, "act": act, "pickup": "south"}) == "not-changed"
    days = {"first": timezone.localdate(), "until": timezone.localdate()}
    assert said(member, "/my/holds/", {"hold": hold.pk, "act": "suspend", **days}) == "not-changed"
    assert said(member, "/my/request/", {"end": asked.pk}) == "not-changed"
    said(member, "/my/favourites/", {"record": MEROS, "drop": "1"})
    said(member, "/my/history/", {"off": "1"})
    assert _state_of(other_patron) == before


def _state_of(patron: Patron) -> list[object]:
    """Everything that the database holds of a patron."""
    with role("ils_owner"):
        return [
            list(model.objects.filter(patron=patron).order_by("pk").values())
            for model in (Loan, Hold, TitleRequest, Question, Favourite, ReadingNote)
        ]


PAGES_OF_MEMBERS = (
    "/my/", "/my/holds/", "/my/renew/", "/my/contact/", "/my/favourites/", "/my/history/", "/my/request/",
    "/my/question/",
)  # fmt: skip


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", PAGES_OF_MEMBERS)
def test_who_is_not_signed_in_is_sent_to_the_log_in(public: Client, page: str, method: str) -> None:
    answer = getattr(public, method)(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/my/login/?next=/my/")


def test_forms_need_their_token(member: Client, settings: object) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = member.cookies
    for page in PAGES_OF_MEMBERS[1:]:
        assert strict.post(page, {"on": "1"}).status_code == 403


# --- the database, asked with the role itself


def wear_session(client: Client) -> None:
    """What the service does at the begin of a request, for the rest of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('shoko.session', %s, true)", [client.cookies["__Host-shoko-member"].value])


TABLES = ("patron", "loan", "hold", "title_request", "reference_question", "member_order", "notice",
          "private.favourite", "private.history_wish", "private.reading_note")  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_without_a_session_the_role_sees_no_row(public: Client, patron: Patron, item: Item, table: str) -> None:
    with role("ils_owner"):
        holding.lend_out(item, patron)
        holding.hold(patron, holding.titles(1)[0].pk)
        Favourite.objects.create(patron=patron, record_id=MEROS, kept_on="2026-11-01")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT set_config('shoko.session', %s, true)", ["a guess that is long enough to be a token"])
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)


def test_with_a_session_it_sees_those_of_its_patron(
    member: Client, patron: Patron, other_patron: Patron, item: Item
) -> None:
    with role("ils_owner"):
        holding.lend_out(item, patron)
        for each in (patron, other_patron):
            holding.hold(each, holding.titles(1)[0].pk)
    wear_session(member)
    with connection.cursor() as cursor:
        for table, number in (("patron", "id"), ("loan", "patron_id"), ("hold", "patron_id")):
            cursor.execute(f"SELECT array_agg({number}) FROM {table}")
            assert cursor.fetchone() == ([patron.pk],)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT address FROM patron",
        "SELECT phone FROM patron",
        "SELECT birth_date FROM patron",
        "SELECT * FROM patron",
        "SELECT 1 FROM card",
        "SELECT about FROM notice",
        "SELECT address FROM notice",
        "SELECT * FROM provisional_registration",
        "SELECT verifier FROM private.patron_password",
        "SELECT 1 FROM private.patron_session",
        "INSERT INTO private.patron_session VALUES ('x', 1, now(), now(), false)",
        "SELECT 1 FROM private.password_code",
        "SELECT 1 FROM private.pepper",
        "DELETE FROM private.attempt",
        "SELECT ils.password_code_put(1, 'x', interval '1 day')",
        "SELECT ils.member_unpause('x')",
        "SELECT private.mark('number', 'x')",
        "UPDATE hold SET priority = 0",
        "UPDATE loan SET due_on = '2030-01-01'",
        "UPDATE member_order SET answer = '{}'",
        "INSERT INTO private.reading_note (patron_id, record_id, lent_on) VALUES (1, 1, now())",
    ],
)
def test_what_a_public_service_in_strange_hands_cannot_do(member: Client, statement: str) -> None:
    wear_session(member)
    with connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute(statement)


@pytest.mark.parametrize(("mine", "kind"), [(False, "view"), (None, "view"), (None, "place")])
def test_an_order_for_another_patron_is_refused_by_the_database(
    member: Client, other_patron: Patron, mine: bool | None, kind: str
) -> None:
    wear_session(member)
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="row-level security"):
        cursor.execute(
            "INSERT INTO member_order (key, patron_id, kind, asked, made_at)"
            " VALUES (gen_random_uuid(), %s, %s, '{}', now())",
            [other_patron.pk if mine is False else None, kind],
        )


def test_an_order_that_makes_no_sense_is_refused_and_the_desk_works_on(member: Client, patron: Patron) -> None:
    wear_session(member)
    with connection.cursor() as cursor:
        for kind, asked in (("nothing", "{}"), ("hold", "{}"), ("hold", '{"hold": "x", "act": []}'), ("place", "[]")):
            cursor.execute(
                "INSERT INTO member_order (key, patron_id, kind, asked, made_at)"
                " VALUES (gen_random_uuid(), %s, %s, %s, now())",
                [patron.pk, kind, asked],
            )
    desk_works()
    with role("ils_owner"):
        assert list(MemberOrder.objects.values_list("answer", flat=True)) == [{"refused": True}] * 4


def test_nothing_pairs_patron_and_item_after_the_return(
    member: Client, patron: Patron, item: Item, central: Library, actor: Actor
) -> None:
    """All that a citizen can do with a title, then the return: no row of any table holds both."""
    put(member, MEROS)
    place(member, pickup="central")
    my(member)
    with role("ils_staff"):
        lend(actor, patron.pk, item.barcode, central, uuid.uuid4())
        (loan,) = Loan.objects.filter(patron=patron)
    said(member, "/my/renew/", {"key": key(), "loan": loan.pk})
    my(member)
    with role("ils_staff"):
        take_back(actor, item.barcode, central, uuid.uuid4())
    with role("ils_owner"):
        assert not tables_that_pair(patron, item)
        assert not MemberOrder.objects.exists(), "an order leaves with its answer"
        assert not Hold.objects.filter(patron=patron).exists()
