"""Changing one record by hand: from a form over the MARC record, or from its lines, always checked, always undoable."""

import re
from dataclasses import dataclass

from django.db import connection, transaction
from pymarc import Field, Indicators, Record, Subfield

from shoko_ils.audit import record as audit
from shoko_ils.catalog import marc, store
from shoko_ils.catalog.extract import extract
from shoko_ils.catalog.identifiers import isbn, issn, magazine
from shoko_ils.catalog.importing.matching import choose, index
from shoko_ils.catalog.marc import Unreadable
from shoko_ils.catalog.models import Marc

LINE = re.compile(r"(?P<tag>\d{3}|[0-9A-Z]{3}) (?P<marks>[0-9a-z_#]{2})? ?(?P<rest>.*)$")
DELIMITER = "$"


class Changed(Exception):
    """Somebody else has changed the record since it was opened."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a typed record: the line (from 1, 0 for the whole) and why, in Japanese."""

    line: int
    reason: str


class Mistakes(Exception):  # several of them
    """The typed record cannot be taken; `found` says every reason at once."""

    def __init__(self, found: list[Mistake]) -> None:
        super().__init__("; ".join(each.reason for each in found))
        self.found = found


def to_lines(record: Record) -> str:
    """A record as lines that a cataloguer edits: `245 10 $6 880-01 $a 書名`; a blank indicator is `_`."""
    lines = [f"LDR {str(record.leader).replace(' ', '_')}"]
    for each in record.fields:
        if each.control_field:
            lines.append(f"{each.tag} {(each.data or '').replace(' ', '_') if each.tag == '008' else each.data}")
        else:
            marks = f"{each.indicator1}{each.indicator2}".replace(" ", "_")
            parts = " ".join(
                f"{DELIMITER}{part.code} {part.value.replace(DELIMITER, '{dollar}')}" for part in each.subfields
            )
            lines.append(f"{each.tag} {marks} {parts}")
    return "\n".join(lines)


def from_lines(text: str) -> Record:
    """The record of such lines. Raises Mistakes."""
    made = Record(leader=marc.EMPTY_LEADER)
    found: list[Mistake] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("LDR "):
            leader = line[4:].replace("_", " ")
            if len(leader) == 24:  # by the standard
                made.leader = type(made.leader)(leader)
            else:
                found.append(Mistake(number, "リーダーは24文字です"))
            continue
        try:
            made.add_field(_field(line))
        except ValueError as error:
            found.append(Mistake(number, str(error)))
    found += check(made) if not found else []
    if found:
        raise Mistakes(found)
    return made


def _field(line: str) -> Field:
    tag, _, rest = line.partition(" ")
    if not re.fullmatch(r"\d{3}", tag):
        raise ValueError(f"タグは3桁の数字です: {tag}")
    if tag < "010":
        return Field(tag, data=rest.replace("_", " ") if tag == "008" else rest)
    marks, _, body = rest.partition(" ")
    if not re.fullmatch("[0-9a-z_#]{2}", marks):
        raise ValueError(f"指示子は2文字です(空白は _): {marks}")
    parts = body.strip().split(DELIMITER)
    if parts[0].strip() or len(parts) < 2:  # nothing before the first, and at least one
        raise ValueError("サブフィールドは $ と1文字のコードで始めます")
    subfields = [Subfield(part[:1], part[1:].strip().replace("{dollar}", DELIMITER)) for part in parts[1:]]
    if empty := next((each for each in subfields if not re.fullmatch("[0-9a-z]", each.code) or not each.value), None):
        raise ValueError(f"サブフィールド ${empty.code} が空か、コードが正しくありません")
    marks = marks.replace("_", " ").replace("#", " ")
    return Field(tag, Indicators(marks[0], marks[1]), subfields)


