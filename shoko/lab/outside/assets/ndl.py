"""Stand-in for the National Diet Library search: SRU 1.2 searchRetrieve and explain, DC-NDL records.

Answers as https://ndlsearch.ndl.go.jp/api/sru does for what a library system asks (SRU 1.2, CQL with
title, creator, publisher, isbn, anywhere, `and`; recordSchema dcndl, recordPacking xml or string). Records
are beside this file. Standard library only: it runs on a plain Debian host.
"""

import json
import re
import unicodedata
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

Record = dict[str, str]
Parameters = dict[str, list[str]]
RECORDS: list[Record] = json.loads(Path(__file__).with_name("ndl_records.json").read_text())
INDEXES = {
    "title": ("title", "title_reading"),
    "creator": ("creator", "creator_reading"),
    "publisher": ("publisher",),
    "isbn": ("isbn",),
    "anywhere": ("title", "title_reading", "creator", "creator_reading", "publisher", "isbn", "ndc"),
}
MAXIMUM = 200  # of one answer, as the real service
TERM = re.compile(r'^\s*(\w+)\s*(=|any|all|exact)\s*("(?:[^"\\]|\\.)*"|\S+)\s*$')
DEFAULT_TERM = re.compile(r'^\s*("(?:[^"\\]|\\.)*"|[^\s=]+)\s*$')


class Refused(Exception):
    """A request that SRU answers with a diagnostic: number, text, details."""

    def __init__(self, number: int, message: str, details: str = "") -> None:
        super().__init__(message)
        self.number, self.message, self.details = number, message, details


