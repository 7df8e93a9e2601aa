"""Writes bibliographic records to a file or standard output."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoko_ils.audit import record as audit
from shoko_ils.catalog import exporting
from shoko_ils.catalog.importing.sources import Form
from shoko_ils.catalog.search import simple

# it works for all libraries
ACTOR = audit.Actor("export_records", "")


class Command(BaseCommand):
    help = "Export all records, those of a batch, or those that a search finds. Run as ils_owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="default: standard output")
        parser.add_argument("--form", choices=list(Form), default=Form.ISO2709.value)
        parser.add_argument("--encoding", choices=["utf-8", "marc-8", "cp932"], default="utf-8")
        parser.add_argument("--batch", type=int)
        parser.add_argument("--query")

    def handle(self, *args: Any, **options: Any) -> None:
        form = Form(options["form"])
        if options["encoding"] not in exporting.ENCODINGS[form]:
            raise CommandError(f"{form} is written in {' or '.join(exporting.ENCODINGS[form])}")
        if options["batch"]:
            numbers = exporting.of_batch(options["batch"])
        elif options["query"]:
            numbers = exporting.of(simple(options["query"]).all_ids())
        else:
            numbers = exporting.every()
        # before the first record is out; what cannot be written into the audit is not taken along
        audit.write(ACTOR, "export-records", "export")
        file = options["file"].open("wb") if options["file"] else sys.stdout.buffer
        try:
            for block in exporting.write(numbers, form, options["encoding"]):
                file.write(block)
        finally:
            if options["file"]:
                file.close()