def check(record: Record) -> list[Mistake]:
    """What a record must satisfy beyond its form: one title, right check digits, readings that belong to a field."""
    found = []
    if len(record.get_fields("245")) != 1 or not (record.get_fields("245")[0].get("a") or "").strip():
        found.append(Mistake(0, "書名(245 $a)が1つ必要です"))
    for tag, read, name in (("020", isbn, "ISBN"), ("022", issn, "ISSN")):
        for value in (value for each in record.get_fields(tag) for value in each.get_subfields("a")):
            if not read(value):
                found.append(Mistake(0, f"{name} の検査数字が合いません: {value}"))
    for each in _of(record, "magazine_code", "024"):
        if not magazine(each.get("a") or ""):
            found.append(Mistake(0, f"雑誌コードは5桁の数字です: {each.get('a')}"))
    if len(record.get_fields("001")) > 1:
        found.append(Mistake(0, "書誌番号(001)は1つだけです"))
    linked = {
        (match[1], match[2])
        for each, link in marc.links(record)
        if each.tag == "880" and (match := marc.LINK.match(link))
    }
    there = {
        (each.tag, match[2])
        for each, link in marc.links(record)
        if each.tag != "880" and (match := marc.LINK.match(link))
    }
    found += [Mistake(0, f"読み(880)の相手がありません: {tag}-{number}") for tag, number in sorted(linked - there)]
    found += [Mistake(0, f"読み(880)がありません: {tag} $6 880-{number}") for tag, number in sorted(there - linked)]
    return found


# The form: the fields that are changed daily. Whatever else the record holds stays as it is.
SINGLE = (
    # name, tag, indicators, subfield
    ("title", "245", "10", "a"),
    ("subtitle", "245", "10", "b"),
    ("volume", "245", "10", "n"),
    ("responsibility", "245", "10", "c"),
    ("edition", "250", "  ", "a"),
    ("place", "264", " 1", "a"),
    ("publisher", "264", " 1", "b"),
    ("date", "264", " 1", "c"),
    ("extent", "300", "  ", "a"),
    ("size", "300", "  ", "c"),
    ("series", "490", "0 ", "a"),
    ("series_volume", "490", "0 ", "v"),
    ("summary", "520", "  ", "a"),
)
MANY = (
    # name, tag, indicators, fixed subfield
    ("isbn", "020", "  ", ()),
    ("issn", "022", "  ", ()),
    ("jp_number", "015", "  ", (("2", "jnb"),)),
    ("magazine_code", "024", "7 ", (("2", "jpmagcode"),)),
    ("ndc", "084", "  ", (("2", "njb/10"),)),
    ("ndlc", "084", "  ", (("2", "kktb"),)),
    ("subjects", "650", " 7", (("2", "ndlsh"),)),
)
READING = "title_reading"
# names, one a line: name | reading | role; the first one of a record without a main entry becomes it
NAMES = (("persons", "00", "1 "), ("bodies", "10", "2 "))
# fields of one tag that are of a kind by their $2
BY_SOURCE = {"ndc": ("njb", "ndc"), "ndlc": ("kktb",), "magazine_code": ("jpmagcode",)}


def to_form(record: Record) -> dict[str, str]:
    """Values of the form; several of a kind stand one a line."""
    values = {}
    for name, tag, _, code in SINGLE:
        values[name] = next((each.get(code) or "" for each in _of(record, name, tag)), "")
    for name, tag, _, _ in MANY:
        values[name] = "\n".join(each.get("a") or "" for each in _of(record, name, tag))
    for name, tags, _ in NAMES:
        values[name] = "\n".join(line for line, _ in _named(record, tags))
    title = record.get_fields("245")
    spoken = marc.Pairs(record).of(title[0]) if title else []
    values[READING] = spoken[0].get("a") or "" if spoken else ""
    return values


def _of(record: Record, name: str, tag: str) -> list[Field]:
    """Fields of a tag that the form shows under a name."""
    found = record.get_fields(*("264", "260") if tag == "264" else (tag,))
    if sources := BY_SOURCE.get(name):
        found = [each for each in found if (each.get("2") or "").lower().startswith(sources)]
    return found


def _named(record: Record, tags: str) -> list[tuple[str, Field]]:
    """Main and added entries of a kind (X00, X10), each with its line of the form."""
    pairs = marc.Pairs(record)
    found = []
    for each in record.get_fields(f"1{tags}", f"7{tags}"):
        spoken = pairs.of(each)
        parts = (each.get("a") or "", (spoken[0].get("a") or "") if spoken else "", each.get("e") or "")
        found.append((" | ".join(parts).rstrip(" |"), each))
    return found


