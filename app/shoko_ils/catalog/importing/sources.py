"""Cuts a file into records by bytes, so that reading can go on from any record, and turns each into MARC.

A file is read as ISO 2709, MARCXML, CSV or TSV. What cannot be cut off cleanly is still handed on as one piece: it
becomes a quarantined record, never a silent gap.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from pymarc import Field, Record

from shoko_ils.catalog import marc
from shoko_ils.catalog.marc import Unreadable

BLOCK = 1 << 20
# a record that does not end within this is cut here
LONGEST = 4 << 20
BOM = b"\xef\xbb\xbf"
XML_RECORD = re.compile(rb"<(?:([A-Za-z][\w.-]*):)?record(?=[\s>/])")
# what may stand around records: blanks, the XML declaration, comments, the tags of the collection
XML_FRAME = re.compile(
    rb"(?:\s++|%s|(?><\?.*?\?>)|(?><!--.*?-->)|</?(?:[A-Za-z][\w.-]*:)?collection(?:\s[^<>]*)?>)*+" % BOM, re.DOTALL
)
# so much of what is no record is kept back: the beginning of a tag may be at its end
TAG = 256
ENCODINGS = {"utf-8": "utf-8", "cp932": "cp932"}


class Form(StrEnum):
    """Forms of a file."""

    ISO2709 = "iso2709"
    MARCXML = "marcxml"
    CSV = "csv"
    TSV = "tsv"


# what a column may hold; the title is the only one that must be there
COLUMNS = (
    "number", "title", "title_reading", "subtitle", "volume", "author", "author_reading", "publisher", "year", "isbn",
    "issn", "jp_number", "magazine_code", "ndc", "subject", "series", "series_volume", "extent", "language", "note",
)  # fmt: skip
# headings of Japanese files that need no declaration
USUAL = {
    "書名": "title",
    "タイトル": "title",
    "書名ヨミ": "title_reading",
    "書名読み": "title_reading",
    "副書名": "subtitle",
    "巻次": "volume",
    "巻号": "volume",
    "著者": "author",
    "著者名": "author",
    "著者ヨミ": "author_reading",
    "著者読み": "author_reading",
    "出版者": "publisher",
    "出版社": "publisher",
    "出版年": "year",
    "ISBN": "isbn",
    "ISSN": "issn",
    "全国書誌番号": "jp_number",
    "雑誌コード": "magazine_code",
    "NDC": "ndc",
    "分類": "ndc",
    "件名": "subject",
    "シリーズ": "series",
    "シリーズ番号": "series_volume",
    "形態": "extent",
    "言語": "language",
    "注記": "note",
    "書誌番号": "number",
}

NUMBERS = (
    ("015", "jp_number", "  ", [("2", "jnb")]),
    ("020", "isbn", "  ", []),
    ("022", "issn", "  ", []),
    ("024", "magazine_code", "7 ", [("2", "jpmagcode")]),
)


class BadFile(Exception):
    """The file as a whole cannot be read; the message, in Japanese, says why."""


@dataclass(frozen=True)
class Piece:
    """The bytes of one record and where the next one begins."""

    content: bytes
    end: int
    prefix: bytes = b""


@dataclass
class Source:
    """A file and how to read it. `columns`: heading of a column → one of COLUMNS."""

    file: BinaryIO
    form: Form
    encoding: str = "utf-8"
    columns: Mapping[str, str] = field(default_factory=dict)
    _heads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.form in (Form.CSV, Form.TSV):
            self._heads = self._read_heads()
        elif self.form is Form.MARCXML and not _holds_a_record(self.file):
            raise BadFile("MARCXML のレコード(<record>)がありません。UTF-8 で保存した MARCXML か確かめてください")

    def pieces(self, start: int = 0) -> Iterator[Piece]:
        """Every record from byte `start` on."""
        cut = {Form.ISO2709: _iso2709, Form.MARCXML: _marcxml}.get(self.form, self._lines)
        return cut(self.file, start)

    def marc(self, piece: Piece) -> tuple[bytes, Record]:
        """ISO 2709 in UTF-8 of a piece, and the record; raises Unreadable."""
        if self.form is Form.ISO2709:
            record = marc.read(piece.content)
            same = piece.content[9:10] == b"a"
            return (piece.content if same else marc.write(record)), record
        record = marc.from_xml(piece.content, piece.prefix) if self.form is Form.MARCXML else self._row(piece.content)
        # read again: what is kept is what was checked
        content = marc.write(record)
        return content, marc.read(content)

    def _lines(self, file: BinaryIO, start: int) -> Iterator[Piece]:
        """Rows of a table; a line break within quotation marks belongs to the row."""
        file.seek(start)
        position, row, is_first = start, b"", start == 0
        for line in iter(file.readline, b""):
            position += len(line)
            row += line
            # in CP932 too, no second byte of a character is a quotation mark or a line break
            if row.count(b'"') % 2 and len(row) < LONGEST:
                continue
            if not is_first and row.strip():
                yield Piece(row, position)
            is_first, row = False, b""
        if row.strip():
            yield Piece(row, position)

    def _cells(self, row: bytes) -> list[str]:
        try:
            text = row.removeprefix(BOM).decode(ENCODINGS[self.encoding])
        except UnicodeDecodeError as error:
            raise Unreadable(
                "encoding", f"{self.encoding.upper()} として読めない文字があります({error.start}バイト目)"
            ) from error
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter="\t" if self.form is Form.TSV else ",", strict=True))
        except csv.Error as error:
            raise Unreadable("table", f"表の形が正しくありません({error})") from error
        return [cell.strip() for cell in rows[0]] if rows else []

    def _read_heads(self) -> list[str]:
        self.file.seek(0)
        try:
            heads = self._cells(self.file.readline())
        except Unreadable as error:
            raise BadFile(f"1行目(見出し)が読めません: {error.reason}") from error
        named = [self.columns.get(head, USUAL.get(head, head if head in COLUMNS else "")) for head in heads]
        if unknown := sorted(set(self.columns.values()) - set(COLUMNS) - {""}):
            raise BadFile(f"列の割り当て先が不明です: {'、'.join(unknown)}")
        if missing := sorted(set(self.columns) - set(heads)):
            raise BadFile(f"ファイルにない列が指定されています: {'、'.join(missing)}")
        if "title" not in named:
            raise BadFile("書名の列がありません。列の割り当てを指定してください")
        return named

    def _row(self, row: bytes) -> Record:
        cells = self._cells(row)
        if len(cells) != len(self._heads):
            raise Unreadable("table", f"列の数が見出しと違います(見出し {len(self._heads)}、この行 {len(cells)})")
        values: dict[str, str] = {}
        for name, cell in zip(self._heads, cells, strict=True):
            if name and cell:
                values[name] = f"{values[name]};{cell}" if name in values else cell
        return from_columns(values)


def from_columns(values: Mapping[str, str]) -> Record:
    """A MARC record of named columns; several authors, subjects, classes and ISBNs are parted by semicolons."""

    def many(name: str) -> list[str]:
        return [part.strip() for part in re.split("[;;]", values.get(name, "")) if part.strip()]

    made = Record(leader=marc.EMPTY_LEADER)
    if number := values.get("number"):
        made.add_field(Field("001", data=number))
    year = re.search(r"(1\d|20)\d\d", values.get("year", ""))
    language = values.get("language", "jpn")
    fixed = f"{'':6}{f's{year.group()}' if year else 'nuuuu'}{'':4}ja{'':18}"
    made.add_field(Field("008", data=f"{fixed[:35]:35}{language[:3]:3}  "))
    for tag, name, marks, extra in NUMBERS:
        for value in many(name):
            marc.add(made, tag, marks, [("a", value), *extra])
    for value in many("ndc"):
        marc.add(made, "084", "  ", [("a", value), ("2", "njb/10")])
    authors, readings = many("author"), many("author_reading")
    for place, author in enumerate(authors):
        spoken = [("a", readings[place])] if place < len(readings) else []
        marc.add(made, "700" if place else "100", "1 ", [("a", author)], spoken)
    marc.add(made, "245", "10",
             [("a", values.get("title", "")), ("b", values.get("subtitle", "")), ("n", values.get("volume", ""))],
             [("a", values.get("title_reading", ""))])  # fmt: skip
    marc.add(made, "264", " 1", [("b", values.get("publisher", "")), ("c", values.get("year", ""))])
    marc.add(made, "300", "  ", [("a", values.get("extent", ""))])
    if values.get("series"):
        marc.add(made, "490", "0 ", [("a", values["series"]), ("v", values.get("series_volume", ""))])
    marc.add(made, "500", "  ", [("a", values.get("note", ""))])
    for value in many("subject"):
        marc.add(made, "650", " 7", [("a", value)])
    return made


def _iso2709(file: BinaryIO, start: int) -> Iterator[Piece]:
    """Records end with 1D; line breaks between them are not part of any."""
    file.seek(start)
    rest, position = b"", start
    while True:
        block = file.read(BLOCK)
        rest += block
        place = 0
        while (end := rest.find(marc.END_OF_RECORD, place)) >= 0:
            content = rest[place : end + 1].lstrip(b"\r\n\x00 ")
            yield Piece(content, position + end + 1)
            place = end + 1
        position, rest = position + place, rest[place:]
        if len(rest) > LONGEST:
            yield Piece(rest, position + len(rest))
            position, rest = position + len(rest), b""
        if not block:
            if rest.strip(b"\r\n\x00 \x1a"):
                yield Piece(rest, position + len(rest))
            return


def _marcxml(file: BinaryIO, start: int) -> Iterator[Piece]:
    """Each `<record>` element of a collection, whatever its prefix; and what stands between them and is no frame."""
    file.seek(start)
    rest, position = b"", start
    while True:
        block = file.read(BLOCK)
        rest += block
        while found := XML_RECORD.search(rest):
            if found.start():
                yield from _between(rest[: found.start()], position + found.start())
                position, rest = position + found.start(), rest[found.start() :]
            prefix = found.group(1) or b""
            closing = b"</%srecord>" % (prefix + b":" if prefix else b"")
            end = rest.find(closing)
            if end < 0:
                break
            end += len(closing)
            yield Piece(rest[:end], position + end, prefix)
            position, rest = position + end, rest[end:]
        if len(rest) > LONGEST:
            cut = len(rest) if found else len(rest) - TAG
            yield from _cut(rest[:cut], position + cut, found)
            position, rest = position + cut, rest[cut:]
        if not block:
            yield from _cut(rest, position + len(rest), found)
            return


def _cut(content: bytes, end: int, found: re.Match[bytes] | None) -> Iterator[Piece]:
    """What ends without the end of a record: the beginning of the one that was found, or what is none."""
    if found and content:
        yield Piece(content, end, found.group(1) or b"")
    elif not found:
        yield from _between(content, end)


def _between(content: bytes, end: int) -> Iterator[Piece]:
    """What stands between two records, to be quarantined unless it is frame."""
    if not XML_FRAME.fullmatch(content):
        yield Piece(content, end)


def _holds_a_record(file: BinaryIO) -> bool:
    """Whether a `<record>` begins anywhere; so too in a file of blanks, which holds nothing to be lost."""
    file.seek(0)
    rest, blank = b"", True
    while block := file.read(BLOCK):
        rest, blank = rest[-TAG:] + block, blank and not block.strip()
        if XML_RECORD.search(rest):
            return True
    return blank


def guess(name: str, head: bytes) -> tuple[Form, str]:
    """Form and encoding of a file, from its first bytes and, for tables, its name."""
    text = head.removeprefix(BOM).lstrip()
    if text.startswith(b"<"):
        return Form.MARCXML, "utf-8"
    if re.match(rb"\d{5}[a-z]", text):
        return Form.ISO2709, "utf-8" if text[9:10] == b"a" else "marc-8"
    first = head.partition(b"\n")[0]
    form = Form.TSV if name.lower().endswith((".tsv", ".txt")) or first.count(b"\t") > first.count(b",") else Form.CSV
    # text in CP932 is hardly ever valid UTF-8; a single bad row must not decide for the file
    rows = [row for row in head[: head.rfind(b"\n") + 1].splitlines() if not row.isascii()]
    return form, "utf-8" if 2 * sum(map(_is_utf8, rows)) >= len(rows) else "cp932"


def _is_utf8(row: bytes) -> bool:
    try:
        row.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
