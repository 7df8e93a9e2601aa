"""The only writer of bibliographic records: MARC in, and everything that follows from it, in bulk.

All functions work in the caller's transaction. A thousand records cost a handful of statements: COPY for what is
new, one array-wise UPDATE for what changes.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from shoko_ils.catalog import document, marc
from shoko_ils.catalog.extract import PERSON, Extracted, HeadingData, extract
from shoko_ils.catalog.models import Authority, Reference
from shoko_ils.catalog.normalise import folded

RECORD_COLUMNS = [
    "source_id",
    "title",
    "title_reading",
    "subtitle",
    "subtitle_reading",
    "volume",
    "volume_order",
    "original_title",
    "responsibility",
    "edition",
    "publisher",
    "place",
    "published",
    "date_text",
    "extent",
    "series",
    "series_volume",
    "series_order",
    "host_title",
    "language",
    "material",
    "ndc",
    "ndlc",
    "for_children",
    "orthography",
    "summary",
    "contents",
    "added_on",
]
KEY_COLUMNS = ("sort_key", "title_key", "volume_key", "series_key")
DOCUMENT_COLUMNS = ["material", "shelf_class", "year", "language", "built_with", "tokens", "folded"]
MAX_KEY = {"sort_key": 200, "title_key": 400, "volume_key": 100, "series_key": 200}


@dataclass
class Entry:
    """One record on its way into the catalogue; `id` 0 asks for a new number, `version` is the one to be written.

    Its document may have been `built` already: it holds then as long as no heading meets an authority record.
    """

    content: bytes
    made: Extracted
    id: int = 0
    version: int = 1
    links: list[int | None] = field(default_factory=list)
    built: document.Document | None = None

    @classmethod
    def of(cls, content: bytes, **known: int) -> "Entry":
        """From ISO 2709; raises marc.Unreadable."""
        return cls(content, extract(marc.read(content)), **known)


def keys(made: Extracted) -> dict[str, str]:
    """Folded columns of a record."""
    values = {
        "sort_key": folded(made.title_reading) or made.title_key,
        "title_key": made.title_key,
        "volume_key": made.volume_key,
        "series_key": folded(made.series),
    }
    return {name: text[: MAX_KEY[name]] for name, text in values.items()}


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY the rows into the table; returns how many."""
    with connection.cursor() as cursor:
        with cursor.cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as stream:
            for row in rows:
                stream.write_row(row)
        return int(cursor.rowcount)


def create(entries: Sequence[Entry], by: str, batch: int | None = None) -> None:
    """Write new records. Gives each a number unless it has one, and a control number if its MARC has none."""
    unnumbered = [entry for entry in entries if not entry.id]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('record', 'id')) FROM generate_series(1, %s)", [len(unnumbered)]
        )
        for entry, (number,) in zip(unnumbered, cursor.fetchall(), strict=True):
            entry.id = number
    for entry in entries:
        entry.made.source_id = entry.made.source_id or f"shoko:{entry.id}"
    copy("record", ("id", *RECORD_COLUMNS, *KEY_COLUMNS), ((entry.id, *_record_row(entry.made)) for entry in entries))
    now = timezone.now()
    copy(
        "marc",
        ("record_id", "content", "version", "changed_at", "changed_by", "batch_id"),
        ((entry.id, entry.content, entry.version, now, by, batch) for entry in entries),
    )
    _write_parts(entries)
    _write_documents(entries, fresh=True)


def change(entries: Sequence[Entry], by: str, batch: int | None = None) -> None:
    """Write changed records: the former MARC is kept, all that follows from it is made anew."""
    ids = [entry.id for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO former_marc (record_id, version, content, changed_at, changed_by, batch_id)"
            " SELECT record_id, version, content, changed_at, changed_by, batch_id FROM marc WHERE record_id = ANY(%s)",
            [ids],
        )
        cursor.executemany(
            "UPDATE marc SET content = %s, version = %s, changed_at = now(), changed_by = %s, batch_id = %s"
            " WHERE record_id = %s",
            [(entry.content, entry.version, by, batch, entry.id) for entry in entries],
        )
    project(entries)


def project(entries: Sequence[Entry]) -> None:
    """Write again what follows from the MARC of existing records, and leave the MARC alone."""
    columns = [name for name in (*RECORD_COLUMNS, *KEY_COLUMNS) if name not in ("source_id", "added_on")]
    ids = [entry.id for entry in entries]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE record SET {', '.join(f'{name} = %s' for name in columns)} WHERE id = %s",  # noqa: S608
            [(*_values(entry.made, columns), entry.id) for entry in entries],
        )
        cursor.execute("DELETE FROM heading WHERE record_id = ANY(%s)", [ids])
        cursor.execute("DELETE FROM identifier WHERE record_id = ANY(%s)", [ids])
    _write_parts(entries)
    _write_documents(entries, fresh=False)


def remove(ids: Sequence[int]) -> None:
    """Delete records that nothing refers to any more; items of a record forbid it (IntegrityError)."""
    with connection.cursor() as cursor:
        for table in ("search_document", "identifier", "heading", "former_marc", "marc"):
            cursor.execute(f"DELETE FROM {table} WHERE record_id = ANY(%s)", [list(ids)])  # noqa: S608
        cursor.execute("DELETE FROM record WHERE id = ANY(%s)", [list(ids)])


