"""Staff accounts: levels from jobs, two persons for a change of rights, second factor, card and PIN, addresses."""

import datetime as dt
import re
import uuid
from typing import Any

import pyotp
import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor
from shoko_ils.core.models import Library
from shoko_ils.staff import jobs, policy
from shoko_ils.staff.models import (
    AssignedDuty,
    AuthorityRequest,
    Level,
    RecoveryCode,
    StaffAccount,
    StaffPin,
    StaffTotp,
)
from shoko_ils.staff.services import authority, factors
from tests.cluster import DEMO_PASSWORD
from tests.conftest import act_as, log_in, make_account
from tests.operators import CARD, OTHER_CARD, PIN, stand_by, take_over

DAY = dt.timedelta(days=1)


@pytest.fixture
def chiefs(central: Library) -> list[StaffAccount]:
    """Two persons of level 1."""
    return [make_account(Level.MANAGER, central, login_id) for login_id in ("chief-a", "chief-b")]


def actor_of(account: StaffAccount) -> Actor:
    return Actor(account.login_id, "central")


# --- from the job to the level ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job_class", "post", "library", "level"),
    [
        ("ward-staff", "director", "central", 1),
        ("ward-staff", "chief", "central", 1),
        ("ward-staff", "chief", "south", 2),  # 係長級(地区館除く)
        ("ward-staff", "director", "south", 2),
        ("ward-staff", "systems", "central", 1),
        ("ward-staff", "systems", "south", 1),
        ("ward-staff", "", "central", 2),
        ("library-service-staff", "", "south", 2),
        ("library-service-staff", "chief", "central", 2),
        ("trainee", "", "central", 3),
        ("temporary", "", "south", 4),
        ("volunteer", "", "central", None),
    ],
)
def test_the_level_follows_from_class_post_and_section(
    central: Library, job_class: str, post: str, library: str, level: int | None
) -> None:
    assert jobs.level_of(job_class, post, Library.objects.get(key=library)) == level


def test_todays_classes_are_site_data(central: Library, settings: Any) -> None:
    rules = [{"class": "fiscal-year-appointee", "level": 4}, {"class": "contractor", "level": 4}]
    names = {"contractor": {"ja": "委託スタッフ", "en": "Contractor's staff"}}
    settings.SITE = settings.SITE | {"authority": {"jobs": rules, "names": names, "second_factor": False}}
    assert jobs.level_of("fiscal-year-appointee", "", central) == Level.ASSISTANT
    assert jobs.level_of("ward-staff", "director", central) is None
    assert jobs.name("contractor", "ja") == "委託スタッフ"


# --- two persons --------------------------------------------------------------------------------------------------


def ask_for(chief: StaffAccount, login_id: str, central: Library, **more: Any) -> AuthorityRequest:
    post = authority.Post("架空 新人", "奉仕係", more.pop("job_class", "library-service-staff"), "", central)
    asked = {"login_id": login_id, "post": post, **more}
    return authority.ask(actor_of(chief), chief, "register", "joined", timezone.localdate(), key=uuid.uuid4(), **asked)


def test_an_account_is_made_by_two_persons(central: Library, chiefs: list[StaffAccount], request: Any) -> None:
    request_made = ask_for(chiefs[0], "newcomer", central)
    assert not StaffAccount.objects.filter(login_id="newcomer").exists()
    for _ in range(2):
        with pytest.raises(authority.Refused, match="second-person"):
            authority.confirm(actor_of(chiefs[0]), chiefs[0], request_made.pk)
    password = authority.confirm(actor_of(chiefs[1]), chiefs[1], request_made.pk)
    made = StaffAccount.objects.get(login_id="newcomer")
    assert (made.level, made.library, made.job_class) == (Level.OFFICER, central, "library-service-staff")
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "newcomer", central, password)
    # an initial password opens nothing but the page to change it
    assert client.get("/lend/")["Location"] == "/account/"
    sent = {"act": "password", "old": password, "new": "kaku-ni-mihon-9", "again": "kaku-ni-mihon-9"}
    assert client.post("/account/", sent | {"new": "short", "again": "short"}).status_code == 400
    assert client.post("/account/", sent).status_code == 302
    assert client.get("/lend/").status_code == 200


