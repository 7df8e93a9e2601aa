"""Log-in of citizens and the registration of a password, with the real role of the public service."""

import datetime as dt
import re
import uuid

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.core.models import Library
from shoko_ils.mylibrary import codes, desk, orders, passwords, session
from shoko_ils.mylibrary.models import MemberOrder
from shoko_ils.notices import sending, services
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Card, Patron
from tests.conftest import act_as
from tests.members import PASSWORD, card_of, count, desk_works, give_password, log_in, role

UNKNOWN, NEW = "00000000", "hototogisu 88"


@pytest.fixture
def public(patron: Patron, public: Client) -> Client:
    """The patron is looked up before the role is taken on."""
    return public


@pytest.fixture
def number(patron: Patron, public: Client) -> str:
    give_password(patron)
    return card_of(patron)


def test_a_citizen_logs_in_and_out(public: Client, number: str) -> None:
    assert public.get("/my/")["Location"] == "/my/login/?next=/my/"
    answer = public.post("/my/login/", {"card": number, "password": PASSWORD, "next": "/my/basket/"})
    cookie = answer.cookies[session.COOKIE]
    assert answer["Location"] == "/my/basket/"
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["max-age"]
    page = public.get("/")
    assert page["Cache-Control"] == "no-store"
    public.post("/my/logout/")
    public.cookies[session.COOKIE] = cookie.value
    assert public.get("/my/").status_code == 302, "the token is dead, not only the cookie gone"


def test_full_width_and_the_letters_of_the_barcode_are_accepted(public: Client, number: str) -> None:
    wide = number.translate({48 + n: 0xFF10 + n for n in range(10)})
    assert log_in(public, f"a{wide}a", "ｎａｔｓｕｋｕｓａ　ｙａ　１６８９")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_log_in_leads_nowhere_else(public: Client, number: str, target: str) -> None:
    answer = public.post("/my/login/", {"card": number, "password": PASSWORD, "next": target})
    assert answer["Location"] == "/my/"


def test_unknown_wrong_and_paused_look_the_same_and_do_the_same_work(
    public: Client, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stretched: list[str] = []
    real = passwords.stretch
    monkeypatch.setattr(passwords, "stretch", lambda p, s: stretched.append(s) or real(p, s))

    def page(card: str, password: str) -> str:
        html = public.post("/my/login/", {"card": card, "password": password}).content.decode()
        html = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)
        return html.replace(card, "")

    pages = {page(number, "wrong"), page(UNKNOWN, "wrong"), page("12", "wrong")}
    for _ in range(5):
        pages.add(page(number, "wrong"))
    pages.add(page(number, PASSWORD))  # right, but paused now
    assert len(pages) == 1
    assert len(stretched) == 9
    assert all(re.fullmatch("[0-9a-f]{32}", salt) for salt in stretched)
    assert stretched[1] == _salt(UNKNOWN), "an unknown number always has the same salt"


