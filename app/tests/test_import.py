"""Import and export: formats, matching, the account of every record, a killed process, taking back."""

import io
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from pymarc import Field, Record

from shoko_ils.audit.record import Actor
from shoko_ils.catalog import exporting, marc, marc8, store
from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing import sources
from shoko_ils.catalog.importing.reading import ReaderEnded
from shoko_ils.catalog.importing.revert import obstacles, revert
from shoko_ils.catalog.importing.sources import BadFile, Form, Source, guess
from shoko_ils.catalog.models import Authority, FormerMarc, ImportBatch, ImportRecord, Marc, SearchDocument
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.catalog.search import simple

pytestmark = pytest.mark.django_db
TESTER = Actor("tester", "central")


def book(
    number: str, title: str, *, isbn: str = "", volume: str = "", author: str = "試作, 太郎", subject: str = ""
) -> Record:
    made = Record(leader=marc.EMPTY_LEADER)
    if number:
        made.add_field(Field("001", data=number), Field("003", data="TEST"))
    made.add_field(Field("008", data="260401s2025    ja " + " " * 17 + "jpn  "))
    marc.add(made, "020", "  ", [("a", isbn)])
    marc.add(made, "100", "1 ", [("a", author)], [("a", "シサク, タロウ")])
    marc.add(made, "245", "10", [("a", title), ("n", volume)], [("a", "シサク ノ ホン")])
    marc.add(made, "264", " 1", [("b", "見本社"), ("c", "2025")])
    marc.add(made, "650", " 7", [("a", subject), ("2", "bsh")])
    return made


def loaded(
    content: bytes, name: str = "test.mrc", policy: str = "merge", columns: dict[str, str] | None = None
) -> ImportBatch:
    form, encoding = guess(name, content[: 1 << 16])
    file = io.BytesIO(content)
    return importing.load(
        importing.begin(file, name, form, encoding, columns=columns or {}, policy=policy, by="tester"), file, TESTER
    )


def iso(*records: Record) -> bytes:
    return b"".join(marc.write(each) for each in records)


BOOKS = (
    book("1", "試作の本", isbn="978-4-00-310101-8", subject="試作"),
    book("2", "別の試作", volume="上"),
    book("3", "別の試作", volume="下"),
)
CSV = (
    "書名,書名ヨミ,著者,出版者,出版年,ISBN,NDC\r\n"
    "試作の本①,シサク ノ ホン,試作 太郎;試作 花子,見本社,昭和60(1985),4-00-310101-4,913.6\r\n"
)
TSV = CSV.replace(",", "\t")


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.mrc", iso(BOOKS[0]), "試作の本"),
        ("a.mrc", marc8.write(book("1", "試作の本", isbn="9784003101018")), "試作の本"),
        ("a.xml", exporting.HEAD + marc.to_xml(BOOKS[0]) + exporting.TAIL, "試作の本"),
        (
            "a.xml",
            (
                '<m:collection xmlns:m="http://www.loc.gov/MARC21/slim"><m:record>'
                "<m:leader>00000nam a2200000 i 4500</m:leader>"
                '<m:datafield tag="245" ind1="0" ind2="0"><m:subfield code="a">試作の本</m:subfield></m:datafield>'
                "</m:record></m:collection>"
            ).encode(),
            "試作の本",
        ),
        ("a.csv", CSV.encode(), "試作の本①"),
        ("a.csv", ("\ufeff" + CSV).encode(), "試作の本①"),
        ("a.csv", CSV.encode("cp932"), "試作の本①"),
        ("a.tsv", TSV.encode("cp932"), "試作の本①"),
        ("a.tsv", TSV.encode(), "試作の本①"),
        ("a.tsv", ("\ufeff" + TSV).encode(), "試作の本①"),
    ],
    ids=["utf-8", "marc-8", "marcxml", "prefixed", "csv", "bom", "cp932", "tsv-cp932", "tsv", "tsv-bom"],
)
def test_every_form_is_read_and_found(name: str, content: bytes, title: str) -> None:
    batch = loaded(content, name)
    assert (batch.state, batch.read, batch.new) == ("loaded", 1, 1)
    record = Bib.objects.get(pk=batch.records.get().record_id)
    assert record.title == title
    assert record.pk in simple("試作の本").all_ids()
    if "ISBN" in content.decode("cp932", "ignore") or name == "a.mrc":
        assert record.pk in simple("4-00-310101-4").all_ids()
        assert record.pk in simple("９７８４００３１０１０１８").all_ids()


