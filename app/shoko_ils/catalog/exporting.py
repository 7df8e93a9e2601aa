"""Writes records out as they are, piece by piece, whatever their number: a file is never held in memory."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator

from django.db import connection

from shoko_ils.catalog import marc, marc8
from shoko_ils.catalog.extract import CORPORATE, PERSON, SUBJECT, Extracted, extract
from shoko_ils.catalog.identifiers import Scheme
from shoko_ils.catalog.importing.sources import COLUMNS, Form

SLICE = 500
HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="{marc.NAMESPACE}">\n'.encode()
TAIL = b"</collection>\n"
ENCODINGS = {
    Form.ISO2709: ("utf-8", "marc-8"),
    Form.MARCXML: ("utf-8",),
    Form.CSV: ("utf-8", "cp932"),
    Form.TSV: ("utf-8", "cp932"),
}
TYPES = {
    Form.ISO2709: "application/marc",
    Form.MARCXML: "application/marcxml+xml",
    Form.CSV: "text/csv",
    Form.TSV: "text/tab-separated-values",
}


def every() -> Iterator[list[int]]:
    """Numbers of all records, in slices."""
    yield from _numbers("SELECT record_id FROM marc WHERE record_id > %s ORDER BY record_id LIMIT %s", [])


def of_batch(batch: int) -> Iterator[list[int]]:
    """Numbers of the records that an import made or changed and that are still there."""
    yield from _numbers(
        "SELECT m.record_id FROM marc m WHERE m.record_id IN (SELECT record_id FROM import_record WHERE batch_id = %s)"
        " AND m.record_id > %s ORDER BY m.record_id LIMIT %s",
        [batch],
    )


def of(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Given numbers, as of a search, in slices."""
    held = list(numbers)
    for start in range(0, len(held), SLICE):
        yield held[start : start + SLICE]


def _numbers(sql: str, before: list[int]) -> Iterator[list[int]]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, [*before, last, SLICE])
            found = [number for (number,) in cursor.fetchall()]
        if not found:
            return
        yield found
        last = found[-1]


def write(slices: Iterable[list[int]], form: Form, encoding: str = "utf-8") -> Iterator[bytes]:
    """The bytes of the file. Raises ValueError for an encoding that the form does not have."""
    if encoding not in ENCODINGS[form]:
        raise ValueError(f"{form}: {encoding}")
    if form is Form.MARCXML:
        yield HEAD
    elif form in (Form.CSV, Form.TSV):
        yield _line(COLUMNS, form, encoding)
    one = _writer(form, encoding)
    for numbers in slices:
        yield b"".join(one(content) for content in _contents(numbers))
    if form is Form.MARCXML:
        yield TAIL


def _contents(numbers: list[int]) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content FROM unnest(%s::bigint[]) WITH ORDINALITY AS w(id, place)"
            " JOIN marc ON marc.record_id = w.id ORDER BY place",
            [numbers],
        )
        return [bytes(content) for (content,) in cursor.fetchall()]


def _writer(form: Form, encoding: str) -> Callable[[bytes], bytes]:
    if form is Form.MARCXML:
        return lambda content: marc.to_xml(marc.read(content)) + b"\n"
    if form is Form.ISO2709:
        return (lambda content: content) if encoding == "utf-8" else (lambda content: marc8.write(marc.read(content)))
    return lambda content: _line(row(extract(marc.read(content))), form, encoding)


def row(made: Extracted) -> list[str]:
    """Values of COLUMNS; several of a kind are parted by semicolons."""

    def numbers(scheme: Scheme) -> str:
        return ";".join(value for kind, value in made.identifiers if kind is scheme)

    authors = [heading for heading in made.headings if heading.kind in (PERSON, CORPORATE)]
    values = {
        "number": made.source_id.partition(":")[2],
        "author": ";".join(heading.name for heading in authors),
        "author_reading": ";".join(heading.reading for heading in authors),
        "year": str(made.published or ""),
        "isbn": numbers(Scheme.ISBN),
        "issn": numbers(Scheme.ISSN),
        "jp_number": numbers(Scheme.JP),
        "magazine_code": numbers(Scheme.MAGAZINE),
        "ndc": ";".join(made.ndc),
        "subject": ";".join(heading.name for heading in made.headings if heading.kind == SUBJECT),
        "note": "",
    }
    return [values[name] if name in values else str(getattr(made, name)) for name in COLUMNS]


def _line(cells: Iterable[str], form: Form, encoding: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter="\t" if form is Form.TSV else ",", lineterminator="\r\n").writerow(cells)
    # what CP932 does not have is written as &#NNNN;, so that nothing is lost without a trace
    return out.getvalue().encode(encoding, "xmlcharrefreplace")
