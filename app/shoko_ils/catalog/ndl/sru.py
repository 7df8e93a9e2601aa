"""Searching: a CQL query out, a page of records in (SRU 1.2, recordSchema dcndl)."""

from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from shoko_ils.catalog import identifiers
from shoko_ils.catalog.ndl import dcndl
from shoko_ils.catalog.ndl.fetch import Away, fetch

SRU = "{http://www.loc.gov/zing/srw/}"
DIAGNOSTIC = "{http://www.loc.gov/zing/srw/diagnostic/}"
PATH = "/api/sru"
PAGE = 20


@dataclass(frozen=True)
class Wanted:
    """What to search for; all that is given must fit."""

    title: str = ""
    author: str = ""
    isbn: str = ""
    jp_number: str = ""

    def cql(self) -> str:
        """The query; numbers in the form that the site's index has. Empty if nothing is asked."""
        parts = (
            ("title", self.title),
            ("creator", self.author),
            ("isbn", identifiers.isbn(self.isbn) or self.isbn),
            ("jpno", identifiers.jp(self.jp_number) or self.jp_number),
        )
        return " AND ".join(f'{index}="{_quoted(value)}"' for index, value in parts if value.strip())


@dataclass(frozen=True)
class Found:
    """A page of hits: `count` in all, the first of the next page or 0, and what could be read."""

    count: int
    next_start: int
    hits: list[dcndl.Hit]


def _quoted(value: str) -> str:
    return " ".join(value.replace("\\", "\\\\").replace('"', '\\"').split())


def search(wanted: Wanted, start: int = 1) -> Found:
    """Ask for PAGE records from `start` on. Raises Away."""
    asked = {
        "operation": "searchRetrieve",
        "version": "1.2",
        "recordSchema": "dcndl",
        "recordPacking": "xml",
        "onlyBib": "true",
        "maximumRecords": PAGE,
        "startRecord": start,
        "query": wanted.cql(),
    }
    return read(fetch(f"{PATH}?{urlencode(asked)}"))


def read(body: bytes) -> Found:
    """An answer. Raises Away("answer") if it is not SRU, or refuses the query."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Away("answer") from error
    count = root.findtext(f"{SRU}numberOfRecords", "")
    if root.tag != f"{SRU}searchRetrieveResponse" or not count.strip().isdecimal():
        raise Away("answer")
    if root.find(f".//{DIAGNOSTIC}diagnostic") is not None:
        raise Away("answer")
    following = root.findtext(f"{SRU}nextRecordPosition", "").strip()
    bodies = [_rdf(each) for each in root.iter(f"{SRU}recordData")]
    hits = [hit for each in bodies if each is not None and (hit := dcndl.read(each))]
    return Found(int(count), int(following) if following.isdecimal() else 0, hits)


def _rdf(data: Element) -> Element | None:
    """The RDF of a record, whether it came as XML or as a text of XML (recordPacking string)."""
    if len(data):
        return data[0]
    try:
        parsed: Element = fromstring((data.text or "").strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return parsed