def _salt(card: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT private.salt_of(%s)", [card])
        return str(cursor.fetchone()[0])


def test_five_failures_pause_a_number_at_a_source_for_thirty_minutes_and_nowhere_else(
    public: Client, number: str
) -> None:
    for _ in range(5):
        assert not log_in(public, number, "wrong")
    assert not log_in(public, number)
    elsewhere = Client(headers={"X-Real-IP": "198.51.100.7"})
    assert log_in(elsewhere, number), "who guesses does not lock out the owner"
    _later(dt.timedelta(minutes=31))
    assert log_in(public, number)


def _later(span: dt.timedelta) -> None:
    with role("ils_owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE private.attempt SET since = since - %s, paused_until = paused_until - %s", [span, span])


def test_guesses_from_everywhere_pause_a_number_and_the_counter_opens_it(
    public: Client, number: str, patron: Patron, actor: object
) -> None:
    for n in range(20):
        log_in(Client(headers={"X-Real-IP": f"198.51.100.{n}"}), number, "wrong")
    at_home = Client(headers={"X-Real-IP": "203.0.113.9"})
    assert not log_in(at_home, number)
    with role("ils_staff"):
        assert codes.is_paused(number)
        codes.unpause(actor, Card.objects.select_related("patron").get(number=number))  # type: ignore[arg-type]
        assert not codes.is_paused(number)
    assert log_in(at_home, number)


def test_a_source_that_tries_many_numbers_is_paused_but_not_a_terminal_in_a_library(
    public: Client, number: str, settings: object
) -> None:
    for n in range(100):
        log_in(public, f"{n:08d}", "wrong")
    assert not log_in(public, number)
    settings.SITE = {**django_settings.SITE, "kiosk_networks": ["127.0.0.0/8"]}  # type: ignore[attr-defined]
    assert log_in(public, number)


def test_a_household_is_one_source_whatever_address_it_takes(public: Client, number: str) -> None:
    """An IPv6 line has 2^64 addresses: whoever takes a new one for each guess is still the same source."""
    for n in range(5):
        assert not log_in(Client(headers={"X-Real-IP": f"2001:db8:1:2::{n:x}"}), number, "wrong")
    assert not log_in(Client(headers={"X-Real-IP": "2001:db8:1:2:ffff::1"}), number)
    assert log_in(Client(headers={"X-Real-IP": "2001:db8:1:3::1"}), number)


def test_a_terminal_in_a_library_ends_after_a_minute(public: Client, number: str, settings: object) -> None:
    settings.SITE = {**django_settings.SITE, "kiosk_networks": ["127.0.0.0/8"]}  # type: ignore[attr-defined]
    log_in(public, number)
    assert public.get("/")["Refresh"] == "60; url=/"
    assert count("SELECT extract(epoch FROM ends_at - now()) FROM private.patron_session") == 60
    with role("ils_owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE private.patron_session SET ends_at = now() - interval '1 second'")
    assert public.get("/my/").status_code == 302


def test_a_session_at_home_ends_after_half_an_hour_idle_and_after_twelve_hours(public: Client, number: str) -> None:
    log_in(public, number)
    assert "Refresh" not in public.get("/")
    assert count("SELECT extract(epoch FROM ends_at - now()) FROM private.patron_session") == 1800
    with role("ils_owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE private.patron_session SET started_at = now() - interval '719 minutes'")
    public.get("/")
    assert count("SELECT extract(epoch FROM ends_at - now()) FROM private.patron_session") == 60


def test_the_setting_of_a_request_does_not_stay_on_the_connection(public: Client, number: str) -> None:
    log_in(public, number)
    public.get("/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('shoko.session', true), private.patron()")
        assert cursor.fetchone() == ("", None)


def test_a_card_that_was_replaced_opens_nothing(public: Client, number: str) -> None:
    with role("ils_owner"):
        Card.objects.filter(number=number).update(ended_on=timezone.localdate())
    assert not log_in(public, number)


# --- registration of a password


def ask(client: Client, card: str, way: str) -> str:
    html = client.post("/password/", {"step": "way", "card": card, "way": way}).content.decode()
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html).replace(card, "")


def register(client: Client, card: str, code: str, password: str = NEW, again: str = "") -> bool:
    data = {"step": "code", "card": card, "code": code, "password": password, "again": again or password}
    return "パスワードを登録しました" in client.post("/password/", data).content.decode()


def test_all_three_ways_are_always_shown(public: Client, number: str) -> None:
    pages = []
    for card in (number, UNKNOWN):
        html = public.post("/password/", {"card": card}).content.decode()
        assert all(f'value="{way}"' in html for way in ("mail", "postcard", "counter"))
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html).replace(card, ""))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("way", ["mail", "postcard", "counter"])
def test_the_answer_does_not_tell_whether_there_is_a_registration(
    public: Client, patron: Patron, way: str, django_assert_num_queries: object
) -> None:
    card = card_of(patron)
    pages = []
    for asked in (card, UNKNOWN):
        with django_assert_num_queries(2):  # type: ignore[operator]
            pages.append(ask(public, asked, way))
    assert pages[0] == pages[1]
    assert "登録がある場合、確認コードをお送りしました" in pages[0]


def test_number_birthday_and_telephone_are_not_enough(public: Client, patron: Patron) -> None:
    card = card_of(patron)
    with role("ils_owner"):
        known = Patron.objects.get(pk=patron.pk)
        codes.new_code(known, codes.BY_POSTCARD)
    facts = [f"{known.birth_date:%Y%m%d}", known.phone, known.phone[-4:], card, known.name, ""]
    assert not any(register(public, card, fact) for fact in facts)
    assert count("SELECT count(*) FROM private.patron_password WHERE patron_id = %s", patron.pk) == 0


