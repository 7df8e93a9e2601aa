"""The first two accounts of a new site: made at a host's terminal, once."""

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from shoko_ils.audit.models import Event
from shoko_ils.core.models import Library
from shoko_ils.staff.models import Level, StaffAccount, StaffTotp
from shoko_ils.staff.services import factors
from tests.conftest import log_in, make_account

PERSONS = (
    ("yamada", "架空 山子", "中央図書館", "ward-staff", "director"),
    ("suzuki", "架空 鈴夫", "情報政策課", "ward-staff", "systems"),
)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(central: Library, settings: Any) -> Callable[..., str]:
    """The command on a site that has no account of level 1 and asks for a second factor."""
    StaffAccount.objects.filter(level=Level.MANAGER).update(removed_on="2026-04-01", registered_on="2026-04-01")
    settings.SITE = {**settings.SITE, "authority": {"second_factor": True}}

    def run(*persons: tuple[str, ...], told: StringIO | None = None) -> str:
        told = told or Terminal()
        call_command("first_accounts", *(word for each in persons for word in ("--person", *each)), stdout=told)
        return told.getvalue()

    return run


def test_two_persons_begin_and_each_sets_password_and_second_factor_first(
    run: Callable[..., str], central: Library, settings: Any, request: Any
) -> None:
    said = run(*PERSONS)
    passwords = dict(line.split("  ") for line in said.splitlines()[:2])
    assert list(passwords) == ["yamada", "suzuki"]
    made = list(StaffAccount.objects.in_force().filter(level=Level.MANAGER).order_by("pk"))
    assert [one.login_id for one in made] == ["yamada", "suzuki"]
    assert passwords["yamada"] not in made[0].password, "only its hash is kept"
    assert list(Event.objects.order_by("-id").values_list("actor", "action")[:2]) == [
        ("suzuki", "first-account"), ("yamada", "first-account"),
    ]  # fmt: skip
    client: Client = request.getfixturevalue("anonymous")
    settings.SITE = {**settings.SITE, "authority": {"second_factor": True}}  # the service reads the same site file
    log_in(client, "yamada", central, passwords["yamada"])
    assert client.get("/staff/")["Location"] == "/account/"
    changed = {"act": "password", "old": passwords["yamada"], "new": "kaku-ni-mihon-9", "again": "kaku-ni-mihon-9"}
    assert client.post("/account/", changed).status_code == 302
    assert client.get("/staff/")["Location"] == "/account/", "the second factor is still missing"
    found = re.search(r"\b[A-Z2-7]{32}\b", client.get("/account/").content.decode())
    assert found
    secret = found.group()
    client.post("/account/", {"act": "code", "code": pyotp.TOTP(secret).now()})
    assert client.get("/staff/").status_code == 200


def test_it_is_refused_while_an_account_of_level_1_is_active(run: Callable[..., str]) -> None:
    run(*PERSONS)
    with pytest.raises(CommandError, match="an account of level 1 is active"):
        run(("another", *PERSONS[0][1:]), ("third", *PERSONS[1][1:]))
    assert StaffAccount.objects.in_force().filter(level=Level.MANAGER).count() == 2


@pytest.mark.parametrize(
    ("persons", "why"),
    [
        (PERSONS[:1], "two persons are needed"),
        ((PERSONS[0], PERSONS[0]), "two persons are needed"),
        (
            (PERSONS[0], ("tanaka", "架空", "奉仕係", "temporary", "")),
            "tanaka: temporary  is not of level 1 at central",
        ),
        ((PERSONS[0], ("demo", "架空", "中央図書館", "ward-staff", "systems")), "demo: this ID is in use"),
        ((PERSONS[0], ("Tanaka San", "架空", "中央図書館", "ward-staff", "systems")), "^ID: "),
    ],
)
def test_what_is_refused_makes_nobody(run: Callable[..., str], persons: tuple[Any, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(*persons)
    assert not StaffAccount.objects.in_force().filter(level=Level.MANAGER).exists()


def test_passwords_go_to_a_terminal_and_nowhere_else(run: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match="only shown at a terminal"):
        run(*PERSONS, told=StringIO())
    assert not StaffAccount.objects.in_force().filter(level=Level.MANAGER).exists()


def test_a_site_that_asks_for_no_second_factor_is_told_so(run: Callable[..., str], settings: Any) -> None:
    settings.SITE = {**settings.SITE, "authority": {"second_factor": False}}
    with pytest.raises(CommandError, match=r"authority\.second_factor must be true"):
        run(*PERSONS)


def test_a_lost_factor_is_reset_at_the_host_where_two_others_are_missing(run: Callable[..., str]) -> None:
    run(*PERSONS)
    yamada = StaffAccount.objects.get(login_id="yamada")
    StaffTotp.objects.create(account=yamada, secret="A" * 32, confirmed_on="2026-11-01")
    told = Terminal()
    call_command("reset_second_factor", "yamada", stdout=told)
    yamada.refresh_from_db()
    assert not factors.has_second_factor(yamada)
    assert yamada.initial_password
    assert yamada.check_password(told.getvalue().splitlines()[0].split("  ")[1])
    assert Event.objects.latest("id").action == "reset-factor-at-host"


def test_where_two_others_are_there_the_host_is_not_the_way(run: Callable[..., str], central: Library) -> None:
    run(*PERSONS)
    make_account(Level.MANAGER, central, "third")
    with pytest.raises(CommandError, match="two other persons of level 1 are active"):
        call_command("reset_second_factor", "third", stdout=Terminal())
    with pytest.raises(CommandError, match="nobody: no account in force"):
        call_command("reset_second_factor", "nobody", stdout=Terminal())
    with pytest.raises(CommandError, match="only shown at a terminal"):
        call_command("reset_second_factor", "third", stdout=StringIO())
