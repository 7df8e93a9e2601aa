"""Fixtures: the demonstration library in the test database, and the two faces with their own rights."""

import datetime as dt
import importlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.contrib.staticfiles import storage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone, translation

from shoko_ils.audit.record import Actor
from shoko_ils.catalog import search
from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import lend
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.mylibrary import orders, passwords
from shoko_ils.patrons.models import Card, Patron, PatronCategory
from shoko_ils.patrons.services.registration import Details
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.services import factors
from tests.at_counter import free, page, service, site  # noqa: F401  # fixtures of the browser tests
from tests.audited import Scene
from tests.cluster import DEMO_PASSWORD, wait_until_left
from tests.holding import copies, empty_the_shelves, new, open_loan
from tests.members import card_of, desk_works, give_password
from tests.members import log_in as log_in_member
from tests.operators import CARD, OTHER_CARD, PIN
from tests.registering import DAY
from tests.roles import act_as

# hundreds of log-ins would take minutes: that the product's own cost is paid is asserted in test_settings.py
COST = (ScryptPasswordHasher.work_factor, ScryptPasswordHasher.parallelism, passwords.WORK)
ScryptPasswordHasher.work_factor = passwords.WORK = 2**4
# how long an example takes is the machine's matter
hypothesis.settings.register_profile("shoko", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shoko")
APP = Path(__file__).resolve().parent.parent
MEROS = 1567
# columns of an item that is withdrawn
WITHDRAWN = {"condition": "withdrawn", "withdrawn_on": "2026-11-01", "withdrawal_reason": "worn"}


@pytest.fixture(scope="session", autouse=True)
def collected() -> None:
    """Collected static files, as a release has them; run-tests has compiled the translations."""
    call_command("collectstatic", interactive=False, verbosity=0)
    storage.staticfiles_storage._setup()  # reads the manifest that was just written


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """The migrated test database with the demonstration library; tests work in transactions on top of it.

    Replaces pytest-django's own, which makes no database for tests that commit on their own connections.
    """
    connection.settings_dict["OPTIONS"]["connect_timeout"] = 30
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        call_command("load_demo", verbosity=0, without_day=True)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # the server of the tests does it at no other time
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="module")
def copied(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A copy of the demonstration library for tests that commit: what they leave is in nobody's way."""
    with django_db_blocker.unblock():
        settings, original = connection.settings_dict, connection.settings_dict["NAME"]
        copy = f"{original}_copy"

        def administer(statement: str, nobody_at: str) -> None:
            connection.close()
            wait_until_left(nobody_at)
            with connection._nodb_cursor() as cursor:
                cursor.execute(statement)

        administer(f"CREATE DATABASE {copy} TEMPLATE {original}", original)
        settings["NAME"] = copy
        try:
            yield
        finally:
            settings["NAME"] = original
            administer(f"DROP DATABASE {copy}", copy)


@pytest.fixture(autouse=True)
def japanese() -> Iterator[None]:
    """Middleware leaves the language of the last request active; each test begins in Japanese."""
    with translation.override("ja"):
        yield


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Each test begins as a process does: what an earlier test searched for, and rolled back, is not known."""
    for remembered in (search._facets, search._count, search._page):
        remembered.cache_clear()


@pytest.fixture
def actor() -> Actor:
    return Actor("demo", "central")


@pytest.fixture
def central(db: None) -> Library:
    return Library.objects.get(key="central")


@pytest.fixture
def patron(db: None) -> Patron:
    """A patron without loans, whose registration is in force."""
    return Patron.objects.filter(loans__isnull=True, expires_on__gt="2029-01-01").order_by("pk")[0]


@pytest.fixture
def other_patron(patron: Patron) -> Patron:
    return Patron.objects.filter(loans__isnull=True, expires_on__gt="2029-01-01").exclude(pk=patron.pk)[0]


@pytest.fixture
def card(patron: Patron) -> Card:
    return Card.objects.get(patron=patron, ended_on__isnull=True)


@pytest.fixture
def item(central: Library) -> Item:
    """The copy of 走れメロス that the central library owns."""
    return Item.objects.get(record_id=MEROS, library=central)


@pytest.fixture
def meros(db: None) -> list[Item]:
    """The three copies of 走れメロス; the first is the central library's."""
    return sorted(copies(MEROS), key=lambda item: item.library.position)


@pytest.fixture
def empty_shelves(db: None) -> None:
    """Without the holds of the demonstration: queues, shelves and lists are those of the test alone."""
    empty_the_shelves()


@pytest.fixture
def scene(patron: Patron, central: Library, tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    """What an act of the audit's tables is about; the browser of `staff` where the test has it."""
    client = request.getfixturevalue("staff") if "staff" in request.fixturenames else None
    return Scene(patron, central, tmp_path, client)


@pytest.fixture
def key() -> uuid.UUID:
    return uuid.uuid4()


def wear(settings: Any, face: ModuleType) -> None:
    """The settings of a face, but for the applications (all are loaded) and the database (the role is taken on)."""
    for name in dir(face):
        if name.isupper() and name not in ("INSTALLED_APPS", "DATABASES", "STATIC_ROOT"):
            setattr(settings, name, getattr(face, name))


@pytest.fixture
def public(db: None, settings: Any) -> Client:
    """A citizen's browser: the public service with its role."""
    wear(settings, importlib.import_module("shoko_ils.settings.public"))
    act_as("ils_public", "ils, private")
    return Client()


@pytest.fixture
def anonymous(db: None, settings: Any) -> Client:
    """A browser at the staff service before the log-in."""
    wear(settings, importlib.import_module("shoko_ils.settings.staff"))
    act_as("ils_staff", "ils")
    return Client()


@pytest.fixture
def staff(anonymous: Client, central: Library) -> Client:
    """A librarian (level 2) at the central library."""
    log_in(anonymous, "demo", central)
    return anonymous


def log_in(client: Client, login_id: str, library: Library, password: str = DEMO_PASSWORD) -> None:
    answer = client.post("/login/", {"login_id": login_id, "password": password, "library": library.pk})
    assert answer.status_code == 302, answer.content.decode()


def make_account(level: int, library: Library, login_id: str = "") -> StaffAccount:
    """An account of a level, made as the owner makes it; call it before taking on a role."""
    account = StaffAccount(
        login_id=login_id or f"level{level}",
        name="試験 職員",
        level=level,
        library=library,
        registered_on=dt.date(2026, 4, 1),
    )
    account.set_password(DEMO_PASSWORD)
    account.save()
    return account


@pytest.fixture
def officer(central: Library) -> StaffAccount:
    return make_account(Level.OFFICER, central)


@pytest.fixture
def lent(actor: Actor, patron: Patron, item: Item, central: Library) -> Loan:
    lend(actor, patron.pk, item.barcode, central, new())
    return open_loan(item)


@pytest.fixture
def colleagues(central: Library) -> None:
    """`demo` and an assistant, each with staff card and PIN."""
    for login_id, card in (("demo", CARD), ("level4", OTHER_CARD)):
        account = StaffAccount.objects.filter(login_id=login_id).first() or make_account(Level.ASSISTANT, central)
        StaffAccount.objects.filter(pk=account.pk).update(card=card)
        factors.set_pin(account, PIN)


@pytest.fixture
def category(db: None) -> PatronCategory:
    return PatronCategory.objects.order_by("pk")[0]


@pytest.fixture
def details(category: PatronCategory) -> Details:
    return Details(
        category_id=category.pk,
        name="見本谷 花子",
        name_reading="ミホンダニ ハナコ",
        birth_date=dt.date(1990, 4, 5),
        postal_code="0000000",
        address="架空市見本町99丁目9番",
        phone="000-0077-4321",
        contact="phone",
    )


@pytest.fixture
def child(details: Details) -> Details:
    birth = timezone.localdate().replace(month=6, day=1) - 8 * 365 * DAY
    return Details(**{**details.__dict__, "name": "見本谷 小太郎", "birth_date": birth, "guardian_name": "見本谷 花子"})


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk of My Library works while a page waits."""
    monkeypatch.setattr(orders, "pause", desk_works)


@pytest.fixture
def member(public: Client, patron: Patron) -> Client:
    give_password(patron)
    assert log_in_member(public, card_of(patron))
    return public
