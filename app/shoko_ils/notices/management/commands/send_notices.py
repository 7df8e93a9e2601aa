"""What a timer or a small service runs: sends the mail that is due."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoko_ils.notices import sending


class Command(BaseCommand):
    help = "Send the mail of the outbox that is due, through SHOKO_MAIL_RELAY. Repeatable; several may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="stay and look again after so many seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError("SHOKO_MAIL_RELAY is not set: no mail leaves, and the notices wait")
        if not settings.MAIL_FROM:
            raise CommandError("SHOKO_MAIL_FROM is not set: mail needs a sender")
        while True:
            counts = sending.send_due()
            if any(counts.values()) or not options["every"]:
                self.stdout.write(", ".join(f"{name}: {count}" for name, count in counts.items()))
            if not options["every"]:
                return
            time.sleep(options["every"])