def test_no_right_is_changed_by_the_tables_and_none_by_the_function_without_two_ids_of_level_1(
    central: Library, chiefs: list[StaffAccount]
) -> None:
    """That both persons were there is seen to by the service: the database knows the IDs that it is told."""
    officer = StaffAccount.objects.get(login_id="demo")
    asked = ask_for(chiefs[0], "newcomer", central)
    act_as("ils_staff", "ils")
    for statement in (
        "UPDATE staff_account SET level = 1 WHERE login_id = 'demo'",
        "UPDATE staff_account SET removed_on = NULL",
        "INSERT INTO assigned_duty (account_id, duty, from_on) SELECT id, 'cataloguing', now() FROM staff_account",
        "UPDATE authority_request SET confirmed_by_id = requested_by_id",
        f"SELECT authority_confirm({asked.pk}, {officer.pk})",
        f"SELECT authority_confirm({asked.pk}, {chiefs[0].pk})",
        "SELECT staff_forget()",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT authority_confirm({asked.pk}, {chiefs[1].pk})")
    assert StaffAccount.objects.filter(login_id="newcomer").exists()


def test_a_change_of_rights_leaves_a_row_with_both_ids_that_the_service_cannot_remove(
    central: Library, chiefs: list[StaffAccount]
) -> None:
    asked = ask_for(chiefs[0], "newcomer", central)
    act_as("ils_staff", "ils")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT authority_confirm({asked.pk}, {chiefs[1].pk})")
    for statement in (
        f"DELETE FROM authority_request WHERE id = {asked.pk}",
        f"UPDATE authority_request SET requested_by_id = {chiefs[1].pk} WHERE id = {asked.pk}",
        f"UPDATE authority_request SET confirmed_by_id = NULL WHERE id = {asked.pk}",
        f"UPDATE authority_request SET login_id = 'another' WHERE id = {asked.pk}",
        "TRUNCATE authority_request",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row = AuthorityRequest.objects.get(pk=asked.pk)
    assert (row.requested_by, row.confirmed_by, row.login_id) == (chiefs[0], chiefs[1], "newcomer")


def test_nobody_changes_his_own_rights(central: Library, chiefs: list[StaffAccount]) -> None:
    today = timezone.localdate()
    with pytest.raises(authority.Refused, match="own-rights"):
        authority.ask(actor_of(chiefs[0]), chiefs[0], "end", "left", today, key=uuid.uuid4(), account=chiefs[0])
    about_b = authority.ask(
        actor_of(chiefs[0]), chiefs[0], "end", "left", today + DAY, key=uuid.uuid4(), account=chiefs[1]
    )
    with pytest.raises(authority.Refused, match="second-person"):
        authority.confirm(actor_of(chiefs[1]), chiefs[1], about_b.pk)


def test_an_id_is_never_used_again(central: Library, chiefs: list[StaffAccount]) -> None:
    with pytest.raises(authority.Refused, match="id-taken"):
        ask_for(chiefs[0], "demo", central)
    first, second = (ask_for(chiefs[0], "newcomer", central) for _ in range(2))
    authority.confirm(actor_of(chiefs[1]), chiefs[1], first.pk)
    with pytest.raises(authority.Refused, match="id-taken"):
        authority.confirm(actor_of(chiefs[1]), chiefs[1], second.pk)
    for statement in (
        "DELETE FROM staff_account WHERE login_id = 'newcomer'",
        "UPDATE staff_account SET login_id = 'x'",
    ):
        with (
            pytest.raises(DatabaseError, match="never used again"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_job_without_a_rule_gets_no_account(central: Library, chiefs: list[StaffAccount]) -> None:
    with pytest.raises(authority.Refused, match="no-level"):
        ask_for(chiefs[0], "volunteer", central, job_class="volunteer")


def test_a_refused_request_stays_refused(central: Library, chiefs: list[StaffAccount]) -> None:
    asked = ask_for(chiefs[0], "newcomer", central)
    authority.refuse(actor_of(chiefs[1]), chiefs[1], asked.pk)
    with pytest.raises(authority.Refused, match="closed"):
        authority.confirm(actor_of(chiefs[1]), chiefs[1], asked.pk)
    with pytest.raises(authority.Refused, match="closed"):
        authority.refuse(actor_of(chiefs[1]), chiefs[1], asked.pk)


def test_duties_come_and_go_with_their_dates(central: Library, chiefs: list[StaffAccount]) -> None:
    assistant, officer = make_account(Level.ASSISTANT, central), StaffAccount.objects.get(login_id="demo")
    today, first = timezone.localdate(), chiefs[0]

    def change(kind: str, account: StaffAccount, day: dt.date) -> None:
        asked = authority.ask(
            actor_of(first), first, kind, "duty", day, key=uuid.uuid4(), account=account, duty="cataloguing"
        )
        authority.confirm(actor_of(chiefs[1]), chiefs[1], asked.pk)

    with pytest.raises(authority.Refused, match="not-level-4"):
        change("grant", officer, today)
    change("grant", assistant, today)
    assert AssignedDuty.objects.get().until_on is None
    change("revoke", assistant, today + DAY)
    assert AssignedDuty.objects.get().until_on == today


def test_the_end_of_an_account_takes_everything_that_recognises_the_person(
    central: Library, chiefs: list[StaffAccount]
) -> None:
    today = timezone.localdate()
    leaver = make_account(Level.OFFICER, central, "leaver")
    StaffAccount.objects.filter(pk=leaver.pk).update(card=CARD)
    factors.set_pin(leaver, PIN)
    secret = factors.begin_totp(leaver)
    assert factors.confirm_totp(leaver, pyotp.TOTP(secret).now())
    later = authority.ask(actor_of(chiefs[0]), chiefs[0], "end", "left", today + DAY, key=uuid.uuid4(), account=leaver)
    authority.confirm(actor_of(chiefs[1]), chiefs[1], later.pk)
    leaver.refresh_from_db()
    assert leaver.is_active
    assert leaver.check_password(DEMO_PASSWORD)
    StaffTotp.objects.all().delete()
    now = authority.ask(actor_of(chiefs[0]), chiefs[0], "end", "left", today, key=uuid.uuid4(), account=leaver)
    authority.confirm(actor_of(chiefs[1]), chiefs[1], now.pk)
    leaver.refresh_from_db()
    assert (leaver.is_active, leaver.password, leaver.card, leaver.login_id) == (False, "!", None, "leaver")
    for model in (StaffPin, StaffTotp, RecoveryCode):
        assert not model.objects.filter(account=leaver).exists()


def test_a_planned_end_comes_into_force_at_night(central: Library) -> None:
    leaver = make_account(Level.OFFICER, central, "leaver")
    StaffAccount.objects.filter(pk=leaver.pk).update(removed_on=timezone.localdate())
    call_command("tidy", verbosity=0)
    leaver.refresh_from_db()
    assert leaver.password == "!"


# --- the second factor --------------------------------------------------------------------------------------------


@pytest.fixture
def secret(central: Library) -> str:
    """The officer `demo` has a second factor; its secret."""
    demo = StaffAccount.objects.get(login_id="demo")
    made = factors.begin_totp(demo)
    assert len(factors.confirm_totp(demo, pyotp.TOTP(made).now())) == 8
    return made


def next_code(secret: str) -> str:
    """The code of now has confirmed the factor; this one is good now and in half a minute."""
    return pyotp.TOTP(secret).at(dt.datetime.now() + dt.timedelta(seconds=30))


def password_step(client: Client, central: Library) -> str:
    answer = client.post("/login/", {"login_id": "demo", "password": DEMO_PASSWORD, "library": central.pk})
    found = re.search(r'name="person" value="([^"]*)"', answer.content.decode())
    assert found, answer.content.decode()
    return found.group(1)


def test_the_password_alone_opens_nothing(secret: str, anonymous: Client, central: Library) -> None:
    token = password_step(anonymous, central)
    assert anonymous.get("/lend/").status_code == 302
    assert anonymous.post("/login/code/", {"person": token, "code": "000000"}).status_code == 403
    assert anonymous.post("/login/code/", {"person": "forged:x:y", "code": "000000"})["Location"] == "/login/"
    code = next_code(secret)
    assert anonymous.post("/login/code/", {"person": token, "code": code})["Location"] == "/"
    assert anonymous.get("/lend/").status_code == 200


def test_a_code_works_once(secret: str, anonymous: Client, central: Library) -> None:
    code = next_code(secret)
    sent = {"person": password_step(anonymous, central), "code": code}
    assert anonymous.post("/login/code/", sent).status_code == 302
    assert Client().post("/login/code/", sent).status_code == 403


def test_wrong_codes_pause_the_account(secret: str, anonymous: Client, central: Library) -> None:
    token = password_step(anonymous, central)
    for _ in range(5):
        assert anonymous.post("/login/code/", {"person": token, "code": "000000"}).status_code == 403
    assert anonymous.post("/login/code/", {"person": token, "code": next_code(secret)}).status_code == 403


def test_a_recovery_code_works_once(central: Library) -> None:
    demo = StaffAccount.objects.get(login_id="demo")
    made = factors.begin_totp(demo)
    codes = factors.confirm_totp(demo, pyotp.TOTP(made).now())
    assert factors.check_second_factor(demo, codes[0].upper())
    assert not factors.check_second_factor(demo, codes[0])
    assert factors.check_second_factor(demo, codes[1])
    assert codes[2] not in str(list(RecoveryCode.objects.values_list("code", flat=True)))


def test_where_the_site_asks_for_it_nobody_works_without_a_second_factor(
    anonymous: Client, central: Library, settings: Any
) -> None:
    settings.SITE = settings.SITE | {"authority": {}}
    log_in(anonymous, "demo", central)
    assert anonymous.get("/lend/")["Location"] == "/account/"
    # nor by card and PIN, neither one's own nor on a terminal that such a log-in opens
    anonymous.post("/account/", {"act": "pin", "card": CARD, "pin": PIN})
    anonymous.post("/logout/")
    assert "本日まだ開かれていません" in take_over(anonymous, CARD).content.decode()
    log_in(anonymous, "demo", central)
    html = anonymous.get("/account/").content.decode()
    assert "<svg" in html
    found = re.search(r'<p class="number">([A-Z2-7]{32})</p>', html)
    assert found
    answer = anonymous.post("/account/", {"act": "code", "code": pyotp.TOTP(found.group(1)).now()})
    assert answer.content.decode().count("<li>") == 8
    assert anonymous.get("/lend/").status_code == 200


def test_a_pin_of_before_is_no_second_factor(
    colleagues: None, anonymous: Client, central: Library, settings: Any
) -> None:
    log_in(anonymous, "demo", central)
    assert take_over(anonymous, OTHER_CARD).status_code == 302
    assert anonymous.get("/lend/").status_code == 200
    settings.SITE = settings.SITE | {"authority": {"second_factor": True}}
    assert anonymous.get("/lend/")["Location"] == "/account/"


def test_failures_are_forgiven_after_password_and_code(secret: str, central: Library, request: Any) -> None:
    client: Client = request.getfixturevalue("anonymous")
    sent = {"login_id": "demo", "password": DEMO_PASSWORD, "library": central.pk}
    for _ in range(2):
        client.post("/login/", sent | {"password": "wrong"})
    answer = client.post("/login/", sent)
    person = re.search(r'name="person" value="([^"]*)"', answer.content.decode()).group(1)
    assert StaffAccount.objects.get(login_id="demo").failed_logins == 2
    assert client.post("/login/code/", {"person": person, "code": next_code(secret)}).status_code == 302
    assert StaffAccount.objects.get(login_id="demo").failed_logins == 0


def test_a_supervisor_shows_his_second_factor_too(secret: str, central: Library, request: Any) -> None:
    make_account(Level.TRAINEE, central)
    client: Client = request.getfixturevalue("anonymous")
    answer = client.post("/login/", {"login_id": "level3", "password": DEMO_PASSWORD, "library": central.pk})
    token = re.search(r'name="trainee" value="([^"]*)"', answer.content.decode()).group(1)
    sent = {"trainee": token, "login_id": "demo", "password": DEMO_PASSWORD}
    stand_by("demo", central)
    assert client.post("/login/supervisor/", sent).status_code == 403
    act_as("ils_owner", "ils")
    assert list(Event.objects.values_list("actor", "action").order_by("-id")[:1]) == [("demo", "code-refused")]
    act_as("ils_staff", "ils")
    assert client.post("/login/supervisor/", sent | {"code": next_code(secret)}).status_code == 302


# --- policy of the site -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "enters"),
    [("10.1.2.3", True), ("10.2.0.1", False), ("fd00::5", True), ("", False), ("nonsense", False)],
)
def test_only_the_sites_addresses_get_in(anonymous: Client, settings: Any, address: str, enters: bool) -> None:
    settings.SITE = settings.SITE | {"authority": {"second_factor": False, "sources": ["10.1.0.0/16", "fd00::/64"]}}
    answer = anonymous.get("/login/", headers={"X-Real-IP": address})
    assert (answer.status_code == 200) is enters
    # a terminal that reaches the service itself cannot say another address
    assert anonymous.get("/login/", headers={"X-Real-IP": "10.1.2.3"}, REMOTE_ADDR="10.9.9.9").status_code == 403


def test_rotation_of_passwords_is_the_sites_choice(staff: Client, settings: Any) -> None:
    demo = StaffAccount.objects.get(login_id="demo")
    demo.password_changed_on = timezone.localdate() - 90 * DAY
    assert not policy.password_is_due(demo)
    settings.SITE = settings.SITE | {"authority": {"password_days": 90, "second_factor": False}}
    assert policy.password_is_due(demo)
    demo.password_changed_on += DAY
    assert not policy.password_is_due(demo)


@pytest.mark.parametrize("new", ["short", "123456789012", "1q2w3e4r5t6y"])
def test_weak_passwords_are_refused(staff: Client, new: str) -> None:
    sent = {"act": "password", "old": DEMO_PASSWORD, "new": new, "again": new}
    answer = staff.post("/account/", sent)
    assert (answer.status_code, StaffAccount.objects.get(login_id="demo").check_password(DEMO_PASSWORD)) == (400, True)


def test_the_database_wants_two_persons_and_not_the_one_it_is_about(
    central: Library, chiefs: list[StaffAccount]
) -> None:
    good = {"kind": "end", "reason": "left", "account": StaffAccount.objects.get(login_id="demo"), "login_id": "demo",
            "from_on": timezone.localdate(), "requested_by": chiefs[0], "requested_at": timezone.now()}  # fmt: skip
    both = {"confirmed_at": timezone.now()}
    for wrong in (
        good | both | {"confirmed_by": chiefs[0]},
        good | {"account": chiefs[0]},
        good | both | {"account": chiefs[1], "confirmed_by": chiefs[1]},
        good | {"account": None},
        good | {"kind": "grant"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AuthorityRequest.objects.create(key=uuid.uuid4(), **wrong)
    AuthorityRequest.objects.create(key=uuid.uuid4(), **good)


def test_screens_of_accounts(central: Library, chiefs: list[StaffAccount], request: Any) -> None:
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "chief-a", central)
    sent = {"login_id": "newcomer", "name": "架空 新人", "section": "奉仕係", "job_class": "temporary", "post": "",
            "library": central.pk, "from_on": "R8.4.1", "until_on": "", "reason": "joined",
            "key": str(uuid.uuid4())}  # fmt: skip
    assert client.post("/staff/", sent).status_code == 302
    html = client.get("/staff/").content.decode()
    assert "架空 新人" in html
    pk = AuthorityRequest.objects.get().pk
    assert client.post(f"/staff/requests/{pk}/", {"act": "confirm"}).status_code == 409
    log_in(client, "chief-b", central)
    html = client.post(f"/staff/requests/{pk}/", {"act": "confirm"}).content.decode()
    password = re.search(r'<p class="number">([a-z0-9-]{19})</p>', html)
    made = StaffAccount.objects.get(login_id="newcomer")
    assert password
    assert made.check_password(password.group(1))
    duty = {"act": "duty", "kind": "grant", "duty": "cataloguing", "reason": "duty", "from_on": "2026-04-01",
            "key": str(uuid.uuid4())}  # fmt: skip
    assert client.post(f"/staff/{made.pk}/", duty).status_code == 302
    assert client.post(f"/staff/{made.pk}/", duty | {"duty": "all", "key": str(uuid.uuid4())}).status_code == 400


# --- a lost second factor, a screen left open -----------------------------------------------------------------------


def test_a_lost_second_factor_is_reset_by_two_persons(
    secret: str, central: Library, chiefs: list[StaffAccount], request: Any
) -> None:
    lost = StaffAccount.objects.get(login_id="demo")
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "chief-a", central)
    sent = {"act": "factor", "reason": "lost", "from_on": "R8.4.1", "key": str(uuid.uuid4())}
    assert client.post(f"/staff/{lost.pk}/", sent).status_code == 302
    asked = AuthorityRequest.objects.get()
    assert factors.has_second_factor(lost), "nothing happens by asking"
    assert client.post(f"/staff/requests/{asked.pk}/", {"act": "confirm"}).status_code == 409, "not by one person"
    log_in(client, "chief-b", central)
    html = client.post(f"/staff/requests/{asked.pk}/", {"act": "confirm"}).content.decode()
    password = re.search(r'<p class="number">([a-z0-9-]{19})</p>', html)
    assert password
    lost.refresh_from_db()
    assert not factors.has_second_factor(lost)
    assert not RecoveryCode.objects.filter(account=lost).exists()
    assert not lost.check_password(DEMO_PASSWORD), "the password alone opened nothing, and does not now"
    again = client.post(f"/staff/requests/{asked.pk}/", {"act": "confirm"})
    assert again.status_code == 302, "a second click gives no second password"
    lost.refresh_from_db()
    assert lost.check_password(password.group(1))
    log_in(client, "demo", central, password.group(1))
    assert client.get("/lend/")["Location"] == "/account/", "to be changed first"
    actions = list(Event.objects.order_by("id").values_list("actor", "action"))
    assert ("chief-a", "ask-authority-factor") in actions
    assert actions.count(("chief-b", "confirm-authority-factor")) == 1


def test_a_second_factor_of_a_removed_account_is_not_reset(central: Library, chiefs: list[StaffAccount]) -> None:
    today = timezone.localdate()
    gone = make_account(Level.OFFICER, central, "gone")
    asked = authority.ask(actor_of(chiefs[0]), chiefs[0], "factor", "lost", today, key=uuid.uuid4(), account=gone)
    StaffAccount.objects.filter(pk=gone.pk).update(removed_on=today)
    with pytest.raises(authority.Refused, match="closed"):
        authority.confirm(actor_of(chiefs[1]), chiefs[1], asked.pk)
    gone.refresh_from_db()
    assert not gone.initial_password


def test_a_supervisor_ends_the_sessions_of_another_and_of_no_one_else(central: Library, request: Any) -> None:
    make_account(Level.ASSISTANT, central, "left-open")
    make_account(Level.ASSISTANT, central, "goes-on")
    officer: Client = request.getfixturevalue("anonymous")
    log_in(officer, "demo", central)
    screens = {name: [Client(), Client()] for name in ("left-open", "goes-on")}
    for name, clients in screens.items():
        for client in clients:
            log_in(client, name, central)
    assert screens["left-open"][0].get("/staff/sessions/").status_code == 403
    assert "left-open" in officer.get("/staff/sessions/").content.decode()
    assert officer.post("/staff/sessions/", {"login_id": "demo"}).status_code == 404, "not one's own"
    assert officer.post("/staff/sessions/", {"login_id": "left-open"}).status_code == 302
    assert [client.get("/lend/").status_code for client in screens["left-open"]] == [302, 302]
    assert [client.get("/lend/").status_code for client in screens["goes-on"]] == [200, 200]
    assert officer.get("/lend/").status_code == 200
    html = officer.get("/staff/sessions/").content.decode()
    assert "left-open" not in html
    assert "goes-on" in html
    actions = list(Event.objects.order_by("id").values_list("actor", "action"))
    assert actions[-2:] == [("demo", "end-sessions"), ("left-open", "sessions-ended")]
