"""Writes through a database that goes away: nothing is lost, nothing happens twice, nobody waits for ever."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import InternalError, OperationalError, connection, transaction
from django.db.utils import ProgrammingError

from shoko_ils.core import db
from tests.cluster import connect


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connection.close()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def kill(pid: int) -> None:
    with connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])


class Clock:
    """For `db.time`: only who sleeps grows older."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(db, "time", made)
    return made


@pytest.mark.usefixtures("committed")
def test_a_broken_connection_is_replaced_and_the_operation_repeated() -> None:
    pids: list[int] = []

    def operation() -> str:
        pids.append(backend())
        if len(pids) == 1:
            kill(pids[0])
            backend()
        return "done"

    assert db.run(operation, confirm=lambda: None) == "done"
    assert len(set(pids)) == 2


@pytest.mark.usefixtures("committed")
def test_a_database_that_stays_away_ends_in_an_unknown_outcome(settings: Any, clock: Clock) -> None:
    settings.COUNTER_RETRY_SECONDS = 1

    def operation() -> None:
        kill(backend())
        backend()

    with pytest.raises(db.OutcomeUnknown):
        db.run(operation, confirm=lambda: None)
    assert clock.now == 1


@pytest.mark.usefixtures("committed")
def test_a_lost_standby_is_confirmed_by_a_second_commit() -> None:
    """The server says WARNING after a commit that no standby has; only a clean commit ends the doubt."""
    confirmations: list[int] = []

    def operation() -> str:
        warn()
        return "done"

    def confirm() -> None:
        confirmations.append(1)
        if len(confirmations) < 3:
            warn()

    assert db.run(operation, confirm=confirm) == "done"
    assert len(confirmations) == 3


@pytest.mark.usefixtures("committed")
def test_a_standby_that_stays_away_ends_in_an_unknown_outcome(settings: Any) -> None:
    settings.COUNTER_RETRY_SECONDS = 0
    with pytest.raises(db.OutcomeUnknown):
        db.run(warn, confirm=warn)


def warn() -> None:
    """A WARNING on this connection, as "canceling the wait for synchronous replication" is one."""
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE WARNING 'canceling the wait'; END $$")


@pytest.mark.usefixtures("committed")
def test_a_former_primary_counts_as_away() -> None:
    def operation() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("DELETE FROM scan_receipt")

    with pytest.raises(InternalError) as caught, transaction.atomic():
        operation()
    assert db.is_away(caught.value)


@pytest.mark.usefixtures("committed")
def test_our_own_mistakes_are_not_repeated() -> None:
    calls: list[int] = []

    def operation() -> None:
        calls.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    with pytest.raises(ProgrammingError):
        db.run(operation, confirm=lambda: None)
    assert len(calls) == 1


def test_the_counter_waits_for_its_session_while_there_is_no_primary(settings: Any, clock: Clock) -> None:
    settings.COUNTER_RETRY_SECONDS = 2
    tries: list[int] = []

    def read() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("no primary")
        return "back"

    assert db.wait_until_back(read) == "back"
    assert clock.now == 2 * db.PAUSE_SECONDS
    settings.COUNTER_RETRY_SECONDS = 0
    tries.clear()
    with pytest.raises(OperationalError):
        db.wait_until_back(read)


def test_what_counts_as_away() -> None:
    assert db.is_away(OperationalError("server closed the connection"))
    assert not db.is_away(InternalError("something else"))
    assert not db.is_away(ValueError("ours"))
