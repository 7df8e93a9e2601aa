"""The outbox: each notice once, its text made when it goes, nothing of it left when the matter ends."""

import datetime as dt
import smtplib
import socket
import threading
from dataclasses import replace
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from shoko_ils.circulation.services import lend
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import ending, requests, shelf
from shoko_ils.holds.target import Target
from shoko_ils.notices import kinds, sending
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import ACTOR, copies, hold, library, new, people, scan, state

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.fixture
def ready(settings: Any) -> Hold:
    """A hold on the shelf of the central library, of a patron who wishes mail; its delay is over."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MAIL_FROM = "library@example.jp"
    (patron,) = people(1)
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    waits = hold(patron, MEROS)
    scan(copies(MEROS)[0], "central")
    return waits


def over() -> None:
    """The time in which the return could have been undone has passed."""
    Notice.objects.update(not_before=timezone.now() - dt.timedelta(seconds=1))


def test_nothing_is_sent_while_the_return_can_be_undone(ready: Hold) -> None:
    assert sending.send_due()["sent"] == 0
    assert mail.outbox == []


def test_a_mail_goes_once_names_no_title_and_begins_the_limit(ready: Hold) -> None:
    over()
    assert [sending.send_due()["sent"] for _ in range(2)] == [1, 0]
    (sent,) = mail.outbox
    assert sent.to == ["sample@example.jp"]
    assert "総合市民図書館" in sent.body
    assert "走れメロス" not in sent.subject + sent.body
    assert sent.extra_headers["Message-ID"].startswith("<notice-")
    assert "@example.jp>" in sent.extra_headers["Message-ID"]
    ready.refresh_from_db()
    assert ready.state == State.NOTIFIED
    assert ready.pickup_by == shelf.limit(library("central"), timezone.localdate(), 7)


def test_the_site_may_have_the_title_in_the_text_and_never_in_the_subject(ready: Hold, settings: Any) -> None:
    settings.SITE = {**settings.SITE, "holds": {"titles_in_mail": True}, "public_url": "https://opac.example.jp/"}
    over()
    sending.send_due()
    (sent,) = mail.outbox
    assert "走れメロス" in sent.body
    assert "https://opac.example.jp/" in sent.body
    assert "走れメロス" not in sent.subject


def test_putting_the_same_transition_twice_is_one_notice(ready: Hold) -> None:
    patron = Patron.objects.get(pk=ready.patron_id)
    once = f"{ready.pk}:1"
    first = notices.put(shelf.READY, ready.pk, patron, library("central"), once=once)
    assert first == Notice.objects.get()


def test_a_cancelled_hold_withdraws_its_notice(ready: Hold) -> None:
    over()
    ending.cancel(ACTOR, ready.pk)
    assert sending.send_due() == {"sent": 0, "again": 0, "failed": 0, "withdrawn": 0}
    assert mail.outbox == []
    assert Notice.objects.get().state == "withdrawn"


def test_after_the_loan_the_sent_notice_is_nobodys(ready: Hold) -> None:
    over()
    sending.send_due()
    lend(ACTOR, ready.patron_id, copies(MEROS)[0].barcode, library("central"), new())
    notice = Notice.objects.get()
    assert (notice.state, notice.patron_id, notice.about, notice.key) == ("sent", None, None, None)


@pytest.mark.parametrize(
    ("error", "becomes", "written"),
    [
        (ConnectionRefusedError("no relay"), "waiting", "ConnectionRefusedError"),
        (smtplib.SMTPServerDisconnected("bye"), "waiting", "SMTPServerDisconnected"),
        (smtplib.SMTPRecipientsRefused({"sample@example.jp": (450, b"later")}), "waiting", "SMTPRecipientsRefused 450"),
        (smtplib.SMTPRecipientsRefused({"sample@example.jp": (550, b"no")}), "failed", "SMTPRecipientsRefused 550"),
    ],
)
def test_a_failure_is_kept_without_address_and_text(
    ready: Hold, monkeypatch: pytest.MonkeyPatch, error: Exception, becomes: str, written: str
) -> None:
    def refuse(*args: object) -> None:
        raise error

    over()
    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    sending.send_due()
    notice = Notice.objects.get()
    assert (notice.state, notice.error) == (becomes, written)
    assert state(ready) is State.ON_SHELF
    monkeypatch.undo()
    over()
    notices.change_way(notice, Notice.Way.MAIL)
    assert sending.send_due()["sent"] == 1


def test_a_crash_while_sending_sends_nothing_twice(ready: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(*args: object) -> None:
        raise Killed

    over()
    monkeypatch.setattr("django.core.mail.EmailMessage.send", die)
    with pytest.raises(Killed):
        sending.send_due()
    monkeypatch.undo()
    assert sending.send_due()["sent"] == 0
    assert Notice.objects.get().state == "sending"  # the contact list shows it: a person decides


def test_who_wishes_no_notice_gets_none() -> None:
    (patron,) = people(1)
    Patron.objects.filter(pk=patron.pk).update(contact="none", email="")
    hold(patron, MEROS)
    scan(copies(MEROS)[0], "central")
    assert not Notice.objects.exists()


def test_without_a_relay_the_command_says_so(ready: Hold, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    with pytest.raises(CommandError, match="SHOKO_MAIL_RELAY"):
        call_command("send_notices")


def test_mail_needs_a_sender(ready: Hold, settings: Any) -> None:
    settings.EMAIL_HOST, settings.MAIL_FROM = "127.0.0.1", ""
    with pytest.raises(CommandError, match="SHOKO_MAIL_FROM"):
        call_command("send_notices")
    assert Notice.objects.get().state == "waiting"


@pytest.mark.parametrize(("relay", "says"), [("", True), ("relay.example.jp", False)])
def test_the_contact_list_says_that_mail_waits_where_no_relay_is(
    ready: Hold, settings: Any, request: pytest.FixtureRequest, relay: str, says: bool
) -> None:
    staff = request.getfixturevalue("staff")
    settings.EMAIL_HOST = relay
    html = staff.get("/holds/contact/").content.decode()
    assert ("1件のメールが送信待ちです" in html) is says


def test_the_relay_gets_what_is_due(ready: Hold, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Through a real connection to a relay that speaks SMTP."""
    with Relay() as relay:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", relay.port
        over()
        call_command("send_notices")
    assert "sent: 1" in capsys.readouterr().out
    assert relay.recipients == ["sample@example.jp"]
    assert b"Auto-Submitted: auto-generated" in relay.data


