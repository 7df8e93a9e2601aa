"""Disclosure and the register of requests."""

import io
import json
from typing import Any

import pytest
import pyzipper
from django.db import connection
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.services import lend
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons import disclosure, obstacles
from shoko_ils.patrons.models import (
    Patron,
)
from shoko_ils.patrons.services import registration, rights
from shoko_ils.patrons.services.registration import Details
from shoko_ils.patrons.services.write import Refused
from tests.holding import new
from tests.registering import DAY, free_card


def test_a_disclosure_holds_everything_and_opens_with_the_passphrase_alone(
    actor: Actor, central: Library, child: Details, item: Item
) -> None:
    kid = registration.register(actor, child, central, free_card(), new())
    lend(actor, kid.pk, item.barcode, central, new())
    made = disclosure.archive(kid, "correct horse 馬")
    assert "走れメロス".encode() not in made
    with pyzipper.AESZipFile(io.BytesIO(made)) as archive:
        with pytest.raises(RuntimeError):
            archive.read("disclosure.json", pwd=b"wrong password")
        machine = json.loads(archive.read("disclosure.json", pwd="correct horse 馬".encode()))
        page = archive.read("disclosure.html", pwd="correct horse 馬".encode()).decode()
        assert all(each.wz_aes_strength == 3 for each in archive.infolist())
    row = machine["tables"]["patron"][0]
    assert (row["name"], row["guardian_name"]) == (child.name, child.guardian_name)
    assert machine["tables"]["card"][0]["number"] == free_card()
    assert machine["tables"]["loan"][0]["title"] == "走れメロス"
    assert [each["action"] for each in machine["tables"]["audit_event"]] == ["register-patron"]
    assert "demo" not in page
    for value in (child.name, child.address, "走れメロス"):
        assert value in page
    with pytest.raises(ValueError, match="short"):
        disclosure.archive(kid, "short")


def test_no_table_that_names_a_patron_is_forgotten_in_a_disclosure(db: None, patron: Patron) -> None:
    """By the database's own foreign keys: every referencing table is read, or declared unreadable for staff."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'f' AND k.confrelid = 'ils.patron'::regclass"
        )
        referencing = {row[0] for row in cursor.fetchall()}
    known = {relation.related_model._meta.db_table for relation in obstacles.relations()}
    assert referencing - set(disclosure.UNREADABLE) <= known
    assert set(disclosure.UNREADABLE) <= referencing


def test_deadlines(actor: Actor, central: Library, patron: Patron, settings: Any) -> None:
    today = timezone.localdate()
    first = rights.receive(actor, patron.pk, "disclosure", "licence", library=central, key=new())
    assert first.due_on == today + 30 * DAY
    rights.extend(actor, first.pk, "difficult")
    rights.extend(actor, first.pk, "difficult")
    first.refresh_from_db()
    assert first.due_on == today + 60 * DAY
    with pytest.raises(Refused, match="extended-before"):
        rights.extend(actor, first.pk, "third-party")
    rights.decide(actor, first.pk, "granted")
    with pytest.raises(Refused, match="request-closed"):
        rights.decide(actor, first.pk, "refused")
    # an ordinance may ask for less (個人情報保護法108条)
    settings.SITE = settings.SITE | {"patrons": {"disclosure_days": 15}}
    assert rights.receive(actor, patron.pk, "cease", "agent", library=central, key=new()).due_on == today + 15 * DAY
