"""The audit on its way to the collectors: every event, in order, whatever breaks on the way."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from shoko_ils.audit import shipping
from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor, write
from tests.cluster import connect, connected, wait_until_left
from tests.conftest import APP

FIELDS = ["number", "at", "actor", "action", "screen", "library", "subject", "previous", "link"]


def printed() -> list[dict[str, Any]]:
    """What one run prints."""
    out = io.StringIO()
    call_command("ship_audit", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_shipped")
        return int(cursor.fetchone()[0])


@pytest.fixture
def shipped(db: None) -> None:
    """Everything so far is out."""
    while printed():
        pass


@pytest.mark.usefixtures("shipped")
def test_each_event_is_printed_once_with_all_that_its_link_is_made_of(actor: Actor) -> None:
    subject = uuid.uuid4()
    write(actor, "view-patron", "patron", [subject])
    write(Actor('a"\n\x1b{', "central"), "login-refused", "login")
    lines = printed()
    assert [list(each) for each in lines] == [FIELDS] * 2
    assert [each["subject"] for each in lines] == [str(subject), ""]
    assert [each["number"] for each in lines] == list(Event.objects.order_by("id").values_list("id", flat=True))[-2:]
    for each in lines:
        parts = (each["previous"], str(each["number"]), each["at"].removesuffix("Z"), *list(each.values())[2:7])
        assert hashlib.sha256("\x1f".join(parts).encode()).hexdigest() == each["link"]
    assert printed() == []


@pytest.mark.usefixtures("shipped")
def test_what_was_printed_but_not_kept_is_printed_again(actor: Actor) -> None:
    class Broken(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    write(actor, "lend", "lend")
    before = kept()
    with pytest.raises(BrokenPipeError):
        shipping.ship(Broken())
    assert kept() == before
    assert [each["number"] for each in printed()] == [before + 1]


@pytest.mark.django_db
def test_of_two_servers_one_prints(actor: Actor) -> None:
    write(actor, "lend", "lend")
    with connect(connection.settings_dict["NAME"]) as other, other.transaction():
        other.execute("SELECT FROM ils.audit_shipped FOR UPDATE")
        assert printed() == []
    assert printed()


@pytest.mark.usefixtures("shipped")
def test_an_event_that_does_not_follow_is_printed_and_told(actor: Actor) -> None:
    write(actor, "lend", "lend")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_shipped SET link = repeat('1', 64)")
    out, number = io.StringIO(), kept() + 1
    with pytest.raises(CommandError, match=f"event {number} does not follow"):
        call_command("ship_audit", stdout=out)
    assert json.loads(out.getvalue())["number"] == number
    assert printed() == []


@pytest.mark.usefixtures("shipped")
def test_what_a_collector_lacks_is_printed_again_without_moving_on(actor: Actor) -> None:
    write(actor, "view-patron", "patron", [uuid.uuid4(), uuid.uuid4()])
    printed()
    last = kept()
    write(actor, "lend", "lend")
    out = io.StringIO()
    call_command("ship_audit", "--from", str(last - 1), stdout=out)
    assert [json.loads(line)["number"] for line in out.getvalue().splitlines()] == [last - 1, last]
    assert kept() == last


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    """So many events that printing them fills a pipe many times, committed; nothing of them is printed yet."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT id, link FROM audit_head")
        head = cursor.fetchone()
        for _ in range(4):
            write(Actor("demo", "central"), "view-patron", "patron", [uuid.uuid4() for _ in range(shipping.BATCH)])
        yield Event.objects.count()
        cursor.execute("UPDATE audit_shipped SET id = 0, link = repeat('0', 64)")
        # what nobody but the tests' superuser can do: other tests count the events of this month
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_append_only")
        cursor.execute("DELETE FROM audit_event WHERE id > %s", head[:1])
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_append_only")
        cursor.execute("UPDATE audit_head SET id = %s, link = %s", head)
    connection.close()


def test_a_killed_run_loses_no_event(committed: int) -> None:
    """SIGKILL while it prints, several times: in the end every number is there, each with the same link."""
    database = connection.settings_dict["NAME"]
    environment = os.environ | {"SHOKO_DB_NAME": database}
    lines: list[dict[str, Any]] = []
    others = connected(database)
    for reads in (100, shipping.BATCH + 100, None):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "ship_audit"], cwd=APP, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(json.loads(line))
            if reads and len(lines) >= reads:
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        assert process.wait() == (-signal.SIGKILL if reads else 0)
        wait_until_left(database, staying=others)  # until then the next run has nothing to do
        assert kept() <= lines[-1]["number"], "never ahead of what is out"
    by_number = {each["number"]: each["link"] for each in lines}
    assert sorted(by_number) == list(range(1, committed + 1))
    assert len({(each["number"], each["link"]) for each in lines}) == committed, "twice is the same line"
    ordered = sorted({each["number"]: each for each in lines}.values(), key=lambda each: each["number"])
    assert all(after["previous"] == before["link"] for before, after in pairwise(ordered))