class Relay:
    """As much of an SMTP server as one message needs."""

    def __init__(self) -> None:

        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.recipients: list[str] = []
        self.data = b""
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self) -> "Relay":
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.thread.join(timeout=10)
        self.socket.close()

    def serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rwb") as stream:

            def say(line: bytes) -> None:
                stream.write(line + b"\r\n")
                stream.flush()

            say(b"220 relay")
            for line in stream:
                word = line[:4].upper()
                if word == b"RCPT":
                    self.recipients.append(line.partition(b"<")[2].partition(b">")[0].decode())
                if word == b"DATA":
                    say(b"354 go on")
                    while (part := stream.readline()) != b".\r\n":
                        self.data += part
                say(b"221 bye" if word == b"QUIT" else b"250 ok")
                if word == b"QUIT":
                    return


def test_a_refused_request_is_told_and_then_forgotten(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    (patron,) = people(1)
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    asked = requests.ask(ACTOR, patron.pk, requests.Title("幻の書"), library("south"), new())
    assert requests.decide(ACTOR, asked.pk, asked.Decision.REFUSE)
    over()
    sending.send_due()
    assert "幻の書" not in mail.outbox[0].subject + mail.outbox[0].body
    asked.refresh_from_db()
    assert (asked.patron_id, asked.ended_on) == (None, timezone.localdate())
    assert Notice.objects.get().patron_id is None


def test_a_request_becomes_a_hold_when_the_title_has_come() -> None:
    (patron,) = people(1)
    asked = requests.ask(ACTOR, patron.pk, requests.Title("走れメロス"), library("south"), new())
    assert requests.decide(ACTOR, asked.pk, asked.Decision.BUY)
    placed = requests.to_hold(ACTOR, asked.pk, Target(MEROS), new())
    assert placed is not None
    assert placed.holds[0].patron == patron
    assert placed.holds[0].pickup_library.key == "south"
    asked.refresh_from_db()
    assert asked.patron_id is None
    assert requests.to_hold(ACTOR, asked.pk, Target(MEROS), new()) is None


def failed(kind: str, patron: Patron, about: int, days: int, notice_state: str = "failed", **more: Any) -> Notice:
    """A notice that was made so many days ago and not delivered."""
    made = notices.put(kind, about, patron, library("central"), once=f"{about}:{days}", way=Notice.Way.MAIL, **more)
    assert made is not None
    Notice.objects.filter(pk=made.pk).update(state=notice_state, made_on=timezone.localdate() - dt.timedelta(days=days))
    return made


def joined(notice: Notice) -> bool:
    notice.refresh_from_db()
    assert (notice.about is None) == (notice.patron_id is None) == (notice.key is None)
    return notice.patron_id is not None


@pytest.mark.parametrize("notice_state", ["failed", "sending"])
@pytest.mark.parametrize("kind", ["password-code", "reference-answer", "address-changed"])
def test_a_notice_that_was_not_delivered_names_nobody_for_good(kind: str, notice_state: str) -> None:
    (patron,) = people(1)
    more = {"address": "old@example.jp"} if kind == "address-changed" else {}
    waits = failed(kind, patron, 7, 14, notice_state, **more)
    late = failed(kind, patron, 7, 15, notice_state, **more)
    fresh = failed(kind, patron, 7, 0, "waiting", **more)
    call_command("tidy", verbosity=0)
    assert [joined(each) for each in (waits, late, fresh)] == [True, False, True]
    assert (late.address, late.state) == ("", "failed" if notice_state == "failed" else "withdrawn")


def test_the_patron_leaves_a_refused_request_whose_answer_did_not_reach_him() -> None:
    (patron,) = people(1)
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    asked = requests.ask(ACTOR, patron.pk, requests.Title("幻の書"), library("south"), new())
    requests.decide(ACTOR, asked.pk, asked.Decision.REFUSE)
    Notice.objects.update(state="failed", made_on=timezone.localdate() - dt.timedelta(days=15))
    call_command("tidy", verbosity=0)
    asked.refresh_from_db()
    assert (asked.patron_id, Notice.objects.get().patron_id) == (None, None)


def test_a_failed_notice_waits_as_long_as_its_hold(ready: Hold) -> None:
    Notice.objects.update(state="failed", made_on=timezone.localdate() - dt.timedelta(days=99))
    call_command("tidy", verbosity=0)
    notice = Notice.objects.get()
    assert joined(notice)
    ending.cancel(ACTOR, ready.pk)
    assert not joined(notice)


def test_a_notice_with_nothing_to_say_any_more_is_nobodys(ready: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds._kinds, shelf.READY, replace(kinds._kinds[shelf.READY], body=lambda notice: None))
    over()
    assert sending.send_due()["withdrawn"] == 1
    notice = Notice.objects.get()
    assert not joined(notice)
    assert notice.state == "withdrawn"


def test_the_database_refuses_a_settled_notice_that_still_names_somebody(ready: Hold) -> None:
    for wrong in ({"about": None}, {"patron": None}, {"state": "sent"}, {"way": "pigeon"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Notice.objects.update(**wrong)
    assert connection.in_atomic_block
