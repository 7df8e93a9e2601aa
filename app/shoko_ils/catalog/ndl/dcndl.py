"""From DC-NDL (RDF, version of 2020-12) to MARC 21 as the catalogue keeps it: readings in 880 linked by $6."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pymarc import Field, Record

from shoko_ils.catalog import identifiers, marc
from shoko_ils.catalog.extract import extract

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
TERMS, DC = "{http://purl.org/dc/terms/}", "{http://purl.org/dc/elements/1.1/}"
NDL, FOAF = "{http://ndl.go.jp/dcndl/terms/}", "{http://xmlns.com/foaf/0.1/}"
AGENCY = "JTNDL"
# end of a resource → source of the class in 084 $2
CLASSES = {"ndc10": "njb/10", "ndc9": "njb/09", "ndc8": "njb/08", "ndc": "njb/09", "ndlc": "kktb"}
YEARS = re.compile(r",\s*(?P<years>\d{3,4}-(?:\d{3,4})?|-\d{3,4})\s*$")
BODY = re.compile(
    "会社|協会|学会|協議会|委員会|研究所|研究会|センター|大学|学校|図書館|博物館|美術館|省$|庁$|局$|部$|課$|市$|県$|区$"
)
SERIAL = ("Journal", "Newspaper", "Periodical", "Serial")


@dataclass(frozen=True)
class Hit:
    """One record of the answer: its MARC, and what a list shows of it."""

    content: bytes
    title: str
    volume: str
    authors: str
    publisher: str
    date: str
    isbn: str


def read(rdf: Element) -> Hit | None:
    """A record of the answer; None if it has no title or is too large."""
    source = rdf if rdf.tag == f"{NDL}BibResource" else rdf.find(f".//{NDL}BibResource")
    if source is None:
        return None
    try:
        record = to_marc(source)
        content = marc.write(record)
        made = extract(marc.read(content))
    except marc.Unreadable:
        return None
    isbn = next((value for scheme, value in made.identifiers if scheme == "isbn"), "")
    names = made.responsibility or "、".join(heading.name for heading in made.names)
    return Hit(content, made.title, made.volume, names, made.publisher, made.date_text, isbn)


def to_marc(source: Element) -> Record:
    """The MARC record of a `dcndl:BibResource`."""
    kind = " ".join(each.get(f"{RDF}resource", "") for each in source.findall(f"{NDL}materialType"))
    serial = any(word in kind for word in SERIAL)
    made = Record(leader=marc.EMPTY_LEADER[:7] + ("s" if serial else "m") + marc.EMPTY_LEADER[8:])
    number = next(iter(_identified(source, "NDLBibID")), "")
    if number:
        made.add_field(Field("001", data=number), Field("003", data=AGENCY))
    made.add_field(Field("008", data=_fixed(source)))
    _numbers(made, source)
    _title(made, source)
    _publication(made, source)
    _agents(made, source)
    _subjects(made, source)
    made.fields.sort(key=lambda each: each.tag)
    return made


def _texts(source: Element, tag: str) -> list[tuple[str, str]]:
    """Value and reading of each element, plain or with a Description."""
    found = []
    for each in source.findall(tag):
        value = each.findtext(f"{RDF}Description/{RDF}value") or each.text or ""
        spoken = each.findtext(f"{RDF}Description/{NDL}transcription") or ""
        if value.strip():
            found.append((value.strip(), spoken.strip()))
    return found


def _first(source: Element, *tags: str) -> tuple[str, str]:
    return next((found[0] for tag in tags if (found := _texts(source, tag))), ("", ""))


def _identified(source: Element, name: str) -> list[str]:
    return [
        each.text.strip()
        for each in source.findall(f"{TERMS}identifier")
        if each.text and each.get(f"{RDF}datatype", "").rpartition("/")[2] == name
    ]


def _fixed(source: Element) -> str:
    year = re.search(r"(?<!\d)(1\d|20)\d\d(?!\d)", _first(source, f"{TERMS}issued", f"{TERMS}date")[0])
    language = _first(source, f"{TERMS}language")[0].lower()
    children = "児童" in _first(source, f"{TERMS}audience")[0]
    begin = f"{'':6}{f's{year.group()}' if year else 'nuuuu'}{'':4}ja "
    return (
        f"{begin:22}{'j' if children else ' '}{'':12}{language[:3] if re.fullmatch('[a-z]{3}', language) else '   '}  "
    )


def _numbers(made: Record, source: Element) -> None:
    price = _first(source, f"{NDL}price")[0]
    for value in _identified(source, "JPNO"):
        marc.add(made, "015", "  ", [("a", value), ("2", "jnb")])
    for value in _identified(source, "ISBN"):
        # a wrong one is kept as such
        marc.add(made, "020", "  ", [("a" if identifiers.isbn(value) else "z", value), ("c", price)])
        price = ""
    for value in _identified(source, "ISSN"):
        marc.add(made, "022", "  ", [("a" if identifiers.issn(value) else "z", value)])


def _parted(text: str, mark: str) -> tuple[str, str]:
    head, _, rest = text.partition(mark)
    return head.strip(), rest.strip()


def _title(made: Record, source: Element) -> None:
    title, reading = _first(source, f"{DC}title", f"{TERMS}title")
    volume, spoken = _first(source, f"{NDL}volume")
    part, part_spoken = _first(source, f"{NDL}volumeTitle")
    head, rest = _parted(title, " : ")
    head_spoken, rest_spoken = _parted(reading, " : ")
    said = " ; ".join(value for value, _ in _texts(source, f"{DC}creator"))
    marc.add(
        made,
        "245",
        "10",
        [("a", head), ("b", rest), ("n", volume), ("p", part), ("c", said)],
        [("a", head_spoken), ("b", rest_spoken), ("n", spoken), ("p", part_spoken)] if head_spoken else [],
    )
    for other, other_spoken in _texts(source, f"{NDL}alternative"):
        marc.add(made, "246", "1 ", [("a", other)], [("a", other_spoken)])
    marc.add(made, "250", "  ", [("a", _first(source, f"{NDL}edition")[0])])
    for series, series_spoken in _texts(source, f"{NDL}seriesTitle"):
        name, number = _parted(series, " ; ")
        marc.add(made, "490", "0 ", [("a", name), ("v", number)], [("a", _parted(series_spoken, " ; ")[0])])


def _publication(made: Record, source: Element) -> None:
    agent = source.find(f"{TERMS}publisher/{FOAF}Agent")
    name, place = ("", "") if agent is None else (agent.findtext(f"{FOAF}name"), agent.findtext(f"{NDL}location"))
    date = _first(source, f"{TERMS}date", f"{TERMS}issued")[0]
    marc.add(made, "264", " 1", [("a", place or ""), ("b", name or ""), ("c", date)])
    extent, size = _parted(_first(source, f"{TERMS}extent")[0], " ; ")
    marc.add(made, "300", "  ", [("a", extent), ("c", size)])
    for note, _ in _texts(source, f"{TERMS}description"):
        marc.add(made, "500", "  ", [("a", note)])
    for contents, _ in _texts(source, f"{TERMS}tableOfContents"):
        marc.add(made, "505", "0 ", [("a", contents)])
    for summary, _ in _texts(source, f"{TERMS}abstract"):
        marc.add(made, "520", "  ", [("a", summary)])


def _agents(made: Record, source: Element) -> None:
    """DC-NDL does not say whether a name is a person's: one with a comma or years is, a body is known by its ending."""
    first = True
    for element in source.findall(f"{TERMS}creator"):
        for agent in element.findall(f"{FOAF}Agent"):
            name = (agent.findtext(f"{FOAF}name") or "").strip()
            spoken = YEARS.sub("", (agent.findtext(f"{NDL}transcription") or "").strip())
            years = YEARS.search(name)
            plain = YEARS.sub("", name)
            body = not years and "," not in plain and bool(BODY.search(plain))
            tag = ("1" if first else "7") + ("10" if body else "00")
            dates, authority = years["years"] if years else "", _authority(agent)
            marks = "2 " if body else "1 "
            marc.add(made, tag, marks, [("a", plain), ("d", dates), ("0", authority)] if plain else [], [("a", spoken)])
            first = False


