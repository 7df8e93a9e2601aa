"""What a timer runs each night: drops what has served its time, and what is no longer to be known of persons."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from shoko_ils.circulation import facts, undo
from shoko_ils.circulation.models import ScanReceipt
from shoko_ils.circulation.services import closing_mail, paper
from shoko_ils.holds import housekeeping as holds
from shoko_ils.holds.models import HoldDay
from shoko_ils.mylibrary import housekeeping
from shoko_ils.notices import housekeeping as notices
from shoko_ils.patrons.services.erasure import erase_guardians

# how long a settled paper slip may be compared with the paper
ITEMS_ON_PAPER = dt.timedelta(days=31)


class Command(BaseCommand):
    help = (
        "Remove expired sessions, receipts, ended loans and holds, and what else has served its time. Run as ils_owner."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        receipts, _ = ScanReceipt.objects.filter(made_on__lt=timezone.localdate()).delete()
        HoldDay.objects.filter(day__lt=timezone.localdate()).delete()
        closing_mail.forget(timezone.localdate())
        paper.forget_items(timezone.localdate() - ITEMS_ON_PAPER)
        # a terminal that is switched off never scans again
        undo.forget(uuid.UUID(int=0))
        loans = facts.forget_ended()
        ended = holds.forget_ended(timezone.localdate())
        lapsed = notices.forget_failed(timezone.localdate())
        guardians = erase_guardians(timezone.localdate())
        with connection.cursor() as cursor:
            cursor.execute("SELECT staff_forget()")
        members = housekeeping.tidy()
        # records whose authority record changed for more of them than a form may wait for
        call_command("rebuild_catalogue", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(
            f"removed: {sessions} sessions, {receipts} scan receipts, {loans} ended loans, {ended} ended holds and"
            f" transits, {lapsed} failed notices, {guardians} guardians, {members} of My Library"
        )