def load(ids: Sequence[int], *, lock: bool = False) -> list[Entry]:
    """Entries of existing records as they are, by number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id, content, version FROM marc WHERE record_id = ANY(%s) ORDER BY record_id"  # noqa: S608
            + (" FOR UPDATE" if lock else ""),
            [list(ids)],
        )
        return [Entry.of(bytes(content), id=number, version=version) for number, content, version in cursor.fetchall()]


def _values(made: Extracted, columns: Sequence[str]) -> tuple[Any, ...]:
    known = keys(made)
    return tuple(known[name] if name in known else getattr(made, name) for name in columns)


def _record_row(made: Extracted) -> tuple[Any, ...]:
    made.added_on = made.added_on or dt.datetime.now(tz=timezone.get_default_timezone()).date()
    return _values(made, (*RECORD_COLUMNS, *KEY_COLUMNS))


def _write_parts(entries: Sequence[Entry]) -> None:
    """Headings with their links to authority records, and identifiers."""
    link(entries)
    copy(
        "heading",
        ("record_id", "authority_id", "kind", "role", "role_text", "scheme", "position", "name", "name_reading", "key"),
        (
            (entry.id, authority, h.kind, h.role, h.role_text[:60], h.scheme, position, h.name, h.reading, h.key[:300])
            for entry in entries
            for position, (h, authority) in enumerate(zip(entry.made.headings, entry.links, strict=True))
        ),
    )
    copy(
        "identifier",
        ("record_id", "scheme", "value"),
        ((entry.id, scheme.value, value) for entry in entries for scheme, value in entry.made.identifiers),
    )


def link(entries: Sequence[Entry]) -> None:
    """Find the authority record of each heading: by its number, else by name and years if only one fits.

    A name that is a see-reference leads to the heading that it refers to.
    """
    wanted = {heading.key for entry in entries for heading in entry.made.headings}
    numbers = {heading.number for entry in entries for heading in entry.made.headings if heading.number}
    by_number = dict(Authority.objects.filter(number__in=numbers).values_list("number", "pk")) if numbers else {}
    by_key: dict[tuple[str, str], dict[int, tuple[int | None, int | None]]] = defaultdict(dict)
    columns = ("kind", "key", "pk", "born", "died")
    for kind, key, pk, born, died in Authority.objects.filter(key__in=wanted).values_list(*columns):
        by_key[kind, key][pk] = born, died
    referred: dict[tuple[str, str], dict[int, tuple[int | None, int | None]]] = defaultdict(dict)
    columns = ("authority__kind", "key", "authority_id", "authority__born", "authority__died")
    for kind, key, pk, born, died in Reference.objects.filter(key__in=wanted).values_list(*columns):
        referred[kind, key][pk] = born, died

    def choose(heading: HeadingData) -> int | None:
        if heading.number in by_number:
            return by_number[heading.number]
        for forms in (by_key, referred):
            fitting = [
                pk
                for pk, years in forms.get((heading.kind, heading.key), {}).items()
                if heading.kind != PERSON or heading.died is None or years == (heading.born, heading.died)
            ]
            if fitting:
                return fitting[0] if len(fitting) == 1 else None
        return None

    for entry in entries:
        entry.links = [choose(heading) for heading in entry.made.headings]


def _write_documents(entries: Sequence[Entry], *, fresh: bool) -> None:
    """Search documents; a fresh one stands in no library yet, an old one keeps what it knows of its copies."""
    forms = authority_forms({number for entry in entries for number in entry.links if number})
    built = [(entry.id, _document(entry, forms)) for entry in entries]
    if fresh:
        copy(
            "search_document",
            ("record_id", *DOCUMENT_COLUMNS, "libraries", "copies"),
            ((number, *(getattr(each, name) for name in DOCUMENT_COLUMNS), [], 0) for number, each in built),
        )
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE search_document SET {', '.join(f'{name} = %s' for name in DOCUMENT_COLUMNS)}"  # noqa: S608
            " WHERE record_id = %s",
            [(*(getattr(each, name) for name in DOCUMENT_COLUMNS), number) for number, each in built],
        )


def _document(entry: Entry, forms: dict[int, list[tuple[str, str]]]) -> document.Document:
    references = [form for number in entry.links if number for form in forms[number]]
    return document.build(entry.made, references) if references or entry.built is None else entry.built


def authority_forms(numbers: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Kind and every form, used or not, of each authority record: what its works are found by."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    wanted = list(numbers)
    if not wanted:
        return found
    columns = ("pk", "kind", "name", "name_reading", "name_roman")
    for pk, kind, *names in Authority.objects.filter(pk__in=wanted).values_list(*columns):
        found[pk] += [(kind, name) for name in names if name]
    columns = ("authority", "authority__kind", "name", "name_reading")
    for pk, kind, *names in Reference.objects.filter(authority__in=wanted).values_list(*columns):
        found[pk] += [(kind, name) for name in names if name]
    return found
