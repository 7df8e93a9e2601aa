"""What a timer runs each morning: the written overdue notices that have come due."""

from typing import Any

from django.core.management.base import BaseCommand

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.services import overdue


class Command(BaseCommand):
    help = "Put overdue notices by mail and postcard into the outbox, one for a patron and a stage. Repeatable."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"overdue notices: {overdue.remind(Actor('overdue_notices', ''))}")
