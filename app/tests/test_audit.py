"""The audit: linked, append-only, and checked by other arithmetic than that which wrote it."""

import datetime as dt
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from shoko_ils.audit import chain
from shoko_ils.audit.models import Event
from shoko_ils.audit.record import Actor, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(actor: Actor) -> list[Event]:
    for index in range(4):
        write(actor, "view-patron", "patron", [uuid.UUID(int=index)])
    write(actor, "lend", "lend")
    return list(Event.objects.order_by("id"))


def test_the_database_links_as_python_does(events: list[Event]) -> None:
    count, last = chain.verify(events)
    assert (count, last) == (len(events), events[-1].link)
    assert [event.id for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("field", ["actor", "action", "screen", "library", "subject", "at", "previous", "link"])
def test_any_changed_field_breaks_the_chain(events: list[Event], field: str) -> None:
    changed = {"subject": uuid.uuid4(), "at": events[2].at + dt.timedelta(microseconds=1)}
    setattr(events[2], field, changed.get(field, "x"))
    with pytest.raises(chain.ChainBroken, match="event 3 was altered"):
        chain.verify(events)


def test_a_removed_event_breaks_the_chain(events: list[Event]) -> None:
    with pytest.raises(chain.ChainBroken, match="event 2 is missing"):
        chain.verify(events[:1] + events[2:])


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_even_the_owner_changes_nothing(statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("events")
def test_the_command_finds_a_change_made_behind_the_trigger(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_audit")
    assert f"audit: {Event.objects.count()} events" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_append_only")
        cursor.execute("UPDATE audit_event SET actor = 'somebody else' WHERE id = 2")
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_append_only")
    with pytest.raises(CommandError, match="event 2 was altered"):
        call_command("verify_audit")