def test_by_mail(public: Client, patron: Patron, settings: object) -> None:
    card = card_of(patron)
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    ask(public, card, "mail")
    ask(public, card, "mail")
    desk_works()
    settings.MAIL_FROM = "library@example.jp"  # type: ignore[attr-defined]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    with role("ils_staff"):
        sending.send_due()
    (message,) = [each for each in mail.outbox if each.to == ["sample@example.jp"]]  # one in ten minutes
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", message.body)
    assert code
    assert code.group() not in message.subject
    assert not count("SELECT count(*) FROM notice WHERE patron_id = %s", patron.pk)
    assert register(public, card, code.group().lower())
    assert log_in(public, card, "hototogisu 88")
    assert not register(public, card, code.group()), "a code is worth one password"


@pytest.mark.parametrize(("way", "period"), [("mail", dt.timedelta(minutes=10)), ("postcard", dt.timedelta(days=14))])
def test_a_code_that_was_sent_does_not_open_the_way_for_the_next_at_once(
    public: Client, patron: Patron, way: str, period: dt.timedelta
) -> None:
    card = card_of(patron)
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")

    def asked_and_sent() -> int:
        ask(public, card, way)
        desk_works()
        with role("ils_staff"):
            for notice in Notice.objects.filter(kind=codes.KIND, patron__isnull=False):
                services.delivered(notice, timezone.localdate())
        return count("SELECT count(*) FROM notice WHERE kind = %s", codes.KIND)

    def later(span: dt.timedelta) -> None:
        with role("ils_owner"), connection.cursor() as cursor:
            cursor.execute("UPDATE private.code_sending SET sent_at = sent_at - %s", [span])

    assert [asked_and_sent() for _ in range(3)] == [1, 1, 1]
    later(period - dt.timedelta(seconds=30))
    assert asked_and_sent() == 1
    later(dt.timedelta(minutes=1))
    assert [asked_and_sent() for _ in range(2)] == [2, 2]
    other = {"mail": "postcard", "postcard": "mail"}[way]
    ask(public, card, other)
    desk_works()
    assert count("SELECT count(*) FROM notice WHERE kind = %s", codes.KIND) == 3, "each way has its own period"


def test_no_mail_goes_to_who_has_no_address_and_nothing_for_an_unknown_number(public: Client, patron: Patron) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="none", email="")
    for card in (card_of(patron), UNKNOWN):
        for way in ("mail", "counter"):
            ask(public, card, way)
    ask(public, UNKNOWN, "postcard")
    desk_works()
    assert count("SELECT count(*) FROM notice WHERE kind = %s", codes.KIND) == 0
    assert count("SELECT count(*) FROM member_order") == 0


def test_by_sealed_postcard(public: Client, patron: Patron) -> None:
    card = card_of(patron)
    ask(public, card, "postcard")
    desk_works()
    with role("ils_staff"):
        notice = Notice.objects.get(kind=codes.KIND, way=Notice.Way.POSTCARD)
        text = sending.kinds.of(notice).body(notice)
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", text or "")
    assert code
    assert count("SELECT extract(day FROM expires_at - now()) FROM private.password_code") == 14
    with role("ils_owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE private.password_code SET expires_at = now() - interval '1 second'")
    assert not register(public, card, code.group())


def test_looking_at_the_postcards_leaves_a_printed_code_good(
    patron: Patron, central: Library, request: pytest.FixtureRequest
) -> None:
    """A code is made by the act of printing; a colleague who opens the page makes nothing void. It prints Japanese."""
    Patron.objects.filter(pk=patron.pk).update(library=central)
    codes.wanted(Card.objects.get(patron=patron, ended_on=None).number, codes.BY_POSTCARD)
    staff: Client = request.getfixturevalue("staff")
    printed = staff.post("/en/holds/postcards/", {"print": "1"}).content.decode()
    assert re.search(r"コード: [0-9A-Z]{5}-[0-9A-Z]{5}", printed)

    def code() -> bytes:
        act_as("ils_owner", "ils, private")
        with connection.cursor() as cursor:
            cursor.execute("SELECT code_hash FROM private.password_code")
            (found,) = cursor.fetchone()
        act_as("ils_staff", "ils")
        return bytes(found)

    first = code()
    for _ in range(2):
        assert "はがきが1枚待っています" in staff.get("/holds/postcards/").content.decode()
    assert code() == first
    staff.post("/holds/postcards/", {"print": "1"})
    assert code() != first