def test_columns_can_be_declared() -> None:
    table = "メイ\tヒト\r\n試作の本\t試作 太郎\r\n".encode("cp932")
    with pytest.raises(BadFile, match="書名の列がありません"):
        loaded(table, "a.tsv")
    batch = loaded(table, "a.tsv", columns={"メイ": "title", "ヒト": "author"})
    assert Bib.objects.get(pk=batch.records.get().record_id).headings.get().name == "試作 太郎"
    with pytest.raises(BadFile, match="ファイルにない列"):
        loaded(table, "a.tsv", columns={"メイ": "title", "ナイ": "author"})


BROKEN = [
    (b"00099nam a2200000 i 4500garbage\x1d", "length"),
    (b"short\x1d", "truncated"),
    (iso(BOOKS[1])[:-1], "truncated"),
    (iso(BOOKS[1]).replace("別の試作".encode(), b"\xff\xfe\xfd" * 4), "encoding"),
    (marc.write(Record(leader=marc.EMPTY_LEADER, fields=[Field("001", data="9")])), "no-title"),
    (marc8.write(book("8", "試作")).replace(b"\x1b$1", b"\x1b$1\x7f\x7f\x7f", 1), "length"),
]


@pytest.mark.parametrize(("bad", "code"), BROKEN, ids=[f"{code}-{i}" for i, (_, code) in enumerate(BROKEN)])
def test_a_bad_record_is_kept_with_its_reason_and_the_others_are_loaded(bad: bytes, code: str) -> None:
    batch = loaded(
        iso(BOOKS[0])
        + b"\r\n"
        + (bad if bad.endswith(b"\x1d") else b"")
        + iso(BOOKS[2])
        + (b"" if bad.endswith(b"\x1d") else bad)
    )
    assert batch.read == batch.loaded + batch.quarantined == 3
    assert (batch.new, batch.quarantined) == (2, 1)
    kept = batch.records.get(outcome="quarantined")
    assert (bytes(kept.content), kept.code) == (bad, code)
    assert any("\u3041" <= char <= "\u9fff" for char in kept.reason)


def test_rows_with_the_wrong_number_of_cells_and_the_wrong_bytes_are_quarantined() -> None:
    lines = CSV.encode() + b"x,y\r\n" + b'"\xff",,,,,,\r\n' + '"改行の\nある書名",,,,,,\r\n'.encode()
    batch = loaded(lines, "a.csv")
    assert (batch.read, batch.new, batch.quarantined) == (4, 2, 2)
    assert set(batch.records.filter(outcome="quarantined").values_list("code", flat=True)) == {"table", "encoding"}


def xml(*titles: str) -> list[bytes]:
    """`<record>` elements."""
    return [marc.to_xml(book(str(number), title)) for number, title in enumerate(titles, 1)]


FRAME = (
    b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- two -->\n<marc:collection\n xmlns:marc="x">\n\t',
    b"\r\n</marc:collection>\n",
)


@pytest.mark.parametrize(
    "stray",
    [b"lost", "読めない書誌".encode(), b"<recrod><leader/></recrod>", b"</record>", b"<!-- open", b"\xff\xfe\x00"],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_stands_between_two_records_is_no_silent_gap(stray: bytes, place: int) -> None:
    first, second = xml("試作の本", "別の試作")
    parts = [first, b"\n", second]
    parts.insert([0, 1, 3][place], stray)
    content = FRAME[0] + b"".join(parts) + FRAME[1]
    batch = loaded(content, "a.xml")
    assert (batch.state, batch.read, batch.new, batch.quarantined) == ("loaded", 3, 2, 1)
    kept = batch.records.get(outcome="quarantined")
    assert stray in bytes(kept.content)
    assert kept.code == "xml"
    # from any piece on, what is left is the same
    source = Source(io.BytesIO(content), Form.MARCXML)
    pieces = list(source.pieces())
    for index, piece in enumerate(pieces):
        assert list(source.pieces(piece.end)) == pieces[index + 1 :]


def test_the_frame_of_a_collection_is_no_record() -> None:
    content = FRAME[0] + b"\n<!-- and -->\n".join(xml("試作の本", "別の試作")) + FRAME[1]
    batch = loaded(content, "a.xml")
    assert (batch.read, batch.new, batch.quarantined) == (2, 2, 0)


def test_a_record_over_the_border_of_a_block_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    content = FRAME[0] + b" lost ".join(xml("試作の本", "別の試作", "三つ目")) + FRAME[1]
    whole = list(Source(io.BytesIO(content), Form.MARCXML).pieces())
    assert len(whole) == 5
    for size in (1, 7, 100):
        monkeypatch.setattr(sources, "BLOCK", size)
        assert list(Source(io.BytesIO(content), Form.MARCXML).pieces()) == whole


def test_many_comments_before_a_stray_byte_are_read_in_time() -> None:
    content = b"<collection>" + b"<!-- x --> " * 2000 + b"!" + xml("試作の本")[0] + b"</collection>"
    assert len(list(Source(io.BytesIO(content), Form.MARCXML).pieces())) == 2


@pytest.mark.parametrize("content", [b"<collection/>", b"<html><body>404</body></html>", b"<?xml version='1.0'?>"])
def test_a_file_without_a_record_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile, match="レコード"):
        loaded(content, "a.xml")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_refused(encoding: str) -> None:
    text = f"<?xml version='1.0'?><collection>{xml('試作の本')[0].decode()}</collection>"
    with pytest.raises(BadFile):
        loaded(text.encode(encoding), "a.xml")


