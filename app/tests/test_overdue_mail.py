"""Overdue notices in writing: once for a patron and a stage, without a title, and nothing of them after the return."""

import datetime as dt
import io
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from shoko_ils.circulation.models import Loan, OverdueContact, OverdueStage
from shoko_ils.circulation.services import overdue, take_back
from shoko_ils.core.models import CalendarException
from shoko_ils.holdings.models import Item
from shoko_ils.notices import kinds, sending
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from tests.conftest import MEROS
from tests.holding import ACTOR, copies, lend_out, library, new, people
from tests.privacy import tables_that_pair

pytestmark = pytest.mark.usefixtures("empty_shelves")


@pytest.fixture
def debtor(settings: Any, empty_shelves: None) -> Patron:
    """A patron who wishes mail, with 走れメロス eight days past due; nobody else is late."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MAIL_FROM = "library@example.jp"
    today = timezone.localdate()
    Loan.objects.filter(returned_on=None, due_on__lt=today).update(due_on=today)
    OverdueContact.objects.all().delete()
    (patron,) = people(1)
    Patron.objects.filter(pk=patron.pk).update(contact="email", email="sample@example.jp")
    lend_out(copies(MEROS)[0], patron, due_in=-8)
    return Patron.objects.get(pk=patron.pk)


def run() -> list[mail.EmailMessage]:
    """The morning's command and the sending, twice each; what went out."""
    mail.outbox.clear()
    for _ in range(2):
        call_command("overdue_notices", stdout=io.StringIO())
        sending.send_due()
    return list(mail.outbox)


def days_later(patron: Patron, days: int) -> None:
    for loan in Loan.objects.filter(patron=patron):
        moved = dt.timedelta(days=days)
        Loan.objects.filter(pk=loan.pk).update(due_on=loan.due_on - moved, lent_on=loan.lent_on - moved)


def test_one_mail_for_a_stage_without_a_title(debtor: Patron, settings: Any) -> None:
    settings.SITE = {**settings.SITE, "public_url": "https://opac.example.jp/"}
    (sent,) = run()
    assert sent.to == ["sample@example.jp"]
    assert "資料が1点あります" in sent.body
    assert "https://opac.example.jp/" in sent.body
    assert "走れメロス" not in sent.subject + sent.body
    assert run() == []
    (contact,) = OverdueContact.objects.all()
    assert (contact.stage, contact.means, contact.result) == (1, "email", "sent")


def test_the_next_stage_is_another_notice(debtor: Patron) -> None:
    assert len(run()) == 1
    days_later(debtor, 7)
    assert run() == []  # stage 2 goes by postcard
    assert Notice.objects.get(way="postcard").state == "waiting"
    assert OverdueContact.objects.get(stage=2).result == "to-send"


def test_the_site_may_list_titles_in_the_text_and_never_in_subject_or_postcard(debtor: Patron, settings: Any) -> None:
    settings.SITE = {**settings.SITE, "holds": {"titles_in_mail": True}}
    (sent,) = run()
    assert "走れメロス" in sent.body
    assert "走れメロス" not in sent.subject
    days_later(debtor, 7)
    run()
    card = Notice.objects.get(way="postcard")
    assert "走れメロス" not in str(kinds.of(card).body(card))


def test_what_is_returned_before_the_sending_is_not_reminded_of(debtor: Patron) -> None:
    call_command("overdue_notices")
    take_back(ACTOR, copies(MEROS)[0].barcode, library("central"), new())
    sending.send_due()
    assert mail.outbox == []
    notice = Notice.objects.get(kind="overdue")
    assert (notice.state, notice.patron_id, notice.about, notice.key) == ("withdrawn", None, None, None)


def test_nothing_of_a_notice_joins_anybody_after_the_return(debtor: Patron) -> None:
    run()
    item = copies(MEROS)[0]
    assert tables_that_pair(debtor, item) == ["ils.loan"]
    take_back(ACTOR, item.barcode, library("central"), new())
    assert tables_that_pair(debtor, item) == []
    notice = Notice.objects.get(kind="overdue")
    assert (notice.state, notice.patron_id, notice.about, notice.key) == ("sent", None, None, None)
    assert not OverdueContact.objects.exists()


def test_a_return_of_one_of_two_keeps_the_stage(debtor: Patron) -> None:
    other = Item.objects.filter(loans__isnull=True, library_use_only=False).exclude(record=MEROS)[0]
    lend_out(other, debtor, due_in=-8)
    (sent,) = run()
    assert "資料が2点あります" in sent.body
    take_back(ACTOR, other.barcode, library("central"), new())
    assert run() == []
    assert OverdueContact.objects.count() == 1


def test_who_says_it_is_returned_gets_no_mail_until_it_is_looked_for(debtor: Patron) -> None:
    call_command("overdue_notices")
    overdue.contacted(ACTOR, debtor, 1, "phone", OverdueContact.Result.SAYS_RETURNED)
    assert run() == []


def test_a_stage_by_mail_leaves_who_wishes_none_to_a_person(debtor: Patron) -> None:
    Patron.objects.filter(pk=debtor.pk).update(contact="phone", email="")
    assert run() == []
    assert not Notice.objects.exists()
    (one,) = overdue.debtors()
    assert one.due_for_contact


def test_days_of_an_emergency_closing_bring_no_stage_nearer(debtor: Patron) -> None:
    due_on = Loan.objects.get(patron=debtor).due_on
    CalendarException.objects.create(
        library=library("central"), kind="emergency", first_on=due_on + dt.timedelta(days=1),
        last_on=due_on + dt.timedelta(days=2), reason="storm", act=new(),
    )  # fmt: skip
    assert run() == []  # six days count, the first stage begins at seven


def test_a_mail_that_failed_is_told_by_telephone(debtor: Patron, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    run()
    notice = Notice.objects.get()
    notices.change_way(notice, Notice.Way.PHONE)
    notice.refresh_from_db()
    with transaction.atomic():
        notices.note_call(notice, notice.calls.model.Result.SELF, "demo")
    assert OverdueContact.objects.values_list("means", "result").get() == ("phone", "sent")


def test_the_database_keeps_one_written_notice_for_a_stage(debtor: Patron) -> None:
    run()
    stage = OverdueStage.objects.get(number=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        OverdueContact.objects.create(
            patron=debtor, stage=stage.number, means=stage.means, result="to-send",
            contacted_on=timezone.localdate(), contacted_by="demo",
        )  # fmt: skip
