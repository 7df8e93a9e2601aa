"""What a timer runs each night: drops sessions and scan receipts that have served their time."""

from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from shoko_ils.circulation.models import ScanReceipt


class Command(BaseCommand):
    help = "Remove expired staff sessions and scan receipts of former days. Repeatable. Run as ils_owner."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        receipts, _ = ScanReceipt.objects.filter(made_on__lt=timezone.localdate()).delete()
        self.stdout.write(f"removed: {sessions} sessions, {receipts} scan receipts")