def from_form(record: Record, values: dict[str, str]) -> Record:
    """A copy of the record with the values of the form in it. Raises Mistakes."""
    made = marc.read(marc.write(record)) if record.fields else Record(leader=marc.EMPTY_LEADER)
    for name, tag, marks, code in SINGLE:
        value, there = values.get(name, "").strip(), _of(made, name, tag)
        if there:
            _set(there[0], code, value)
            if not [part for part in there[0].subfields if part.code != "6"]:
                made.remove_field(there[0])
        elif value:
            marc.add(made, tag, marks, [(code, value)])
    _set_reading(made, values.get(READING, "").strip())
    for name, tag, marks, extra in MANY:
        wanted = [line.strip() for line in values.get(name, "").splitlines() if line.strip()]
        there = {each.get("a") or "": each for each in _of(made, name, tag)}
        for value, each in there.items():
            if value not in wanted:
                _remove(made, each)
        for value in wanted:
            if value not in there:
                marc.add(made, tag, marks, [("a", value), *extra])
    for name, tags, marks in NAMES:
        _set_names(made, tags, marks, [line for line in values.get(name, "").splitlines() if line.strip()])
    made.fields.sort(key=lambda each: each.tag)
    if found := check(made):
        raise Mistakes(found)
    return made


def _set_names(made: Record, tags: str, marks: str, wanted: list[str]) -> None:
    """Names whose line is unchanged keep their field with all that the form does not show: years, $0."""
    lines = [" | ".join(part.strip() for part in line.split("|")).rstrip(" |") for line in wanted]
    there = [line for line, _ in _named(made, tags)]
    for line, each in _named(made, tags):
        if line not in lines:
            _remove(made, each)
    for line in lines:
        if line not in there:
            name, reading, role = (part.strip() for part in f"{line}||".split("|", 2))
            main = any(each.tag[0] == "1" and not each.control_field for each in made.fields)
            spoken = [("a", reading)] if reading else []
            marc.add(made, ("7" if main else "1") + tags, marks, [("a", name), ("e", role.strip(" |"))], spoken)


def _set(each: Field, code: str, value: str) -> None:
    if (each.get(code) or "") == value:
        return
    kept = [part for part in each.subfields if part.code != code]
    if value:
        before = [part for part in kept if part.code == "6" or part.code < code]
        kept = [*before, Subfield(code, value), *(part for part in kept if part not in before)]
    each.subfields = kept


def _set_reading(made: Record, reading: str) -> None:
    title = next(iter(made.get_fields("245")), None)
    if title is None:
        return
    spoken = marc.Pairs(made).of(title)
    if spoken:
        if reading:
            _set(spoken[0], "a", reading)
        else:
            made.remove_field(*spoken)
            _set(title, "6", "")
    elif reading:
        number = f"{marc.next_link(made):02d}"
        title.subfields = [Subfield("6", f"880-{number}"), *(part for part in title.subfields if part.code != "6")]
        marks = Indicators(title.indicator1, title.indicator2)
        made.add_field(Field("880", marks, [Subfield("6", f"245-{number}/$1"), Subfield("a", reading)]))


def _remove(made: Record, each: Field) -> None:
    pairs = marc.Pairs(made)
    made.remove_field(each, *pairs.of(each), *pairs.of(each, roman=True))


@transaction.atomic
def save(record: Record, actor: audit.Actor, *, number: int = 0, version: int = 0) -> int:
    """Write a checked record, new (number 0) or over the `version` that was opened; returns its number.

    A record that is as it was is not written again, and no event about it. Raises Changed if somebody was faster,
    Mistakes if it is another record's double or too large.
    """
    try:
        content = marc.write(record)
        made = extract(marc.read(content))
        if not number:
            twin = choose(made, index([made]))
            if twin:
                raise Mistakes([Mistake(0, f"同じ書誌がすでにあります(書誌番号 {twin})")])
    except Unreadable as error:
        raise Mistakes([Mistake(0, error.reason)]) from error
    entry = store.Entry(content, made, id=number, version=version + 1)
    if not number:
        store.create([entry], actor.login_id)
        audit.write(actor, "catalogue", "record-new")
        return entry.id
    stored = Marc.objects.select_for_update(no_key=True).filter(record=number).first()
    if stored is None or stored.version != version:
        raise Changed
    if bytes(stored.content) != content:
        store.change([entry], actor.login_id)
        audit.write(actor, "catalogue", "record")
    return number


def restore(number: int, version: int, actor: audit.Actor) -> int:
    """Make a former version the current one again; returns the new one's number. Raises Changed if there is no such."""
    with transaction.atomic(), connection.cursor() as cursor:
        current = Marc.objects.select_for_update(no_key=True).get(record=number)
        cursor.execute("SELECT content FROM former_marc WHERE record_id = %s AND version = %s", [number, version])
        former = cursor.fetchone()
        if former is None:
            raise Changed
        store.change([store.Entry.of(bytes(former[0]), id=number, version=current.version + 1)], actor.login_id)
        audit.write(actor, "catalogue", "record")
        return current.version + 1
