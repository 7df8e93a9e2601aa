"""Reads a file of bibliographic records into the catalogue; run again after a crash, it goes on."""

import time
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoko_ils.audit.record import Actor
from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing import sources
from shoko_ils.catalog.importing.reading import ReaderEnded
from shoko_ils.catalog.importing.revert import revert
from shoko_ils.catalog.models import ImportBatch

# it works for all libraries
ACTOR = Actor("import_records", "")
COUNTS = ("new", "merged", "replaced", "kept", "quarantined")


class Command(BaseCommand):
    help = (
        "Import ISO 2709 (UTF-8, MARC-8), MARCXML, CSV or TSV (UTF-8, CP932). The same file goes on where it stopped."
        " Run as ils_owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--form", choices=list(sources.Form), help="default: by the first bytes")
        parser.add_argument("--encoding", choices=["utf-8", "cp932"], help="of a table; default: by its bytes")
        parser.add_argument("--column", action="append", default=[], metavar="HEADING=FIELD", help="of a table")
        parser.add_argument("--policy", choices=list(ImportBatch.Policy), default=ImportBatch.Policy.MERGE.value)
        parser.add_argument("--preview", action="store_true", help="say what would happen, write nothing")
        parser.add_argument("--revert", type=int, metavar="BATCH", help="take a batch back")
        parser.add_argument(
            "--except-obstacles", action="store_true", help="with --revert: leave what was changed since"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["revert"]:
            self._revert(options["revert"], options["except_obstacles"])
            return
        if options["file"] is None:
            raise CommandError("name a file, or a batch with --revert")
        try:
            columns = dict(pair.split("=", 1) for pair in options["column"])
            with options["file"].open("rb") as file:
                form, encoding = sources.guess(options["file"].name, file.read(1 << 16))
                form = sources.Form(options["form"] or form)
                encoding = options["encoding"] or encoding
                if options["preview"]:
                    self._preview(sources.Source(file, form, encoding, columns), options["policy"])
                    return
                made = importing.begin(
                    file, options["file"].name, form, encoding,
                    columns=columns, policy=options["policy"], by=ACTOR.login_id,
                )  # fmt: skip
                self._load(made, file, options["file"])
        except OSError as error:
            raise CommandError(f"cannot read {options['file']}: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(f"--column: HEADING=FIELD, one each: {error}") from error
        except (sources.BadFile, importing.WrongFile, ReaderEnded) as error:
            raise CommandError(f"{options['file']}: {error}") from error

    def _preview(self, source: sources.Source, policy: str) -> None:
        found = importing.preview(source, policy)
        self.stdout.write(f"read: {found.read} " + " ".join(f"{key}: {n}" for key, n in sorted(found.counts.items())))
        for each in found.first:
            self.stdout.write(f"{each.number}\t{each.outcome}\t{each.target or ''}\t{each.title}")
        for each in found.quarantined:
            self.stdout.write(f"{each.number}\t{each.outcome}\t{each.code}\t{each.reason}")

    def _load(self, made: ImportBatch, file: BinaryIO, path: Path) -> None:
        began, before = time.monotonic(), made.read

        def progress(batch: ImportBatch) -> None:
            seconds = time.monotonic() - began
            rate = (batch.read - before) / max(seconds, 0.001)
            self.stderr.write(f"{seconds:7.1f} s  read {batch.read}, quarantined {batch.quarantined}, {rate:.0f}/s")

        importing.load(made, file, ACTOR, path=path, progress=progress)
        counts = " ".join(f"{name}: {getattr(made, name)}" for name in COUNTS)
        self.stdout.write(f"batch: {made.pk} state: {made.state} read: {made.read} {counts}")

    def _revert(self, number: int, except_obstacles: bool) -> None:
        batch = ImportBatch.objects.filter(pk=number).first()
        if batch is None:
            raise CommandError(f"there is no batch {number}")
        done, found = revert(batch, ACTOR, except_obstacles=except_obstacles)
        for each in found:
            self.stderr.write(f"{each.record_id}\t{each.title}\t{each.reason}")
        self.stdout.write(f"batch: {number} taken back: {done} in the way: {len(found)}")
        if found and not except_obstacles:
            raise CommandError("nothing was changed: see above what is in the way, or give --except-obstacles")