def _authority(source: Element) -> str:
    """$0 of a heading of the Web NDL Authorities: (JTNDL)00054222."""
    found = re.search(r"id\.ndl\.go\.jp/auth/(?:entity|ndlna|ndlsh)/(\w+)$", source.get(f"{RDF}about", ""))
    return f"({AGENCY}){found[1]}" if found else ""


def _classified(source: Element) -> Iterator[tuple[str, str]]:
    for each in source.findall(f"{TERMS}subject"):
        found = re.search(r"id\.ndl\.go\.jp/class/(\w+)/(.+)$", each.get(f"{RDF}resource", ""))
        if found and found[1] in CLASSES:
            yield CLASSES[found[1]], found[2]
    for each in source.findall(f"{DC}subject"):
        scheme = each.get(f"{RDF}datatype", "").rpartition("/")[2].lower()
        if scheme in CLASSES and each.text:
            yield CLASSES[scheme], each.text.strip()


def _subjects(made: Record, source: Element) -> None:
    for scheme, number in dict.fromkeys(_classified(source)):
        marc.add(made, "084", "  ", [("a", number), ("2", scheme)])
    for each in source.findall(f"{TERMS}subject/{RDF}Description"):
        name, spoken = (each.findtext(tag) or "" for tag in (f"{RDF}value", f"{NDL}transcription"))
        about = each.get(f"{RDF}about", "")
        if "/ndlna/" in about:
            years = YEARS.search(name)
            values = [("a", YEARS.sub("", name)), ("d", years["years"] if years else ""), ("0", _authority(each))]
            marc.add(made, "600", "17", [*values, ("2", "ndlsh")], [("a", YEARS.sub("", spoken))])
        elif name:
            main, *parts = name.split("--")
            spoken_main, *spoken_parts = spoken.split("--")
            values = [("a", main), *(("x", part) for part in parts), ("2", "ndlsh"), ("0", _authority(each))]
            marc.add(made, "650", " 7", values, [("a", spoken_main), *(("x", part) for part in spoken_parts)])
