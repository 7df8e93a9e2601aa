"""What a timer runs each minute: new events of the audit become lines of the journal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoko_ils.audit import shipping
from shoko_ils.core import db

# of a long backlog so much at a time: journal and collectors keep pace
BATCHES = 20


class Command(BaseCommand):
    help = "Print the events of the audit that were not printed yet, one JSON line each. Repeatable. Run as ils_owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", type=int, dest="first", metavar="NUMBER", help="print again from this event on")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["first"] is not None:
            shipping.again(self.stdout, options["first"])
            return
        for _ in range(BATCHES):
            shipped = db.wait_until_back(lambda: shipping.ship(self.stdout))
            if shipped.broken is not None:
                raise CommandError(f"audit: event {shipped.broken} does not follow what was printed before")
            if not shipped.count:
                return
