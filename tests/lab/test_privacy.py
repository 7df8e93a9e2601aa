"""What both collectors may not be told: who has what, and whose record was open. And what they must: that it was."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from collected import COLLECTORS, DOMAIN, KEPT, eventually
from converged import Converged
from test_ils import copies
from visitor import MELOS, OPAC, Visitor, log_in

DATABASES, SERVERS = ("db1", "db2", "db3"), ("app1", "app2")
# The statements of a loan and of a form of My Library, each a second time, as two at once come to the database.
TWICE = """
import uuid
from django.db import IntegrityError, transaction
from shoko_ils.circulation.models import Loan
from shoko_ils.mylibrary import orders

def refused(act):
    try:
        with transaction.atomic():
            act()
    except IntegrityError as error:
        print("refused", str(error).splitlines()[0])

loan = Loan.objects.get(item__barcode={barcode!r}, returned_on=None)
patron, number = loan.patron_id, uuid.uuid4()
loan.pk, loan._state.adding = None, True
refused(lambda: loan.save(force_insert=True))
with transaction.atomic():
    order = lambda: orders._put(number, patron, "renew", {{"scans": [{barcode!r}], "card": {card!r}}})
    order()
    refused(order)
    transaction.set_rollback(True)
"""
# A card that may borrow and whose it is, without a number in the command line.
PATRON = """
from django.utils import timezone
from shoko_ils.circulation.models import Loan
from shoko_ils.patrons.models import Card
borrowing = Loan.objects.exclude(patron=None).values("patron")
cards = Card.objects.filter(ended_on=None, patron__expires_on__gt=timezone.localdate()).exclude(patron__in=borrowing)
card = cards.order_by("number").first()
print(card.number, card.patron.pseudonym)
"""
VIEWED = """
from shoko_ils.audit.models import Event
event = Event.objects.filter(action="view-patron", subject={pseudonym!r}).order_by("id").last()
print(event.id, event.link)
"""


def manage(converged: Converged, program: str) -> str:
    """What a program says that runs as the owner of the database."""
    return converged.said("app1", "/usr/local/sbin/ils-manage", "shell", "-v", "0", "-c", program)


def card_and_pseudonym(converged: Converged) -> list[str]:
    """Of somebody without loans."""
    return manage(converged, PATRON).split()


@dataclass
class Since:
    """The logs of some hosts, at both collectors and in their own journals, since now."""

    site: Converged
    hosts: tuple[str, ...]

    def __post_init__(self) -> None:
        self.ends = {place: self._size(*place) for place in self._places()}
        self.time = {host: self.site.said(host, "date", "+%s") for host in self.hosts}

    def _places(self) -> list[tuple[str, str]]:
        return [(collector, f"{KEPT}/{host}{DOMAIN}") for collector in COLLECTORS for host in self.hosts]

    def _size(self, collector: str, path: str) -> int:
        return int(self.site.said(collector, "stat", "-c", "%s", path))

    def collected(self, collector: str) -> str:
        """What came to a collector."""
        return "\n".join(
            self.site.said(place, "tail", "-c", f"+{end + 1}", path)
            for (place, path), end in self.ends.items()
            if place == collector
        )

    def journals(self) -> str:
        """What the hosts themselves keep."""
        return "\n".join(
            self.site.said(host, "journalctl", "--since", f"@{begin}", "-o", "cat") for host, begin in self.time.items()
        )

    def everywhere(self) -> list[str]:
        """The journals' text, then each collector's."""
        return [self.journals(), *map(self.collected, COLLECTORS)]


@pytest.fixture
def librarian(converged: Converged) -> Visitor:
    return log_in(converged.ports[1], converged.root_certificate, converged.demo_password)


def test_what_the_database_refuses_is_logged_without_who_has_what(converged: Converged, librarian: Visitor) -> None:
    citizen = Visitor(OPAC, converged.ports[0], converged.root_certificate)
    card, pseudonym = card_and_pseudonym(converged)
    barcode = next(number for number, state in copies(citizen.get(f"/records/{MELOS}/")).items() if state == "in")
    _, page = librarian.post("/lend/", librarian.get("/lend/"), scan=card)
    librarian.post("/lend/", page, scan=barcode)
    since = Since(converged, DATABASES)
    try:
        said = manage(converged, TWICE.format(barcode=barcode, card=card))
    finally:
        librarian.post("/return/", librarian.get("/return/"), scan=barcode)
    assert said.count("refused duplicate key value") == 2, said
    wanted = ("loan_one_open_per_item", "member_order")
    for collector in COLLECTORS:
        assert eventually(lambda at=collector: all(word in since.collected(at) for word in wanted), 60), collector
    for text in since.everywhere():
        assert all(word in text for word in wanted)
        found = [word for word in (barcode, card, pseudonym, "INSERT", "DETAIL", "STATEMENT") if word in text]
        assert not found


def test_no_access_log_says_whose_record_or_which_title_was_open(converged: Converged, librarian: Visitor) -> None:
    citizen = Visitor(OPAC, converged.ports[0], converged.root_certificate)
    card, pseudonym = card_and_pseudonym(converged)
    since = Since(converged, (*SERVERS, "rp1", "rp2"))
    librarian.get(f"/patrons/{pseudonym}/")
    librarian.get(f"/en/patrons/{pseudonym}/change/")
    citizen.get(f"/records/{MELOS}/")
    for collector in COLLECTORS:
        assert eventually(lambda at=collector: '"GET /patrons/"' in since.collected(at), 60), collector
        assert eventually(lambda at=collector: '"GET /records/"' in since.collected(at), 60), collector
    for text in since.everywhere():
        lines = [line for line in text.splitlines() if '"number": ' not in line]  # the audit itself, which may
        assert not [line for line in lines if pseudonym in line or card in line]
        paths = re.findall(r'"(?:GET|POST|HEAD) ([^" ]*)"', "\n".join(lines))
        assert paths
        assert [path for path in paths if not re.fullmatch(r"/([a-z]+/?)?", path)] == []


def events(text: str) -> dict[int, dict[str, Any]]:
    """The events in a collector's lines, by number."""
    found = (json.loads(told) for told in re.findall(r'\{"number": .*\}', text))
    return {each["number"]: each for each in found}


