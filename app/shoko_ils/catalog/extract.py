"""From a MARC record to the fields that are searched, listed and matched: one pure function.

Run again over all records it gives the same answer (`rebuild_catalogue`), so the MARC record stays the truth.
"""

import datetime as dt
import re
from dataclasses import dataclass, field

from pymarc import Field, Record

from shoko_ils.catalog import identifiers, volumes
from shoko_ils.catalog.identifiers import Scheme
from shoko_ils.catalog.marc import Pairs, Unreadable
from shoko_ils.catalog.normalise import folded

# raised whenever `extract` or `document` answers differently: records of a lower version are rebuilt
VERSION = 3

PERSON, CORPORATE, SUBJECT = "person", "corporate", "subject"
NAME_TAGS = {"100": PERSON, "700": PERSON, "110": CORPORATE, "710": CORPORATE, "111": CORPORATE, "711": CORPORATE}
SUBJECT_TAGS = ("600", "610", "611", "630", "650", "651")
ROLES = (
    ("translator", re.compile("訳|trl|translator")),
    ("reviser", re.compile("校訂|校注|rev|reviser")),
    ("editor", re.compile("編|監修|edt|editor")),
    ("illustrator", re.compile("絵|画|ill|illustrator")),
    ("author", re.compile("著|作|文|aut|author")),
)
# leader 06 and 07, and 007/00 for what is seen or heard
MATERIALS = {"a": "book", "t": "book", "c": "score", "d": "score", "e": "map", "f": "map", "g": "video",
             "i": "audio", "j": "audio", "k": "picture", "m": "electronic", "o": "kit", "r": "object"}  # fmt: skip
MATERIAL_CODES = ("book", "serial", "score", "map", "video", "audio", "picture", "electronic", "kit", "object")
TITLE_TAGS = {"245": "abnp", "246": "abnp", "240": "a", "130": "a", "740": "a", "765": "t"}
RELATED_TAGS = {"490": "a", "830": "a", "773": "t"}
TRAILING = " \t\r\n\u3000/:;,=."
OLDEST = 69
NDC_SOURCES, NDLC_SOURCE = ("njb", "ndc"), "kktb"


@dataclass(frozen=True)
class Title:
    """A title as printed with its readings in kana."""

    text: str
    readings: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadingData:
    """A name or subject of a record; `number` is the authority's, where the field names it in $0."""

    kind: str
    role: str
    name: str
    reading: str = ""
    roman: str = ""
    role_text: str = ""
    scheme: str = ""
    number: str = ""
    born: int | None = None
    died: int | None = None

    @property
    def key(self) -> str:
        """Folded form under which authority records are found."""
        return folded(self.name)


@dataclass
class Extracted:
    """What a bibliographic record says, in plain values."""

    source_id: str
    title: str
    title_reading: str = ""
    subtitle: str = ""
    subtitle_reading: str = ""
    volume: str = ""
    volume_order: int | None = None
    original_title: str = ""
    responsibility: str = ""
    edition: str = ""
    publisher: str = ""
    place: str = ""
    published: int | None = None
    date_text: str = ""
    extent: str = ""
    series: str = ""
    series_volume: str = ""
    series_order: int | None = None
    host_title: str = ""
    language: str = ""
    material: str = "book"
    ndc: list[str] = field(default_factory=list)
    ndlc: list[str] = field(default_factory=list)
    for_children: bool = False
    orthography: str = ""
    summary: str = ""
    contents: list[str] = field(default_factory=list)
    added_on: dt.date | None = None
    titles: list[Title] = field(default_factory=list)
    related: list[Title] = field(default_factory=list)
    headings: list[HeadingData] = field(default_factory=list)
    identifiers: list[tuple[Scheme, str]] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[HeadingData]:
        return [heading for heading in self.headings if heading.kind != SUBJECT]

    @property
    def title_key(self) -> str:
        return folded(self.title)

    @property
    def volume_key(self) -> str:
        return folded(self.volume)


def clean(text: str | None) -> str:
    """A subfield without the punctuation that ISBD puts at its end."""
    return (text or "").rstrip(TRAILING).strip()


