"""Copy cataloguing against a real HTTPS server behind a real proxy: what it takes over, and every way to be away."""

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest
from django.test import Client

from shoko_ils.catalog import marc, store
from shoko_ils.catalog.extract import extract
from shoko_ils.catalog.identifiers import Scheme
from shoko_ils.catalog.models import FormerMarc, ImportBatch, Marc
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.catalog.ndl import fetch, sru, taking
from shoko_ils.catalog.ndl.fetch import Away
from tests.test_import import book

RECORD = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
 xmlns:dcterms="http://purl.org/dc/terms/" xmlns:dcndl="http://ndl.go.jp/dcndl/terms/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:foaf="http://xmlns.com/foaf/0.1/">
<dcndl:BibAdminResource rdf:about="https://ndlsearch.ndl.go.jp/books/R100000002-I000008212345">
<dcndl:record rdf:resource="https://ndlsearch.ndl.go.jp/books/R100000002-I000008212345#material"/></dcndl:BibAdminResource>
<dcndl:BibResource rdf:about="https://ndlsearch.ndl.go.jp/books/R100000002-I000008212345#material">
<dcterms:identifier rdf:datatype="http://ndl.go.jp/dcndl/terms/NDLBibID">000008212345</dcterms:identifier>
<dcterms:identifier rdf:datatype="http://ndl.go.jp/dcndl/terms/JPNO">23812345</dcterms:identifier>
<dcterms:identifier rdf:datatype="http://ndl.go.jp/dcndl/terms/ISBN">978-4-00-310101-8</dcterms:identifier>
<dcterms:identifier rdf:datatype="http://ndl.go.jp/dcndl/terms/ISBN">978-4-00-310101-9</dcterms:identifier>
<dcterms:identifier rdf:datatype="http://ndl.go.jp/dcndl/terms/SetISBN">978-4-00-310100-1</dcterms:identifier>
<dcterms:title>吾輩は猫である : 名無しの記</dcterms:title>
<dc:title><rdf:Description><rdf:value>吾輩は猫である : 名無しの記</rdf:value>
<dcndl:transcription>ワガハイ ワ ネコ デ アル : ナナシ ノ キ</dcndl:transcription></rdf:Description></dc:title>
<dcndl:volume><rdf:Description><rdf:value>下</rdf:value><dcndl:transcription>ゲ</dcndl:transcription></rdf:Description></dcndl:volume>
<dcndl:seriesTitle><rdf:Description><rdf:value>見本文庫 ; 12</rdf:value>
<dcndl:transcription>ミホン ブンコ ; 12</dcndl:transcription></rdf:Description></dcndl:seriesTitle>
<dcndl:edition>改版</dcndl:edition>
<dcterms:creator><foaf:Agent rdf:about="http://id.ndl.go.jp/auth/entity/00054222">
<foaf:name>夏目, 漱石, 1867-1916</foaf:name>
<dcndl:transcription>ナツメ, ソウセキ, 1867-1916</dcndl:transcription></foaf:Agent></dcterms:creator>
<dcterms:creator><foaf:Agent><foaf:name>見本文学研究会</foaf:name></foaf:Agent></dcterms:creator>
<dc:creator>夏目漱石 著</dc:creator><dc:creator>見本文学研究会 編</dc:creator>
<dcterms:publisher><foaf:Agent><foaf:name>見本書店</foaf:name><dcndl:location>東京</dcndl:location></foaf:Agent></dcterms:publisher>
<dcterms:date>2023.4</dcterms:date><dcterms:issued rdf:datatype="http://purl.org/dc/terms/W3CDTF">2023</dcterms:issued>
<dcndl:price>1000円</dcndl:price><dcterms:extent>300p ; 19cm</dcterms:extent>
<dcterms:language rdf:datatype="http://purl.org/dc/terms/ISO639-2">jpn</dcterms:language>
<dcterms:subject><rdf:Description rdf:about="http://id.ndl.go.jp/auth/ndlsh/00570000"><rdf:value>猫--小説</rdf:value>
<dcndl:transcription>ネコ--ショウセツ</dcndl:transcription></rdf:Description></dcterms:subject>
<dcterms:subject rdf:resource="http://id.ndl.go.jp/class/ndlc/KH354"/>
<dcterms:subject rdf:resource="http://id.ndl.go.jp/class/ndc10/913.6"/>
<dc:subject rdf:datatype="http://ndl.go.jp/dcndl/terms/NDLC">KH354</dc:subject>
<dcterms:description>付属資料: CD1枚</dcterms:description><dcterms:audience>児童</dcterms:audience>
<dcndl:materialType rdf:resource="http://ndl.go.jp/ndltype/Book" rdfs:label="図書"/>
</dcndl:BibResource></rdf:RDF>"""
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><searchRetrieveResponse xmlns="http://www.loc.gov/zing/srw/">'
    "<version>1.2</version><numberOfRecords>{count}</numberOfRecords>{more}<records>{records}</records>"
    "</searchRetrieveResponse>"
)
BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


def answer_of(*records: str, packing: str = "xml", count: int = 0, more: str = "") -> bytes:
    parts = [
        f"<record><recordData>{record if packing == 'xml' else escape(record)}</recordData></record>"
        for record in records
    ]
    return ENVELOPE.format(count=count or len(records), more=more, records="".join(parts)).encode()


class World(ThreadingHTTPServer):
    """The site. `mode` says how it behaves, `asked` what it was asked."""

    daemon_threads = True
    mode = "right"
    body = answer_of(RECORD)

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, list[str]]] = []
        self.ended = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.context = context
        self.authority = f"localhost:{self.server_address[1]}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):  # the other side has gone
            if self.mode == "silent":
                self.ended.wait(60)
                return
            with self.context.wrap_socket(request, server_side=True) as safe:
                super().finish_request(safe, client_address)


class Handler(BaseHTTPRequestHandler):
    server: World

    def do_GET(self) -> None:
        self.server.asked.append(parse_qs(urlsplit(self.path).query))
        getattr(self, f"_{self.server.mode}")()

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, body: bytes, status: int = 200, **heads: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **heads}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _right(self) -> None:
        self._send(self.server.body)

    def _failing(self) -> None:
        self._send(b"", 503)

    def _elsewhere(self) -> None:
        self._send(b"", 302, Location="https://elsewhere.example/")

    def _short(self) -> None:
        self._send(self.server.body, **{"Content-Length": str(len(self.server.body) + 9)})

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.ended.is_set():
            self.wfile.write(b"x" * 65536)

    def _trickling_body(self) -> None:
        self.send_response(200)
        self.end_headers()
        self._trickle(b"x")

    def _trickling_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._trickle(b"X")

    def _trickle(self, piece: bytes) -> None:
        while not self.server.ended.wait(0.05):
            self.wfile.write(piece)
            self.wfile.flush()


def certificate(place: Path, name: str) -> tuple[Path, Path]:
    files = place / f"{name}.pem", place / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-addext", "keyUsage=digitalSignature,keyCertSign",
         "-out", str(files[0]), "-keyout", str(files[1])],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("certificates")
    for name in ("localhost", "other.example"):
        certificate(place, name)
    (place / "both.pem").write_bytes(
        b"".join((place / f"{n}.pem").read_bytes() for n in ("localhost", "other.example"))
    )
    return place


def served(certificates: Path, name: str) -> Iterator[World]:
    world = World(certificates / f"{name}.pem", certificates / f"{name}.key")
    thread = threading.Thread(target=world.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield world
    world.ended.set()
    world.shutdown()
    world.server_close()


def proxied(authority: str) -> Iterator[str]:
    script = Path(__file__).with_name("connect_proxy.py")
    with subprocess.Popen([sys.executable, str(script), authority], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@pytest.fixture
def world(certificates: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The site behind a proxy that lets through to it alone."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "both.pem"))
    monkeypatch.setattr(fetch, "WHOLE_SECONDS", 120)
    for site in served(certificates, "localhost"):
        for proxy in proxied(site.authority):
            settings.INFORMATION_PROXY, settings.NDL_SITE = proxy, site.authority
            yield site


def why(wanted: sru.Wanted | None = None) -> str:
    with pytest.raises(Away) as error:
        sru.search(wanted or sru.Wanted(title="猫"))
    return error.value.code


def test_a_book_is_asked_for_as_the_site_understands_it(world: World) -> None:
    found = sru.search(sru.Wanted('吾輩は "猫"', " 夏目 ", "4-00-310101-4", "JP 23812345"), 21)
    (asked,) = world.asked
    assert asked["query"] == ['title="吾輩は \\"猫\\"" AND creator="夏目" AND isbn="9784003101018" AND jpno="23812345"']
    assert (asked["startRecord"], asked["recordSchema"], asked["operation"]) == (["21"], ["dcndl"], ["searchRetrieve"])
    assert [(hit.title, hit.volume, hit.isbn) for hit in found.hits] == [("吾輩は猫である", "下", "9784003101018")]


@pytest.mark.parametrize("packing", ["xml", "string"])
def test_dc_ndl_becomes_marc_with_readings_headings_classes_and_numbers(packing: str) -> None:
    found = sru.read(
        answer_of(RECORD, "<rdf/>", packing=packing, count=31, more="<nextRecordPosition>21</nextRecordPosition>")
    )
    assert (found.count, found.next_start, len(found.hits)) == (31, 21, 1)
    made = extract(marc.read(found.hits[0].content))
    assert (made.source_id, made.title, made.subtitle, made.volume) == (
        "JTNDL:000008212345", "吾輩は猫である", "名無しの記", "下",
    )  # fmt: skip
    assert (made.title_reading, made.subtitle_reading) == ("ワガハイ ワ ネコ デ アル", "ナナシ ノ キ")
    assert (made.responsibility, made.edition) == ("夏目漱石 著 ; 見本文学研究会 編", "改版")
    assert (made.place, made.publisher, made.published, made.date_text) == ("東京", "見本書店", 2023, "2023.4")
    assert (made.extent, made.series, made.series_volume) == ("300p 19cm", "見本文庫", "12")
    assert (made.ndc, made.ndlc, made.language, made.for_children) == (["913.6"], ["KH354"], "jpn", True)
    assert made.identifiers == [(Scheme.ISBN, "9784003101018"), (Scheme.JP, "23812345")]
    headings = [(h.kind, h.name, h.reading, h.number, h.born, h.died) for h in made.headings]
    assert headings == [
        ("person", "夏目 漱石", "ナツメ ソウセキ", "(JTNDL)00054222", 1867, 1916),
        ("subject", "猫--小説", "ネコ", "(JTNDL)00570000", None, None),
        ("corporate", "見本文学研究会", "", "", None, None),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>maintenance</body></html>",
        answer_of(RECORD)[:-40],
        BOMB.encode(),
        b'<!DOCTYPE x SYSTEM "http://elsewhere.example/x.dtd"><x/>',
        ENVELOPE.format(count="many", more="", records="").encode(),
        ENVELOPE.format(
            count=0, records="",
            more='<diagnostics><diagnostic xmlns="http://www.loc.gov/zing/srw/diagnostic/"><message>no</message></diagnostic></diagnostics>',
        ).encode(),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_not_taken_for_one(world: World, body: bytes) -> None:
    world.body = body
    assert why() == "answer"


def test_nothing_found_is_an_answer(world: World) -> None:
    world.body = answer_of()
    assert (sru.search(sru.Wanted(title="無い本")).count, sru.search(sru.Wanted(title="無い本")).hits) == (0, [])


@pytest.mark.parametrize(
    ("mode", "code"), [("failing", "away"), ("elsewhere", "answer"), ("short", "away"), ("endless", "large")]
)
def test_a_site_that_fails_sends_elsewhere_breaks_off_or_never_ends(world: World, mode: str, code: str) -> None:
    world.mode = mode
    assert why() == code


@pytest.mark.parametrize("mode", ["silent", "trickling_head", "trickling_body"])
def test_nothing_hangs_however_the_site_drags_on(world: World, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(fetch, "WHOLE_SECONDS", 0.6)
    world.mode = mode
    assert why() == "slow"


def test_a_proxy_that_accepts_and_says_nothing_is_given_up(world: World, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(fetch, "WHOLE_SECONDS", 0.6)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings.INFORMATION_PROXY = f"http://127.0.0.1:{mute.getsockname()[1]}"
        assert why() == "slow"


def test_without_proxy_or_site_nothing_is_asked(world: World, settings: Any) -> None:
    proxy = settings.INFORMATION_PROXY
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    settings.INFORMATION_PROXY = f"http://127.0.0.1:{port}"
    assert why() == "away"
    for settings.INFORMATION_PROXY, settings.NDL_SITE in (("", world.authority), (proxy, "")):
        assert why() == "off"
    assert world.asked == []


def test_the_proxy_lets_through_to_the_named_site_alone(world: World, settings: Any) -> None:
    settings.NDL_SITE = "elsewhere.example"
    assert why() == "refused"


def test_a_site_behind_the_proxy_that_is_down_is_away(world: World, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        authority = f"localhost:{gone.getsockname()[1]}"
    for settings.INFORMATION_PROXY in proxied(authority):
        settings.NDL_SITE = authority
        assert why() == "away"


def test_another_site_under_the_name_is_not_believed(world: World, certificates: Path, settings: Any) -> None:
    for other in served(certificates, "other.example"):
        for settings.INFORMATION_PROXY in proxied(other.authority):
            settings.NDL_SITE = other.authority
            assert why() == "site"
        assert other.asked == []


def hit(world: World) -> str:
    return taking.sealed(sru.search(sru.Wanted(title="猫")).hits[0])


@pytest.fixture
def librarian(staff: Client, world: World) -> Client:
    return staff


@pytest.mark.django_db
def test_a_librarian_finds_looks_and_takes(librarian: Client, world: World) -> None:
    page = librarian.get("/catalogue/copy/", {"title": "吾輩は猫である"}).content.decode()
    assert "見本書店" in page
    token = page.split('name="hit" value="')[1].split('"')[0]
    page = librarian.post("/catalogue/copy/", {"hit": token}).content.decode()
    assert "新規" in page
    assert "$a 978-4-00-310101-8" in page
    assert not Bib.objects.filter(source_id="JTNDL:000008212345").exists()
    answer = librarian.post("/catalogue/copy/", {"hit": token, "take": "1"})
    made = Bib.objects.get(source_id="JTNDL:000008212345")
    assert answer["Location"] == f"/catalogue/{made.pk}/"
    assert ImportBatch.objects.latest("pk").new == 1
    again = librarian.post("/catalogue/copy/", {"hit": token, "take": "1"})
    assert (again["Location"], ImportBatch.objects.latest("pk").kept) == (answer["Location"], 1)
    assert len(world.asked) == 1


@pytest.mark.django_db
def test_a_record_that_is_there_is_enriched_and_can_be_taken_back(librarian: Client, world: World) -> None:
    entry = store.Entry.of(marc.write(book("", "吾輩は猫である", volume="下", isbn="9784003101018")))
    store.create([entry], "tester")
    before = bytes(Marc.objects.get(pk=entry.id).content)
    token = hit(world)
    page = librarian.post("/catalogue/copy/", {"hit": token}).content.decode()
    assert f"/catalogue/{entry.id}/" in page
    assert librarian.post("/catalogue/copy/", {"hit": token, "take": "1"})["Location"] == f"/catalogue/{entry.id}/"
    assert Bib.objects.get(pk=entry.id).ndlc == ["KH354"]
    assert bytes(FormerMarc.objects.get(record=entry.id, version=1).content) == before
    batch = ImportBatch.objects.latest("pk")
    assert librarian.post(f"/catalogue/import/{batch.pk}/", {"act": "revert"}).status_code == 302
    assert bytes(Marc.objects.get(pk=entry.id).content) == before


@pytest.mark.django_db
def test_the_screen_says_that_it_is_off_or_away_and_refuses_what_is_not_ours(
    librarian: Client, world: World, settings: Any
) -> None:
    assert librarian.post("/catalogue/copy/", {"hit": hit(world)[:-2] + "xx", "take": "1"}).status_code == 400
    world.mode = "failing"
    page = librarian.get("/catalogue/copy/", {"title": "猫"}).content.decode()
    assert "つながりません" in page
    assert "手入力やファイルの取込" in page
    settings.INFORMATION_PROXY = ""
    assert "この機能は使えません" in librarian.get("/catalogue/copy/").content.decode()
