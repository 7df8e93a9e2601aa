"""Checks the chain of the audit from the first event to the last."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shoko_ils.audit import chain
from shoko_ils.audit.models import Event


class Command(BaseCommand):
    help = "Recompute every link of the audit. Prints the number of events and the last link."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count, last = chain.verify(Event.objects.order_by("id").iterator(chunk_size=5000))
        except chain.ChainBroken as error:
            raise CommandError(f"audit: {error}") from error
        self.stdout.write(f"audit: {count} events, last link {last}")