class Fields(dict[str, list[Field]]):
    """Fields of a record by tag, so that it is walked through once."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        for each in record.fields:
            self.setdefault(each.tag, []).append(each)

    def of(self, tag: str) -> list[Field]:
        return self.get(tag, [])

    def first(self, *tags: str) -> Field | None:
        """First field with the earliest of the tags."""
        return next((self[tag][0] for tag in tags if tag in self), None)

    def data(self, tag: str) -> str:
        """Text of a control field."""
        return (self[tag][0].data or "") if tag in self else ""


def joined(source: Field | None, codes: str) -> str:
    """Subfields of a field, cleaned, with blanks between."""
    return " ".join(text for text in map(clean, source.get_subfields(*codes)) if text) if source else ""


def extract(record: Record) -> Extracted:
    """All of `Extracted` from a record. Raises Unreadable if it has no title."""
    pairs, fields = Pairs(record), Fields(record)
    main = fields.first("245")
    title = clean(main.get("a")) if main else ""
    if main is None or not title:
        raise Unreadable("no-title", "書名(245 $a)がありません")
    fixed = fields.data("008").ljust(40)
    spoken = pairs.of(main)
    made = Extracted(
        source_id=_source(fields),
        title=title,
        title_reading=clean(spoken[0].get("a")) if spoken else "",
        subtitle=joined(main, "b"),
        subtitle_reading=joined(spoken[0], "b") if spoken else "",
        volume=joined(main, "np"),
        responsibility=joined(main, "c"),
        edition=joined(fields.first("250"), "ab"),
        extent=joined(fields.first("300"), "abc"),
        original_title=joined(fields.first("240", "765"), "at"),
        host_title=joined(fields.first("773"), "t"),
        language=_language(fields, fixed),
        material=_material(record),
        for_children=fixed[22] == "j",
        orthography=joined(fields.first("546"), "b"),
        summary=joined(fields.first("520"), "a"),
        added_on=_entered(fixed),
    )
    made.volume_order = volumes.order(made.volume)
    _publication(made, fields, fixed)
    _series(made, fields)
    _classes(made, fields)
    _titles(made, fields, pairs)
    made.headings = list(_headings(record, pairs))
    _identifiers(made, fields)
    return made


def _source(fields: Fields) -> str:
    """Control number with the agency that gave it, e.g. JTNDL:000012345678; empty if there is none."""
    number = fields.data("001").strip()
    agency = fields.data("003").strip()
    return f"{agency or 'local'}:{number}" if number else ""


def _entered(fixed: str) -> dt.date | None:
    """Date entered on file (008/00-05, yymmdd)."""
    if not (fixed[:6].isascii() and fixed[:6].isdigit()):
        return None
    year, month, day = int(fixed[:2]), int(fixed[2:4]), int(fixed[4:6])
    try:
        # two figures: no catalogue in MARC is older than 1969
        return dt.date(year + (1900 if year >= OLDEST else 2000), month, day)
    except ValueError:
        return None


def _language(fields: Fields, fixed: str) -> str:
    code = fixed[35:38].strip().lower()
    other = fields.first("041")
    code = code if re.fullmatch("[a-z]{3}", code) else clean(other.get("a"))[:3].lower() if other else ""
    return code if re.fullmatch("[a-z]{3}", code) and code not in ("und", "zxx") else ""


def _material(record: Record) -> str:
    leader = str(record.leader).ljust(24)
    return "serial" if leader[7] in "sib" else MATERIALS.get(leader[6], "book")


def _publication(made: Extracted, fields: Fields, fixed: str) -> None:
    source = next((each for each in fields.of("264") if each.indicator2 == "1"), None)
    source = source or fields.first("264", "260")
    made.publisher, made.place, made.date_text = joined(source, "b"), joined(source, "a"), joined(source, "c")
    year = re.search(r"(?<!\d)(1[0-9]\d\d|20\d\d)(?!\d)", made.date_text) or re.match(r"(1\d\d\d|20\d\d)", fixed[7:11])
    made.published = int(year.group(1)) if year else None


def _series(made: Extracted, fields: Fields) -> None:
    source = fields.first("490", "830")
    made.series, made.series_volume = joined(source, "a"), joined(source, "v")
    made.series_order = volumes.order(made.series_volume)


def _classes(made: Extracted, fields: Fields) -> None:
    for source in fields.of("084"):
        scheme = clean(source.get("2")).lower()
        for number in map(clean, source.get_subfields("a")):
            # the prefix of children's books is said by 008 already
            if scheme.startswith(NDC_SOURCES):
                plain = re.sub(r"^[A-Za-z]+", "", number)
                if re.fullmatch(r"\d{1,3}(\.\d+)?", plain) and plain not in made.ndc:
                    made.ndc.append(plain)
            elif scheme == NDLC_SOURCE and number not in made.ndlc:
                made.ndlc.append(number)


def _titles(made: Extracted, fields: Fields, pairs: Pairs) -> None:
    """Every title under which the record is looked for, the main one first; apart, titles of what it belongs to."""
    for found, tags in ((made.titles, TITLE_TAGS), (made.related, RELATED_TAGS)):
        for source in [each for tag in tags for each in fields.of(tag)]:
            codes = tags[source.tag]
            if text := joined(source, codes):
                found.append(Title(text, tuple(filter(None, (joined(pair, codes) for pair in pairs.of(source))))))
    for source in fields.of("505"):
        parts = [clean(part) for part in source.get_subfields("t")]
        parts = parts or [part.strip() for part in re.split(r" -- |。", source.get("a") or "")]
        made.contents += [part for part in parts if part]
    made.related += [Title(part) for part in made.contents]


def _headings(record: Record, pairs: Pairs) -> list[HeadingData]:
    found: dict[tuple[str, ...], HeadingData] = {}
    for source in record.fields:
        if source.tag in NAME_TAGS:
            role_text = joined(source, "e") or joined(source, "4")
            role = next((role for role, words in ROLES if words.search(role_text)), "")
            made = _heading(
                source, pairs, NAME_TAGS[source.tag], role or ("other" if role_text else "author"), role_text
            )
        elif source.tag in SUBJECT_TAGS:
            made = _heading(source, pairs, SUBJECT, "subject", "")
        else:
            continue
        if made.key:
            found.setdefault((made.kind, made.role, made.name, str(made.born)), made)
    return list(found.values())


def _heading(source: Field, pairs: Pairs, kind: str, role: str, role_text: str) -> HeadingData:
    codes = "ab" if source.tag[1:] in ("10", "11") else "a"
    spoken, roman = pairs.of(source), pairs.of(source, roman=True)
    years = re.match(r"\s*(\d{3,4})?\s*-\s*(\d{3,4})?", source.get("d") or "")
    number = next((text for text in source.get_subfields("0") if text), "")
    name = _name(joined(source, codes))
    if kind == SUBJECT:
        name = "--".join([name, *map(clean, source.get_subfields("x", "y", "z", "v"))])
    return HeadingData(
        kind=kind,
        role=role,
        name=name,
        reading=_name(joined(spoken[0], codes)) if spoken else "",
        roman=joined(roman[0], codes) if roman else "",
        role_text=role_text,
        scheme=clean(source.get("2")).lower()[:10] if kind == SUBJECT else "",
        number=number.strip()[:60],
        born=int(years[1]) if years and years[1] else None,
        died=int(years[2]) if years and years[2] else None,
    )


def _name(text: str) -> str:
    """太宰, 治 is shown as 太宰 治."""
    return re.sub(r"\s*,\s*", " ", text)


def _identifiers(made: Extracted, fields: Fields) -> None:
    found: dict[tuple[Scheme, str], None] = {}

    def note(scheme: Scheme, value: str | None, given: str) -> None:
        if value:
            found[scheme, value] = None
        elif given:
            made.invalid.append(given)

    for source in fields.of("020"):
        for given in source.get_subfields("a"):
            note(Scheme.ISBN, identifiers.isbn(given), given)
    for source in fields.of("022"):
        for given in source.get_subfields("a"):
            note(Scheme.ISSN, identifiers.issn(given), given)
    for source in fields.of("015"):
        for given in source.get_subfields("a"):
            note(Scheme.JP, identifiers.jp(given), given)
    for source in fields.of("024"):
        for given in source.get_subfields("a"):
            if clean(source.get("2")) == "jpmagcode":
                note(Scheme.MAGAZINE, identifiers.magazine(given), given)
            elif source.indicator1 == "3":
                note(Scheme.JAN, identifiers.jan(given), given)
    made.identifiers = list(found)