def arrived(since: Since, collector: str, number: int) -> dict[int, dict[str, Any]]:
    """The events at a collector once a certain one is among them and none is lacking between others.

    Two servers print them, each once a minute, and the first ones have a backlog of the demonstration's events.
    """
    end = time.monotonic() + 180
    while number not in (held := events(since.collected(collector))) or len(held) <= max(held) - min(held):
        assert time.monotonic() < end, f"{collector}: {number} among {sorted(held)}"
        time.sleep(1)
    return held


def test_a_view_of_a_patron_is_at_both_collectors_with_its_link(converged: Converged, librarian: Visitor) -> None:
    card, pseudonym = card_and_pseudonym(converged)
    since = Since(converged, SERVERS)
    librarian.post("/lend/", librarian.get("/lend/"), scan=card)
    number, link = manage(converged, VIEWED.format(pseudonym=pseudonym)).split()
    for collector in COLLECTORS:
        held = arrived(since, collector, int(number))
        event = held[int(number)]
        assert (event["link"], event["subject"], event["action"]) == (link, pseudonym, "view-patron")
        for each in held.values():
            parts = [each["previous"], str(each["number"]), each["at"].removesuffix("Z")]
            parts += [each[name] for name in ("actor", "action", "screen", "library", "subject")]
            assert hashlib.sha256("\x1f".join(parts).encode()).hexdigest() == each["link"]
        for before, after in pairwise(sorted(held)):
            assert held[after]["previous"] == held[before]["link"]


def test_the_job_that_prints_the_audit_is_never_refused_for_running_often(converged: Converged) -> None:
    for host in SERVERS:
        begin = converged.said(host, "date", "+%s")
        time.sleep(1)
        for _ in range(6):
            converged.said(host, "systemctl", "start", "ils-ship-audit.service")
        assert converged.said(host, "systemctl", "show", "-P", "Result", "ils-ship-audit.service") == "success"
        said = converged.said(host, "journalctl", "--since", f"@{begin}", "-o", "cat", "-u", "ils-ship-audit.service")
        assert "Start" not in said, "nothing but events is in the log"
