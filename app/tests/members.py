"""What the tests of My Library share: a citizen who logs in, and the desk that does the orders."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test import Client

from shoko_ils.mylibrary import desk, passwords
from shoko_ils.patrons.models import Card, Patron
from tests.roles import act_as

PASSWORD = "natsukusa ya 1689"
PAGES_OF_MEMBERS = (
    "/my/", "/my/holds/", "/my/holds/ended/", "/my/renew/", "/my/contact/", "/my/favourites/", "/my/history/",
    "/my/request/", "/my/question/",
)  # fmt: skip


@contextmanager
def role(name: str) -> Iterator[None]:
    """Another role for a while; the public one comes back."""
    act_as(name, "ils" if name == "ils_staff" else "ils, private")
    try:
        yield
    finally:
        act_as("ils_public", "ils, private")


def desk_works(seconds: float = 0) -> None:
    """What the waiting of a page is replaced by: the desk does what waits, with the rights of staff."""
    with role("ils_staff"):
        desk.work()


def give_password(patron: Patron, password: str = PASSWORD) -> None:
    with role("ils_owner"):
        store_password(patron, password)


def store_password(patron: Patron, password: str = PASSWORD) -> None:
    """As the owner, who a test is already."""
    salt = passwords.new_salt()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO private.patron_password (patron_id, changed_on, salt, verifier) VALUES (%s, now(), %s, %s)",
            [patron.pk, salt, passwords.verifier(password, salt)],
        )


def card_of(patron: Patron) -> str:
    with role("ils_owner"):
        return Card.objects.get(patron=patron, ended_on__isnull=True).number


def log_in(client: Client, number: str, password: str = PASSWORD) -> bool:
    return client.post("/my/login/", {"card": number, "password": password}).status_code == 302


def said(client: Client, path: str, data: dict[str, object]) -> str:
    """The code with which My Library answers an act."""
    answer = client.post(path, data)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"]).rpartition("said=")[2]


def count(sql: str, *parameters: object) -> int:
    """One number, seen by the owner."""
    with role("ils_owner"), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.fetchone()[0])


def my(client: Client) -> str:
    answer = client.get("/my/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def key() -> str:
    return str(uuid.uuid4())


def put(client: Client, *records: int) -> None:
    for record in records:
        assert client.post("/my/basket/add/", {"record": record}).status_code == 302


def place(client: Client, **more: object) -> str:
    form = {"key": key(), "pickup": "south", "group_kind": "", "not_needed_after": "", **more}
    return client.post("/my/basket/", form).content.decode()
