"""MARC 21 in the JAPAN/MARC convention: readings and romanised forms stand in 880, linked by $6 to their field.

Records are kept as ISO 2709 in UTF-8. pymarc reads and writes them; this module adds what pymarc leaves open:
being strict, and the pairs of 880.
"""

import io
import re
import warnings
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

import pymarc
from pymarc import Field, Indicators, MARCReader, Record, Subfield
from pymarc.marc8 import MARC8ToUnicode

END_OF_RECORD = b"\x1d"
# the length stands in five digits of the leader
MAX_BYTES = 99_999
LINK = re.compile(r"(\d{3})-(\d{2,3})(?:/(\S+?))?(?:/r)?$")
ROMAN_SCRIPT = "(B"
NAMESPACE = "http://www.loc.gov/MARC21/slim"
CONTROL = re.compile("[\x00-\x1f\x7f]")
EMPTY_LEADER = "00000nam a2200000 i 4500"


class Unreadable(Exception):
    """A record that cannot be taken as it is. `code` for machines, the message in Japanese for the cataloguer."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def read(content: bytes) -> Record:
    """Parse one ISO 2709 record in UTF-8 or MARC-8, strictly: what would be lost or guessed raises Unreadable."""
    if len(content) < 26 or not content.endswith(END_OF_RECORD):
        raise Unreadable("truncated", "レコードが途中で切れています")
    if not content[:5].isdigit() or int(content[:5]) != len(content):
        raise Unreadable("length", f"レコード長が合いません(記載 {content[:5]!r}、実際 {len(content)})")
    if content[9:10] not in (b"a", b" "):
        raise Unreadable("leader", f"文字コード表示(リーダー9桁目)が不明です: {content[9:10]!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return Record(content) if content[9:10] == b"a" else _from_marc8(content)
    except UnicodeDecodeError as error:
        raise Unreadable("encoding", f"文字コードが正しくありません({error.reason}、{error.start}バイト目)") from error
    except (pymarc.exceptions.PymarcException, ValueError, IndexError, Warning) as error:
        raise Unreadable("structure", f"ISO 2709 の構造が壊れています({type(error).__name__})") from error


def _from_marc8(content: bytes) -> Record:
    """pymarc puts a blank for a character that it does not know; here that is an error."""
    raw = Record(content, to_unicode=False)
    made = Record(leader=str(raw.leader))
    for field in raw.fields:
        if field.control_field:
            made.add_field(Field(field.tag, data=field.data.decode("ascii")))
            continue
        subfields = []
        for code, value in field.subfields:
            text = MARC8ToUnicode(quiet=True).translate(value)
            if text.count(" ") > value.count(b" "):
                raise Unreadable("marc8", f"MARC-8 にない文字があります(フィールド {field.tag} ${code})")
            subfields.append(Subfield(code, text))
        made.add_field(Field(field.tag, field.indicators, subfields))
    return made


def write(record: Record) -> bytes:
    """ISO 2709 in UTF-8; raises Unreadable if the record is too large for the format."""
    record.leader[9] = "a"
    content: bytes = record.as_marc()
    if len(content) > MAX_BYTES or not content[:5].isdigit():
        raise Unreadable("too-large", f"レコードが大きすぎます({len(content)}バイト、上限 {MAX_BYTES})")
    return content


def from_xml(element: bytes, prefix: bytes = b"") -> Record:
    """One `<record>` element of MARCXML. It is cut out of its document, so that no DTD can reach the parser."""
    name = b":" + prefix if prefix else b""
    document = b'<collection xmlns%s="%s">%s</collection>' % (name, NAMESPACE.encode(), element)
    try:
        whole = ElementTree.fromstring(document)  # noqa: S314  # no DTD, no entity: see above
    except ElementTree.ParseError as error:
        raise Unreadable("xml", f"XML が正しくありません({error})") from error
    if [child.tag.rpartition("}")[2] for child in whole] != ["record"] or (whole.text or "").strip():
        raise Unreadable("xml", "レコードではない内容です")
    root = whole[0]
    made = Record(leader=(root.findtext(f"{{{NAMESPACE}}}leader") or EMPTY_LEADER).ljust(24)[:24])
    for child in root:
        tag, kind = child.get("tag", ""), child.tag.rpartition("}")[2]
        if kind != "leader" and not re.fullmatch("[0-9A-Z]{3}", tag):
            raise Unreadable("xml", f"フィールドのタグが正しくありません: {tag!r}")
        if kind == "controlfield":
            made.add_field(Field(tag, data=child.text or ""))
        elif kind == "datafield":
            subfields = [Subfield(part.get("code", ""), part.text or "") for part in child]
            if any(len(part.code) != 1 for part in subfields):
                raise Unreadable("xml", f"フィールド {tag} にコードのないサブフィールドがあります")
            indicators = (child.get("ind1", " ") or " ", child.get("ind2", " ") or " ")
            made.add_field(Field(tag, Indicators(indicators[0][0], indicators[1][0]), subfields))
    return made


def to_xml(record: Record) -> bytes:
    """One `<record>` element, without a namespace of its own: it stands in a collection."""
    element = pymarc.record_to_xml_node(record)
    for node in element.iter():
        for part in node.attrib:
            node.attrib[part] = CONTROL.sub("", node.attrib[part])
        node.text = CONTROL.sub("", node.text) if node.text else node.text
    text: bytes = ElementTree.tostring(element, encoding="utf-8")
    return text.replace(b"<?xml version='1.0' encoding='utf-8'?>\n", b"")


def reader(content: bytes) -> MARCReader:
    """All records of a file in memory, for tests and small uses."""
    return MARCReader(io.BytesIO(content))


class Pairs:
    """The 880 fields of a record by the field that they belong to."""

    def __init__(self, record: Record) -> None:
        self._by_link: dict[tuple[str, str], list[tuple[str, Field]]] = {}
        for field in record.get_fields("880"):
            found = LINK.match(field.get("6") or "")
            if found and found[2].strip("0"):
                self._by_link.setdefault((found[1], found[2]), []).append((found[3] or "", field))

    def of(self, field: Field, *, roman: bool = False) -> list[Field]:
        """The kana (or romanised) counterparts of a field, in order."""
        found = LINK.match(field.get("6") or "")
        if not found:
            return []
        pairs = self._by_link.get((field.tag, found[2]), [])
        return [pair for script, pair in pairs if (script == ROMAN_SCRIPT) is roman]


def links(record: Record) -> Iterator[tuple[Field, str]]:
    """Every field with its $6."""
    for field in record.fields:
        if not field.control_field and (link := field.get("6")):
            yield field, link


def next_link(record: Record) -> int:
    """A number for $6 that no pair of this record uses yet."""
    used = [int(found[2]) for _, link in links(record) if (found := LINK.match(link))]
    return max(used, default=0) + 1


def add(
    record: Record,
    tag: str,
    indicators: str,
    subfields: Iterable[tuple[str, str]],
    reading: Iterable[tuple[str, str]] = (),
) -> None:
    """Append a field without empty subfields, and its reading as a linked 880; nothing if all are empty."""
    kept = [Subfield(code, value) for code, value in subfields if value]
    spoken = [Subfield(code, value) for code, value in reading if value]
    if not kept:
        return
    marks = Indicators(indicators[0], indicators[1])
    if spoken:
        number = f"{next_link(record):02d}"
        record.add_field(Field(tag, marks, [Subfield("6", f"880-{number}"), *kept]))
        record.add_field(Field("880", marks, [Subfield("6", f"{tag}-{number}/$1"), *spoken]))
    else:
        record.add_field(Field(tag, marks, kept))