def test_the_database_refuses_an_account_that_does_not_add_up() -> None:
    batch = loaded(iso(*BOOKS))
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportBatch.objects.filter(pk=batch.pk).update(new=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportRecord.objects.filter(batch=batch, number=1).update(outcome="quarantined", record_id=None)


@pytest.mark.parametrize(("policy", "outcome"), [("skip", "kept"), ("merge", "merged"), ("replace", "replaced")])
def test_a_record_that_is_there_is_met_by_its_isbn(policy: str, outcome: str) -> None:
    first = loaded(iso(BOOKS[0]))
    number = first.records.get().record_id
    again = loaded(iso(book("", "試作の本", isbn="4003101014", subject="新しい件名")), policy=policy)
    assert getattr(again, outcome) == again.read == 1
    assert again.records.get().record_id == number
    subjects = set(Bib.objects.get(pk=number).headings.filter(kind="subject").values_list("name", flat=True))
    assert subjects == {"skip": {"試作"}, "merge": {"試作", "新しい件名"}, "replace": {"新しい件名"}}[policy]
    assert (number in simple("新しい件名").all_ids()) is (policy != "skip")
    assert FormerMarc.objects.filter(record=number).count() == (policy != "skip")
    assert Bib.objects.get(pk=number).source_id == "TEST:1"


def test_the_same_file_again_changes_nothing() -> None:
    loaded(iso(*BOOKS))
    before = list(Marc.objects.order_by("pk").values_list("pk", "version"))
    again = loaded(iso(*BOOKS))
    assert (again.kept, again.read) == (3, 3)
    assert list(Marc.objects.order_by("pk").values_list("pk", "version")) == before


def test_volumes_with_the_isbn_of_their_set_stay_apart_and_another_title_is_for_a_person() -> None:
    isbn = "9784003101018"
    batch = loaded(
        iso(
            book("1", "組の本", isbn=isbn, volume="上"),
            book("2", "組の本", isbn=isbn, volume="下"),
            book("3", "まるで違う書名", isbn=isbn, volume="上"),
        )
    )
    assert (batch.new, batch.quarantined) == (2, 1)
    kept = batch.records.get(outcome="quarantined")
    assert kept.code == "isbn-other-title"
    assert "書名の違う書誌" in kept.reason


def test_several_matches_are_for_a_person() -> None:
    isbn = "9784003101018"
    store.create([store.Entry.of(marc.write(book(str(n), "同じ本", isbn=isbn))) for n in (1, 2)], "tester")
    batch = loaded(iso(book("9", "同じ本", isbn=isbn)))
    assert batch.records.get().code == "ambiguous"


def test_a_record_twice_in_one_file_is_one_record() -> None:
    batch = loaded(iso(BOOKS[0], BOOKS[1], BOOKS[0], book("", "試作の本", isbn="4003101014", subject="あとの件名")))
    assert (batch.new, batch.kept, batch.merged) == (2, 1, 1)
    first = batch.records.get(number=1).record_id
    assert {batch.records.get(number=n).record_id for n in (3, 4)} == {first}
    assert Bib.objects.get(pk=first).headings.filter(name="あとの件名").exists()


def test_a_preview_says_what_loading_then_does_and_writes_nothing() -> None:
    loaded(iso(BOOKS[0]))
    content = iso(*BOOKS, book("", "試作の本", isbn="4003101014", subject="別の件名")) + b"short\x1d"
    before = Bib.objects.count()
    found = importing.preview(Source(io.BytesIO(content), Form.ISO2709), "merge")
    assert Bib.objects.count() == before
    batch = loaded(content)
    assert found.counts == {name: n for name in ("new", "merged", "kept", "quarantined") if (n := getattr(batch, name))}
    assert [each.title for each in found.first][:1] == ["試作の本"]


def test_a_batch_is_taken_back() -> None:
    loaded(iso(BOOKS[0]))
    original = bytes(Marc.objects.get(record__source_id="TEST:1").content)
    batch = loaded(iso(BOOKS[1], book("", "試作の本", isbn="4003101014", subject="消える件名")))
    assert revert(batch, TESTER) == (2, [])
    assert not Bib.objects.filter(source_id="TEST:2").exists()
    assert bytes(Marc.objects.get(record__source_id="TEST:1").content) == original
    assert simple("消える件名").count() == 0
    assert ImportBatch.objects.get(pk=batch.pk).state == "reverted"


def test_what_was_edited_since_is_in_the_way_and_said() -> None:
    batch = loaded(iso(*BOOKS))
    numbers = list(batch.records.values_list("record_id", flat=True))
    (entry,) = store.load([numbers[0]])
    entry.version += 1
    store.change([entry], "花子")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO item (barcode, record_id, library_id, at_library_id, location_id, call_number, condition,"
            " library_use_only, material_class_id)"
            " SELECT '9999999999', %s, library_id, library_id, location_id, 'x', 'normal', false, material_class_id"
            " FROM item LIMIT 1",
            [numbers[1]],
        )
    assert revert(batch, TESTER)[0] == 0
    assert Bib.objects.filter(pk__in=numbers).count() == 3
    reasons = {each.record_id: each.reason for each in obstacles(batch)}
    assert set(reasons) == set(numbers[:2])
    assert "花子 が変更" in reasons[numbers[0]]
    assert reasons[numbers[1]] == "所蔵資料があります"
    assert revert(batch, TESTER, except_obstacles=True)[0] == 1
    assert set(Bib.objects.filter(pk__in=numbers).values_list("pk", flat=True)) == set(numbers[:2])


@pytest.mark.parametrize("form", list(Form))
def test_what_is_written_is_read_again(form: Form) -> None:
    batch = loaded(iso(*BOOKS))
    for encoding in exporting.ENCODINGS[form]:
        content = b"".join(exporting.write(exporting.of_batch(batch.pk), form, encoding))
        source = Source(io.BytesIO(content), form, encoding if encoding != "marc-8" else "utf-8")
        titles = []
        for piece in source.pieces():
            _, record = source.marc(piece)
            titles.append((record["245"].get("a"), record["245"].get("n")))
        assert titles == [("試作の本", None), ("別の試作", "上"), ("別の試作", "下")]


def test_marc8_is_the_inverse_of_reading_it() -> None:
    for text in ("Ångström, naïve", "走れメロス", "図書館 library 図書館", "한국", "é", "𠮷"):
        made = book("1", text or "x")
        back = marc.read(marc8.write(made))
        assert back["245"].get("a") == text.replace("𠮷", "&#x20BB7;")


def test_a_file_that_is_read_ahead_gives_the_same_catalogue(tmp_path: Path) -> None:
    """By a second process, with documents that it has built: also where a heading meets an authority record."""
    Authority.objects.create(kind="subject", name="試作", key="試作", number="T1").references.create(
        name="こころみかた", key="ココロミカタ"
    )
    again = book("4", "別の試作", volume="下", subject="追加")
    content = iso(*BOOKS) + b"short\x1d" + iso(again)
    path = tmp_path / "ahead.mrc"
    path.write_bytes(content)
    documents = []
    for ahead in (None, path):
        with transaction.atomic(), path.open("rb") as file:
            point = transaction.savepoint()
            batch = importing.begin(file, "a.mrc", Form.ISO2709, "utf-8", columns={}, policy="merge", by="tester")
            importing.load(batch, file, TESTER, path=ahead)
            assert (batch.read, batch.new, batch.merged, batch.quarantined) == (5, 3, 1, 1)
            assert simple("こころみかた").count() == 1
            numbers = batch.records.exclude(record_id=None).values("record_id")
            columns = ("material", "year", "folded")
            documents.append(list(SearchDocument.objects.filter(pk__in=numbers).order_by("pk").values_list(*columns)))
            assert simple("別の試作 追加").count() == 1
            transaction.savepoint_rollback(point)
    assert documents[0] == documents[1]


def test_a_file_that_took_the_name_of_the_one_that_was_begun_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "same.mrc"
    path.write_bytes(iso(*BOOKS))
    with path.open("rb") as file:
        batch = importing.begin(file, path.name, Form.ISO2709, "utf-8", columns={}, policy="skip", by="tester")
        (tmp_path / "other.mrc").write_bytes(iso(BOOKS[0]))
        (tmp_path / "other.mrc").rename(path)
        with pytest.raises(ReaderEnded):
            importing.load(batch, file, TESTER, path=path)
    assert (batch.read, batch.records.count()) == (0, 0)
