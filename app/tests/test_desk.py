"""The desk as the service that it is: a process of its own with the role of staff, told by the database."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from tests.cluster import connect
from tests.conftest import APP

PATIENCE_SECONDS = 120


@pytest.fixture
def desk(django_db_setup: None) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "SHOKO_DB_NAME": connection.settings_dict["NAME"],
        "DJANGO_SETTINGS_MODULE": "shoko_ils.settings.staff",
    }
    process = subprocess.Popen([sys.executable, "manage.py", "serve_members"], cwd=APP, env=environment)
    yield process
    process.terminate()
    process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def signed_in(django_db_setup: None) -> Iterator[tuple[psycopg.Connection, int]]:
    """A connection of the public role with the session of a patron, on committed data."""
    token = secrets.token_urlsafe(32)
    with connect(connection.settings_dict["NAME"]) as owner:
        (patron,) = owner.execute("SELECT min(id) FROM ils.patron").fetchone() or (0,)
        owner.execute(
            "INSERT INTO private.patron_session"
            " VALUES (sha256(convert_to(%s, 'UTF8')), %s, now(), now() + interval '1 hour', false)",
            [token, patron],
        )
        public = connect(connection.settings_dict["NAME"], "ils_public", options="-c search_path=ils,private")
        public.execute("SELECT set_config('shoko.session', %s, false)", [token])
        yield public, patron
        public.close()
        owner.execute("DELETE FROM private.patron_session")
        owner.execute("DELETE FROM ils.member_order")


def test_the_desk_answers_an_order_and_survives_a_broken_connection(
    desk: subprocess.Popen[bytes], signed_in: tuple[psycopg.Connection, int]
) -> None:
    public, patron = signed_in

    def answered() -> bool:
        public.execute("DELETE FROM member_order")
        public.execute(
            "INSERT INTO member_order (key, patron_id, kind, asked, made_at)"
            " VALUES (gen_random_uuid(), %s, 'view', '{}', clock_timestamp())",
            [patron],
        )
        for _ in range(40):
            row = public.execute("SELECT answer FROM member_order").fetchone()
            if row and row[0] is not None:
                return set(row[0]) == {"ranks", "passed_over", "renewal"}
            time.sleep(0.05)
        return False

    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answered():
        assert time.monotonic() < deadline
        assert desk.poll() is None
    with connect() as superuser:
        ended = superuser.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ils_staff'"
        ).fetchone()
    assert ended
    assert ended[0] >= 1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answered():
        assert time.monotonic() < deadline
        assert desk.poll() is None