def folded(text: str) -> str:
    """Fold width, case, kana and blanks, as the catalogue's own search does."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
    return re.sub(r"[\s\-]+", "", text)


def terms(query: str) -> list[tuple[str, str]]:
    """Split a CQL query at `and` outside quotes; return (index, word) pairs."""
    parts = re.split(r'\s+and\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', query, flags=re.IGNORECASE)
    found = []
    for part in parts:
        match = TERM.match(part) or DEFAULT_TERM.match(part)
        if match is None:
            raise Refused(10, "Query syntax error", part)
        index, word = (match[1], match[3]) if match.re is TERM else ("anywhere", match[1])
        if index not in INDEXES:
            raise Refused(16, "Unsupported index", index)
        found.append((index, word[1:-1] if word.startswith('"') else word))
    return found


def matching(query: str) -> list[Record]:
    """Return the records that hold every term."""
    wanted = [(INDEXES[index], folded(word)) for index, word in terms(query)]
    return [
        record
        for record in RECORDS
        if all(any(word in folded(record.get(field, "")) for field in fields) for fields, word in wanted)
    ]


def dcndl(record: Record) -> str:
    """Return one record as DC-NDL (RDF), National Diet Library 2020-12-31 version, main elements."""
    uri = f"https://ndlsearch.ndl.go.jp/books/{record['id']}"
    parts = [
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dcterms="http://purl.org/dc/terms/" xmlns:dcndl="http://ndl.go.jp/dcndl/terms/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:foaf="http://xmlns.com/foaf/0.1/"'
        ' xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">',
        f'<dcndl:BibResource rdf:about="{uri}#material">',
    ]
    if record.get("isbn"):
        parts.append(
            '<dcterms:identifier rdf:datatype="http://ndl.go.jp/dcndl/terms/ISBN">'
            f"{escape(record['isbn'])}</dcterms:identifier>"
        )
    parts += [
        f"<dcterms:title>{escape(record['title'])}</dcterms:title>",
        f"<dc:title><rdf:Description><rdf:value>{escape(record['title'])}</rdf:value><dcndl:transcription>"
        f"{escape(record['title_reading'])}</dcndl:transcription></rdf:Description></dc:title>",
        f"<dcterms:creator><foaf:Agent><foaf:name>{escape(record['creator'])}</foaf:name><dcndl:transcription>"
        f"{escape(record['creator_reading'])}</dcndl:transcription></foaf:Agent></dcterms:creator>",
        f"<dc:creator>{escape(record['creator'])}</dc:creator>",
        f"<dcterms:publisher><foaf:Agent><foaf:name>{escape(record['publisher'])}</foaf:name></foaf:Agent>"
        "</dcterms:publisher>",
        f'<dcterms:issued rdf:datatype="http://purl.org/dc/terms/W3CDTF">{escape(record["issued"])}</dcterms:issued>',
        f'<dcterms:subject rdf:resource="http://id.ndl.go.jp/class/ndc10/{escape(record["ndc"])}"/>',
        f"<dcterms:extent>{escape(record['extent'])}</dcterms:extent>",
        '<dcterms:language rdf:datatype="http://purl.org/dc/terms/ISO639-2">jpn</dcterms:language>',
        "</dcndl:BibResource></rdf:RDF>",
    ]
    return "".join(parts)


def number(parameters: Parameters, name: str, default: int, lowest: int) -> int:
    """Read a counting parameter."""
    text = parameters.get(name, [str(default)])[0]
    if not text.isdigit() or int(text) < lowest:
        raise Refused(6, "Unsupported parameter value", name)
    return int(text)


def search(parameters: Parameters) -> str:
    """Return the searchRetrieveResponse for the request's parameters."""
    if parameters.get("version", ["1.2"])[0] != "1.2":
        raise Refused(5, "Unsupported version", "1.2")
    schema = parameters.get("recordSchema", ["dcndl"])[0]
    if schema != "dcndl":
        raise Refused(66, "Unknown schema for retrieval", schema)
    if "query" not in parameters:
        raise Refused(7, "Mandatory parameter not supplied", "query")
    found = matching(parameters["query"][0])
    start = number(parameters, "startRecord", 1, 1)
    count = min(number(parameters, "maximumRecords", MAXIMUM, 0), MAXIMUM)
    if found and start > len(found):
        raise Refused(61, "First record position out of range", str(start))
    packing = parameters.get("recordPacking", ["string"])[0]
    shown = found[start - 1 : start - 1 + count]
    parts = [
        "<version>1.2</version>",
        f"<numberOfRecords>{len(found)}</numberOfRecords>",
    ]
    if start + len(shown) <= len(found):
        parts.append(f"<nextRecordPosition>{start + len(shown)}</nextRecordPosition>")
    parts.append("<records>")
    for position, record in enumerate(shown, start):
        data = dcndl(record) if packing == "xml" else escape(dcndl(record))
        parts.append(
            f"<record><recordSchema>http://ndl.go.jp/dcndl/terms/</recordSchema><recordPacking>{packing}"
            f"</recordPacking><recordData>{data}</recordData><recordPosition>{position}</recordPosition></record>"
        )
    parts.append("</records>")
    return envelope("searchRetrieveResponse", "".join(parts))


def envelope(name: str, inner: str) -> str:
    """Wrap an answer in the SRU namespace."""
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="http://www.loc.gov/zing/srw/">{inner}</{name}>'


def refusal(refused: Refused) -> str:
    """Return the response that carries a diagnostic (SRU 1.2, diagnostics list)."""
    return envelope(
        "searchRetrieveResponse",
        "<version>1.2</version><numberOfRecords>0</numberOfRecords><diagnostics>"
        '<diagnostic xmlns="http://www.loc.gov/zing/srw/diagnostic/">'
        f"<uri>info:srw/diagnostic/1/{refused.number}</uri><details>{escape(refused.details)}</details>"
        f"<message>{refused.message}</message></diagnostic></diagnostics>",
    )


class Handler(BaseHTTPRequestHandler):
    """GET /api/sru."""

    def do_GET(self) -> None:
        """Answer one request."""
        parameters = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        try:
            if parameters.get("operation", ["searchRetrieve"])[0] != "searchRetrieve":
                raise Refused(4, "Unsupported operation", parameters["operation"][0])
            body = search(parameters)
        except Refused as refused:
            body = refusal(refused)
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
