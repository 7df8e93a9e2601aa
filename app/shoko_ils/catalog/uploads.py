"""Files that came by a form: kept in the database in pieces until they are loaded, read like any other file."""

import io
from typing import BinaryIO

from django.db import transaction

from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing import sources
from shoko_ils.catalog.models import ImportBatch, ImportPiece

PIECE = 1 << 20


@transaction.atomic
def keep(file: BinaryIO, name: str, columns: dict[str, str], policy: str, by: str) -> ImportBatch:
    """A batch with its file. Raises sources.BadFile."""
    file.seek(0)
    form, encoding = sources.guess(name, file.read(1 << 16))
    if form not in (sources.Form.CSV, sources.Form.TSV):
        columns = {}
    batch = importing.begin(file, name, form, encoding, columns=columns, policy=policy, by=by)
    if batch.size and not batch.pieces.exists():
        file.seek(0)
        for start in range(0, batch.size, PIECE):
            ImportPiece.objects.create(batch=batch, start=start, content=file.read(PIECE))
    return batch


def opened(batch: ImportBatch) -> BinaryIO | None:
    """The file of a batch, or None if it never was here (imported by the command) or is loaded."""
    pieces = [bytes(content) for content in batch.pieces.values_list("content", flat=True)]
    return io.BytesIO(b"".join(pieces)) if pieces or not batch.size else None