def test_a_code_is_worth_thirty_guesses_from_everywhere(public: Client, patron: Patron) -> None:
    card = card_of(patron)
    with role("ils_owner"):
        code = codes.new_code(patron, codes.BY_POSTCARD)
    for n in range(30):
        register(Client(headers={"X-Real-IP": f"198.51.100.{n}"}), card, "AAAAAAAAAA")
    assert not register(public, card, code)


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [
        ("short12", "short12", "8文字以上で入力してください"),
        ("password123", "password123", "推測されやすい"),
        ("hototogisu", "hototogisv", "2回の入力が一致しません"),
    ],
)
def test_a_password_is_refused_with_the_reason_beside_the_field(
    public: Client, patron: Patron, password: str, again: str, why: str
) -> None:
    data = {"step": "code", "card": card_of(patron), "code": "x", "password": password, "again": again}
    answer = public.post("/password/", data)
    assert why in answer.content.decode()
    assert password not in answer.content.decode()


def test_a_new_password_ends_the_sessions_of_the_old_one(public: Client, number: str, patron: Patron) -> None:
    log_in(public, number)
    with role("ils_owner"):
        code = codes.new_code(patron, codes.AT_COUNTER)
    assert register(Client(), number, code)
    assert public.get("/my/").status_code == 302
    assert not log_in(public, number), "the old one"


def test_the_counter_hands_out_a_slip_and_sees_no_password(staff: Client, card: Card, patron: Patron) -> None:
    html = staff.post("/members/", {"card": card.number}).content.decode()
    assert "ログインできます" in html
    html = staff.post("/members/", {"card": card.number, "slip": "1"}).content.decode()
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", html)
    assert code
    act_as("ils_owner", "ils, private")
    assert Event.objects.filter(action="password-slip", subject=patron.pseudonym).count() == 1
    act_as("ils_public", "ils, private")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT private.register_password(%s, %s, %s, %s, 'x')",
            [card.number, passwords.clean_code(code.group()), "0" * 32, b"0" * 32],
        )
        assert cursor.fetchone() == (True,)


def test_housekeeping_removes_what_has_served_its_time(public: Client, number: str, patron: Patron) -> None:
    log_in(public, number)
    with role("ils_owner"), connection.cursor() as cursor:
        codes.new_code(patron, codes.BY_MAIL)
        cursor.execute("UPDATE private.password_code SET expires_at = now() - interval '1 day'")
        cursor.execute("UPDATE private.patron_session SET ends_at = now() - interval '1 day'")
        call_command("tidy", verbosity=0)
    for table in ("password_code", "patron_session"):
        assert count(f"SELECT count(*) FROM private.{table}") == 0


def test_an_order_is_not_done_when_nobody_waits_for_it_any_more(
    public: Client, number: str, patron: Patron, settings: object
) -> None:
    """Who saw "we do not answer now" is not surprised later. A code is waited for by nobody: it goes out later."""
    settings.ORDER_SECONDS = 0  # type: ignore[attr-defined]
    log_in(public, number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('shoko.session', %s, false)", [public.cookies[session.COOKIE].value])
    with pytest.raises(orders.NotAnswered):
        orders.ask("contact", patron.pk, uuid.uuid4(), contact="none", email="")
    ask(public, number, "postcard")
    assert left_for(dt.timedelta(minutes=1)) == 1
    assert count("SELECT count(*) FROM notice WHERE kind = %s", codes.KIND) == 1
    assert count("SELECT count(*) FROM member_order") == 0


def test_a_code_that_was_asked_for_hours_ago_is_not_sent(public: Client, patron: Patron) -> None:
    ask(public, card_of(patron), "postcard")
    with role("ils_owner"):
        call_command("tidy", verbosity=0)
    assert count("SELECT count(*) FROM member_order") == 1, "the night does not take away what still counts"
    assert left_for(dt.timedelta(minutes=61)) == 0
    assert count("SELECT count(*) FROM notice WHERE kind = %s", codes.KIND) == 0


def left_for(span: dt.timedelta) -> int:
    """How many of the orders the desk does, that could not work for this long."""
    with role("ils_owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE member_order SET made_at = made_at - %s", [span])
    with role("ils_staff"):
        return desk.work()


@pytest.mark.parametrize("asked", [{}, [], {"number": UNKNOWN}])
def test_an_order_of_nobody_that_cannot_be_done_does_not_stop_the_desk(
    public: Client, patron: Patron, asked: object
) -> None:
    """The public role may write any content; the orders behind it are done all the same."""
    orders.leave("password-code", **{"number": "x", "way": "mail"})
    with role("ils_owner"):
        MemberOrder.objects.update(asked=asked)
    orders.leave("password-code", number=card_of(patron), way="postcard")
    desk_works()
    assert count("SELECT count(*) FROM notice WHERE kind = %s", codes.KIND) == 1
    assert count("SELECT count(*) FROM member_order") == 0
