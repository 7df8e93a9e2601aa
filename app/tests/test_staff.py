"""The staff service, with its own database role."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.circulation import services
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import lend, take_back
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import with_check_digit
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.staff import gate, supervision
from shoko_ils.staff.access import ACCESS, ANONYMOUS, KNOWS_PATRONS
from shoko_ils.staff.models import Level, StaffAccount
from tests.cluster import DEMO_PASSWORD
from tests.conftest import act_as, log_in, make_account
from tests.operators import stand_by

SOMEBODY = uuid.UUID(int=7)


def every_page() -> list[tuple[str, str]]:
    """(name, path) of every page, from the URLconf itself, in Japanese."""
    found: list[tuple[str, str]] = []

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            else:
                found.append(
                    (
                        pattern.name or "",
                        "/" + route.replace("<uuid:pseudonym>", str(SOMEBODY)).replace("<int:pk>", "99999999"),
                    )
                )

    walk(get_resolver("shoko_ils.urls_staff").url_patterns, "")
    return found


def read(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, f"no field {name}"
    return found.group(1)


class Counter:
    """A librarian at the scan field of a page: each scan is sent with what the last answer gave."""

    def __init__(self, client: Client, path: str) -> None:
        self.client, self.path = client, path
        self.html = read(client, path)

    def scan(self, text: str) -> str:
        sent = {"scan": text, "key": hidden(self.html, "key"), "sitting": hidden(self.html, "sitting")}
        answer = self.client.post(self.path, sent)
        assert answer.status_code == 200
        self.html = answer.content.decode()
        return self.html


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize(("name", "path"), every_page())
def test_without_a_log_in_every_page_leads_to_the_log_in(anonymous: Client, name: str, path: str, method: str) -> None:
    for prefix in ("", "/en"):
        answer = getattr(anonymous, method)(prefix + path)
        if ACCESS[name] == ANONYMOUS and answer.status_code != 302:
            assert answer.status_code in (200, 405)
        else:
            assert (answer.status_code, answer["Location"]) == (302, prefix + "/login/")


def test_every_page_stands_in_the_matrix_and_nothing_else_does() -> None:
    assert {name for name, _ in every_page()} == set(ACCESS)


def test_a_page_without_an_entry_is_refused_to_all(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ACCESS, "return")
    assert staff.get("/return/").status_code == 403


def supervise(
    client: Client, library: Library, supervisor: str, password: str = DEMO_PASSWORD, *, there: bool = True
) -> int:
    """The trainee `level3` logs in, then `supervisor`, who is `there`; the status of the second answer."""
    if there:
        stand_by(supervisor, library)
    answer = client.post("/login/", {"login_id": "level3", "password": DEMO_PASSWORD, "library": library.pk})
    html = answer.content.decode()
    assert "立会い" in html
    sent = {"trainee": hidden(html, "trainee"), "login_id": supervisor, "password": password}
    return client.post("/login/supervisor/", sent).status_code


def test_a_trainee_sees_no_person(central: Library, card: Card, item: Item, request: Any) -> None:
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "demo") == 302
    counter = Counter(client, "/lend/")
    assert "実習中" in counter.html
    assert "見本 司書" in counter.html
    counter.scan(card.number)
    html = counter.scan(item.barcode)
    assert "貸し出しました" in html
    assert card.patron.name not in html
    assert card.number not in html
    assert "/patrons/" not in html
    assert Level.TRAINEE not in KNOWS_PATRONS
    act_as("ils_owner", "ils")
    assert list(Event.objects.order_by("id").values_list("actor", "action")[:2]) == [
        ("demo", "supervise"),
        ("level3", "login"),
    ]


def test_a_trainee_alone_is_not_let_in(central: Library, request: Any) -> None:
    for level in (Level.TRAINEE, Level.ASSISTANT):
        make_account(level, central)
    client: Client = request.getfixturevalue("anonymous")
    assert supervise(client, central, "level3") == 403
    assert supervise(client, central, "level4") == 403
    assert supervise(client, central, "demo", "wrong") == 403
    assert supervise(client, central, "nobody") == 403
    assert client.get("/lend/").status_code == 302
    forged = {"trainee": "forged:token:x", "login_id": "demo", "password": DEMO_PASSWORD}
    assert client.post("/login/supervisor/", forged)["Location"] == "/login/"
    assert client.get("/lend/").status_code == 302


def test_a_supervision_lapses(central: Library, request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    monkeypatch.setattr(supervision, "LAPSES", dt.timedelta(0))
    assert supervise(client, central, "demo") == 302
    assert client.get("/lend/").status_code == 302
    monkeypatch.undo()
    assert supervise(client, central, "demo") == 302
    assert client.get("/lend/").status_code == 200


def test_log_in_and_out_are_in_the_audit(staff: Client) -> None:
    staff.post("/logout/")
    assert staff.get("/lend/").status_code == 302
    act_as("ils_owner", "ils")
    actions = list(Event.objects.order_by("-id").values_list("action", "actor")[:2])
    assert actions == [("logout", "demo"), ("login", "demo")]


def test_failed_log_ins_pause_the_account_and_all_look_alike(anonymous: Client, central: Library) -> None:
    def try_in(login_id: str, password: str) -> tuple[int, bool]:
        sent = {"login_id": login_id, "password": password, "library": central.pk}
        answer = anonymous.post("/login/", sent)
        return answer.status_code, "15分間の停止中" in answer.content.decode()

    refused = (403, True)
    assert try_in("nobody", "x") == refused
    assert [try_in("demo", "wrong") for _ in range(5)] == [refused] * 5
    assert try_in("demo", DEMO_PASSWORD) == refused
    act_as("ils_owner", "ils")
    StaffAccount.objects.update(refused_until=timezone.now())
    act_as("ils_staff", "ils")
    assert try_in("demo", DEMO_PASSWORD)[0] == 302
    act_as("ils_owner", "ils")
    assert Event.objects.filter(action="login-refused").count() == 7


def test_what_is_typed_instead_of_an_id_is_not_kept(central: Library, item: Item, card: Card, request: Any) -> None:
    """A password in the wrong field would stay in the audit for ever."""
    make_account(Level.TRAINEE, central)
    make_account(Level.ASSISTANT, central)
    client: Client = request.getfixturevalue("anonymous")
    typed = "my secret passphrase"
    client.post("/login/", {"login_id": typed, "password": "x", "library": central.pk})
    assert supervise(client, central, typed) == 403
    log_in(client, "level4", central)
    counter = Counter(client, "/lend/")
    counter.scan(card.number)
    kept = Item.objects.filter(library_use_only=True, loans__isnull=True)[0]
    html = counter.scan(kept.barcode)
    sent = {"key": hidden(html, "key"), "sitting": hidden(html, "sitting"), "reason": "course"}
    client.post("/lend/permit/", sent | {"login_id": typed, "password": "x"})
    act_as("ils_owner", "ils")
    assert not Event.objects.filter(actor__contains="secret").exists()
    assert list(Event.objects.filter(action__endswith="-refused").order_by("id").values_list("actor", "action")) == [
        ("-", "login-refused"),
        ("-", "login-refused"),
        ("level4", "permit-refused"),
    ]


def test_a_removed_person_is_out_at_once(staff: Client) -> None:
    assert staff.get("/lend/").status_code == 200
    act_as("ils_owner", "ils")
    StaffAccount.objects.update(removed_on=timezone.localdate())
    act_as("ils_staff", "ils")
    assert staff.get("/lend/").status_code == 302


def test_a_pile_of_books(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    """Card, items, next card, Enter: as at the counter, with what a scanner adds."""
    counter = Counter(staff, "/lend/")
    assert "先に利用者カードを走査してください" in counter.scan(item.barcode)
    assert patron.name in counter.scan(f"A{card.number}A")
    assert "貸し出しました" in counter.scan(item.barcode)
    assert "この方に貸出済みです" in counter.scan("".join(chr(ord(c) + 0xFEE0) for c in item.barcode))
    assert "今回の貸出 1点" in counter.html
    assert "登録のない資料番号です" in counter.scan("1234")
    html = counter.scan("")
    assert patron.name not in html
    assert hidden(html, "sitting") == ""
    back = Counter(staff, "/return/")
    html = back.scan(item.barcode)
    assert "棚へ" in html
    assert patron.name not in html
    assert "最近の走査" in html
    assert "利用者カードです" in back.scan(card.number)


def test_the_citizen_sees_the_loan_come_and_go(actor: Actor, patron: Patron, item: Item, public: Client) -> None:
    page = f"/records/{item.record_id}/"
    act_as("ils_staff", "ils")
    lend(actor, patron.pk, item.barcode, item.library, uuid.uuid4())
    act_as("ils_public", "ils")
    out = public.get(page).content.decode()
    assert "貸出中" in out
    assert "返却期限日" in out
    assert patron.name not in out
    act_as("ils_staff", "ils")
    take_back(actor, item.barcode, item.library, uuid.uuid4())
    act_as("ils_public", "ils")
    assert "貸出中" not in public.get(page).content.decode()


def test_old_unknown_and_expired_cards(staff: Client, card: Card, patron: Patron) -> None:
    act_as("ils_owner", "ils")
    Card.objects.filter(pk=card.pk).update(ended_on=timezone.localdate())
    fresh = Card.objects.create(number=with_check_digit("2999999"), patron=patron, issued_on=timezone.localdate())
    expired = Card.objects.filter(patron__expires_on__lt=timezone.localdate(), ended_on__isnull=True)[0]
    act_as("ils_staff", "ils")
    counter = Counter(staff, "/lend/")
    assert "旧カードです" in counter.scan(card.number)
    assert "登録のない利用者カードです" in counter.scan(with_check_digit("2888888"))
    assert "有効期限が切れています" in counter.scan(expired.number)
    assert patron.name in counter.scan(fresh.number)


def test_a_sitting_is_worthless_to_another_person(staff: Client, card: Card, item: Item, central: Library) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    act_as("ils_owner", "ils")
    make_account(Level.OFFICER, central, "second")
    act_as("ils_staff", "ils")
    log_in(staff, "second", central)
    assert "先に利用者カードを走査してください" in counter.scan(item.barcode)
    forged = {"scan": item.barcode, "key": str(uuid.uuid4()), "sitting": "forged:token:x"}
    assert "先に利用者カードを走査してください" in staff.post("/lend/", forged).content.decode()


def test_a_form_sent_twice_is_one_scan(staff: Client, card: Card, item: Item) -> None:
    counter = Counter(staff, "/lend/")
    html = counter.scan(card.number)
    sent = {"scan": item.barcode, "key": hidden(html, "key"), "sitting": hidden(html, "sitting")}
    answers = [staff.post("/lend/", sent).content.decode() for _ in range(2)]
    assert all("貸し出しました" in answer for answer in answers)
    assert Loan.objects.filter(item=item, returned_on__isnull=True).count() == 1


@pytest.mark.parametrize(("path", "service"), [("/lend/", "lend"), ("/return/", "take_back")])
def test_an_unknown_outcome_keeps_key_and_number_for_the_next_enter(
    staff: Client, card: Card, item: Item, monkeypatch: pytest.MonkeyPatch, path: str, service: str
) -> None:
    counter = Counter(staff, path)
    if path == "/lend/":
        counter.scan(card.number)
    key = hidden(counter.html, "key")

    def away(*args: object, **more: object) -> None:
        raise OutcomeUnknown("away")

    with monkeypatch.context() as patch:
        patch.setattr(services, service, away)
        html = counter.scan(item.barcode)
    assert "もう一度 Enter を押してください" in html
    assert hidden(html, "key") == key
    assert f'name="scan" value="{item.barcode}"' in html
    assert "停止" not in counter.scan(item.barcode)


def test_an_absent_database_is_said_in_words_before_any_view(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(read: object) -> None:
        raise OperationalError("no primary")

    monkeypatch.setattr("shoko_ils.staff.gate.db.wait_until_back", away)
    staff.raise_request_exception = False
    answer = staff.get("/lend/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_garbage_in_the_form_is_a_stop_and_not_an_error(staff: Client) -> None:
    for sent in ({}, {"key": "x", "scan": "1"}, {"key": str(uuid.uuid4()), "scan": "9" * 500}):
        assert "読み取れませんでした" in staff.post("/lend/", sent).content.decode()
        assert "読み取れませんでした" in staff.post("/return/", sent).content.decode()


def test_no_name_stands_in_an_address(staff: Client) -> None:
    html = read(staff, "/patrons/")
    assert '<form method="post"' in html
    assert "hits" not in html
    assert staff.get("/patrons/?text=みほん&phone_end=0001").content.decode().count("<tr>") == 0


def test_a_patron_page_shows_no_title(staff: Client, card: Card, item: Item, patron: Patron) -> None:
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    counter.scan(item.barcode)
    html = read(staff, f"/patrons/{patron.pseudonym}/")
    assert "走れメロス" not in html
    assert item.barcode not in html


def test_an_unknown_patron_is_not_found(staff: Client) -> None:
    assert staff.get(f"/patrons/{SOMEBODY}/").status_code == 404


def test_forms_need_their_token(staff: Client, settings: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff.cookies
    answer = strict.post("/return/", {"scan": "1", "key": str(uuid.uuid4())})
    assert answer.status_code == 403
    assert "画面の有効期限が切れました" in answer.content.decode()


def test_cookies_are_bound_to_host_and_secure(anonymous: Client, central: Library) -> None:
    anonymous.get("/login/")
    log_in(anonymous, "demo", central)
    assert set(anonymous.cookies) == {"__Host-shoko-staff", "__Host-shoko-staff-csrf", "__Host-shoko-terminal"}
    for cookie in anonymous.cookies.values():
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
            True,
            True,
            "Strict",
            "/",
            "",
        )


def test_nothing_of_a_counter_is_cached(staff: Client) -> None:
    for path in ("/lend/", "/return/", "/patrons/"):
        answer = staff.get(path)
        assert answer["Cache-Control"] == "no-store"
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]


def test_a_scan_costs_a_fixed_number_of_queries(
    staff: Client, card: Card, item: Item, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MARKED_EVERY", 10**6)
    counter = Counter(staff, "/lend/")
    counter.scan(card.number)
    others = Item.objects.filter(library_use_only=False, loans__isnull=True)[:6]
    for each in [item, *others]:
        with django_assert_max_num_queries(30):
            assert "貸し出しました" in counter.scan(each.barcode)


def test_listing_patrons_costs_the_same_for_one_as_for_many(staff: Client) -> None:
    act_as("ils_owner", "ils")
    Patron.objects.filter(reading_key__startswith="ミホンヤマサ").update(phone="000-0000-9999")
    act_as("ils_staff", "ils")
    counts = []
    for text in ("みほんやまさつき", "みほんやまさ"):
        with CaptureQueriesContext(connection) as captured:
            assert "<tr>" in staff.post("/patrons/", {"text": text, "phone_end": "9999"}).content.decode()
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 9
