"""A real pair of servers: the primary dies in the middle, the standby takes over, the write happens once."""

import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from shoko_ils.core import db
from tests.cluster import ROOT, Server


def wait_for_the_table(standby: Server) -> None:
    """A confirmed commit is written at the standby, and may be read there only later."""
    deadline = time.monotonic() + 30
    with standby.connect() as reader:
        while reader.execute("SELECT to_regclass('mark') IS NULL").fetchone() != (False,):
            assert time.monotonic() < deadline, "the standby does not follow its primary"
            time.sleep(0.05)


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary with its synchronous standby."""
    place = ROOT / f"pair-{uuid.uuid4().hex[:8]}"
    primary, standby = Server(place / "one"), Server(place / "two")
    primary.create()
    primary.start()
    standby.copy_of(primary)
    standby.start()
    with primary.connect() as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE TABLE mark (key text PRIMARY KEY, times int NOT NULL)")
    wait_for_the_table(standby)
    yield primary, standby
    for server in (primary, standby):
        server.stop()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def pointed_at(pair: tuple[Server, Server], django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Django's connection, as the settings make it, to the pair; the standby stands first in the list."""
    primary, standby = pair
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": f"{standby.socket},{primary.socket}",
        "PORT": "5432,5432",
    }
    with django_db_blocker.unblock():
        yield
        connection.close()
    connection.settings_dict |= before


def write(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.mark VALUES (%s, 1) ON CONFLICT (key) DO UPDATE SET times = mark.times + 1", [key]
        )


@pytest.mark.usefixtures("pointed_at")
def test_the_primary_is_found_and_its_successor_too(pair: tuple[Server, Server], settings: Any) -> None:
    settings.COUNTER_RETRY_SECONDS = 60
    primary, standby = pair
    db.run(lambda: write("before"), confirm=lambda: write("confirm"))

    def succeed() -> None:
        time.sleep(1)
        standby.promote()

    successor = threading.Thread(target=succeed)
    tried: list[int] = []

    def operation() -> None:
        tried.append(1)
        write("during")
        if len(tried) == 1:
            primary.stop()  # before the commit
            successor.start()

    db.run(operation, confirm=lambda: write("confirm"))
    successor.join()
    assert len(tried) > 1
    with standby.connect() as admin:
        marks = dict(admin.execute("SELECT key, times FROM mark WHERE key <> 'confirm'").fetchall())
    assert marks == {"before": 1, "during": 1}


@pytest.mark.usefixtures("pointed_at")
def test_a_commit_that_no_standby_confirms_is_not_taken_for_done(pair: tuple[Server, Server], settings: Any) -> None:
    """The real warning of the server: its wait is cancelled, the row is there, and nobody else has it."""
    settings.COUNTER_RETRY_SECONDS = 1
    primary, standby = pair
    db.run(lambda: write("before"), confirm=lambda: write("confirm"))
    standby.stop()
    ended = threading.Event()

    def cancel_every_wait() -> None:
        with primary.connect() as admin:
            while not ended.wait(0.2):
                admin.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")

    thread = threading.Thread(target=cancel_every_wait)
    thread.start()
    try:
        with pytest.raises(db.OutcomeUnknown, match="no standby confirms"):
            db.run(lambda: write("alone"), confirm=lambda: write("confirm"))
    finally:
        ended.set()
        thread.join()


def test_the_pair_refuses_a_write_at_the_standby(pair: tuple[Server, Server]) -> None:
    with pair[1].connect() as admin, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        admin.execute("INSERT INTO mark VALUES ('x', 1)")
