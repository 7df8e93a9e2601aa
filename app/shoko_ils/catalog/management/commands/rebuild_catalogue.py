"""Makes extracted fields, links to authority records and search documents anew from the MARC records."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from shoko_ils.catalog import authorities, projection
from shoko_ils.catalog.models import Marc


class Command(BaseCommand):
    help = "Rebuild what follows from the MARC records, while the services serve. Goes on where it stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="also what is up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        self.stdout.write(f"headings folded again: {authorities.fold_again()}")
        ids = list(Marc.objects.order_by("pk").values_list("pk", flat=True)) if options["all"] else projection.old()

        def progress(done: int) -> None:
            rate = done / max(time.monotonic() - began, 0.001)
            self.stderr.write(f"{time.monotonic() - began:6.1f} s  {done} of {len(ids)}, {rate:.0f}/s")

        self.stdout.write(f"rebuilt: {projection.rebuild(ids, progress)}")
