"""What a timer runs each night: drops sessions, scan receipts and undo tokens that have served their time."""

import uuid
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from shoko_ils.circulation import undo
from shoko_ils.circulation.models import ScanReceipt
from shoko_ils.mylibrary import housekeeping


class Command(BaseCommand):
    help = "Remove expired staff sessions and scan receipts of former days. Repeatable. Run as ils_owner."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        receipts, _ = ScanReceipt.objects.filter(made_on__lt=timezone.localdate()).delete()
        # a terminal that is switched off never scans again
        undo.forget(uuid.UUID(int=0))
        members = housekeeping.tidy()
        # records whose authority record changed for more of them than a form may wait for
        call_command("rebuild_catalogue", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(f"removed: {sessions} sessions, {receipts} scan receipts, {members} of My Library")
