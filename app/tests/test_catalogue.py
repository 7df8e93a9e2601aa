"""Records: what is taken out of MARC, found by, and edited in."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from pymarc import Field, Indicators, Record, Subfield

from shoko_ils.catalog import editing, identifiers, marc, projection, series, store, volumes
from shoko_ils.catalog.extract import extract
from shoko_ils.catalog.models import Authority, Identifier, Reference
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.catalog.readings import both
from shoko_ils.catalog.search import simple
from tests.conftest import MEROS
from tests.test_import import book

pytestmark = pytest.mark.django_db


def national() -> Record:
    """A record as the national bibliography writes it."""
    made = Record(leader="00000nam a2200000 i 4500")
    made.add_field(Field("001", data="000008212345"), Field("003", data="JTNDL"))
    made.add_field(Field("008", data="230401s2023    ja " + " " * 4 + "j" + " " * 12 + "jpn  "))
    marc.add(made, "015", "  ", [("a", "23812345"), ("2", "jnb")])
    marc.add(made, "020", "  ", [("a", "978-4-00-310101-8"), ("c", "1000円")])
    marc.add(made, "084", "  ", [("a", "KH354"), ("2", "kktb")])
    marc.add(made, "084", "  ", [("a", "913.6"), ("2", "njb/10")])
    marc.add(
        made,
        "245",
        "00",
        [("a", "吾輩は猫である /"), ("n", "下 /"), ("c", "夏目漱石著.")],
        [("a", "ワガハイ ハ ネコ デ アル")],
    )
    marc.add(made, "264", " 1", [("a", "東京 :"), ("b", "見本書店,"), ("c", "2023.4.")])
    marc.add(made, "300", "  ", [("a", "300p ;"), ("c", "19cm")])
    marc.add(made, "490", "0 ", [("a", "見本文庫 ;"), ("v", "12")])
    marc.add(made, "650", " 7", [("a", "猫"), ("2", "ndlsh"), ("0", "(JTNDL)00570000")], [("a", "ネコ")])
    marc.add(made, "700", "1 ", [("a", "夏目, 漱石,"), ("d", "1867-1916")], [("a", "ナツメ, ソウセキ,")])
    made.add_field(
        Field("880", Indicators("0", "0"), [Subfield("6", "245-01/(B"), Subfield("a", "Wagahai wa neko de aru")])
    )
    return made


def test_a_national_record_is_taken_apart() -> None:
    made = extract(marc.read(marc.write(national())))
    assert (made.source_id, made.title, made.title_reading, made.volume) == (
        "JTNDL:000008212345",
        "吾輩は猫である",
        "ワガハイ ハ ネコ デ アル",
        "下",
    )
    assert (made.place, made.publisher, made.published, made.date_text) == ("東京", "見本書店", 2023, "2023.4")
    assert (made.ndc, made.ndlc, made.series, made.series_volume) == (["913.6"], ["KH354"], "見本文庫", "12")
    assert (made.language, made.material, made.for_children, made.volume_order) == ("jpn", "book", True, 3)
    assert [(scheme.value, value) for scheme, value in made.identifiers] == [
        ("isbn", "9784003101018"),
        ("jp", "23812345"),
    ]
    by_kind = {heading.kind: heading for heading in made.headings}
    assert (by_kind["person"].name, by_kind["person"].reading, by_kind["person"].born) == (
        "夏目 漱石",
        "ナツメ ソウセキ",
        1867,
    )
    assert (by_kind["subject"].scheme, by_kind["subject"].reading) == ("ndlsh", "ネコ")


@pytest.mark.parametrize(
    "typed",
    [
        "ワガハイハネコ",
        "わがはいわねこ",
        "わがはいは ねこである",
        "4-00-310101-4",
        "９７８４００３１０１０１８",
        "23812345",
        "見本文庫",
    ],
)
def test_it_is_found_as_spelled_as_spoken_and_by_every_number(typed: str) -> None:
    (entry,) = [store.Entry.of(marc.write(national()))]
    store.create([entry], "tester")
    assert entry.id in simple(typed).all_ids()


def test_particles_are_read_both_ways() -> None:
    assert both("ワタシ ハ ガッコウ ヘ") == ["ワタシ ハ ガッコウ ヘ", "ワタシ ワ ガッコウ エ"]
    assert both("ハハ ヲ タズネテ")[1] == "ハハ オ タズネテ"
    assert both("ハシレメロス") == ["ハシレメロス"]


@pytest.mark.parametrize(
    ("read", "text", "wanted"),
    [
        (identifiers.isbn, "ISBN 4-00-310101-4", "9784003101018"),
        (identifiers.isbn, "978-4-00-310101-8", "9784003101018"),
        (identifiers.isbn, "４００３１０１０１４", "9784003101018"),
        (identifiers.isbn, "978-4-00-310101-9", None),
        (identifiers.isbn, "0-8044-2957-X", "9780804429573"),
        (identifiers.issn, "0378-5955", "0378-5955"),
        (identifiers.issn, "03785956", None),
        (identifiers.magazine, "01234-05", "01234"),
        (identifiers.magazine, "４９１０１２３４５", None),
        (identifiers.jp, "JP 23812345", "23812345"),
        (identifiers.isbn, "", None),
    ],
)
def test_numbers(read: Any, text: str, wanted: str | None) -> None:
    assert read(text) == wanted
    if wanted and read is identifiers.isbn:
        assert identifiers.isbn(identifiers.isbn10(wanted) or wanted) == wanted


def test_volumes_stand_in_their_order() -> None:
    printed = ["上", "中", "下", "1", "第2巻", "2 下", "三", "10", "第十二巻", "XV", "別巻"]
    orders = [volumes.order(text) for text in printed if text != "XV"]
    assert orders == sorted(orders)
    assert volumes.order("") is None


def test_volumes_of_a_work_find_each_other() -> None:
    entries = [
        store.Entry.of(marc.write(book(str(n), "揃いの本", volume=volume)))
        for n, volume in enumerate(["下", "上", "中"], 1)
    ]
    store.create(entries, "tester")
    found = series.volumes(Bib.objects.get(source_id="TEST:1"))
    assert [record.volume for record in found] == ["上", "中", "下"]


def test_the_database_refuses_a_number_in_another_form() -> None:
    for scheme, value in (("isbn", "4003101014"), ("isbn", "9794"), ("issn", "03785955"), ("other", "1")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Identifier.objects.create(record_id=MEROS, scheme=scheme, value=value)


def state() -> list[Any]:
    names = [f"record_id, {name}" for name in ("tokens::text", "folded", "year", "libraries::text")]
    with connection.cursor() as cursor:
        found = []
        for sql in (
            *(f"SELECT {name} FROM search_document ORDER BY 1" for name in names),
            "SELECT record_id, position, name, authority_id FROM heading ORDER BY 1, 2",
            "SELECT * FROM record ORDER BY id",
        ):
            cursor.execute(sql)
            found.append(cursor.fetchall())
        return found


def test_a_rebuild_gives_the_same_and_goes_on_where_it_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    before = state()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE record SET title = 'x', title_key = 'x' WHERE id = %s", [MEROS])
        cursor.execute("DELETE FROM heading WHERE record_id = %s", [MEROS])
        cursor.execute(
            "UPDATE search_document SET built_with = 0, folded = '', tokens = '' WHERE record_id = %s", [MEROS]
        )
        cursor.execute("DELETE FROM search_document WHERE record_id = 773")
    assert projection.old() == [773, MEROS]
    call_command("rebuild_catalogue")
    assert "rebuilt: 2" in capsys.readouterr().out
    assert state() == before
    assert projection.old() == []


def test_a_rebuild_brings_keys_of_headings_to_the_folding_of_now(capsys: pytest.CaptureFixture[str]) -> None:
    person = Authority.objects.create(kind="person", name="渡邊 曾男", key="渡邊曾男")
    forms = [("渡辺 曾男", "渡辺曾男"), ("渡辺 曽男", "渡辺曽男")]
    for name, key in forms:
        Reference.objects.create(authority=person, name=name, key=key)
    call_command("rebuild_catalogue")
    assert "headings folded again: 2" in capsys.readouterr().out
    person.refresh_from_db()
    assert (person.key, [each.key for each in person.references.all()]) == ("渡辺曽男", ["渡辺曽男"])
    call_command("rebuild_catalogue")
    assert "headings folded again: 0" in capsys.readouterr().out


def test_lines_and_form_leave_alone_what_they_do_not_change() -> None:
    record = national()
    assert marc.write(editing.from_lines(editing.to_lines(record))) == marc.write(record)
    made = editing.from_form(record, editing.to_form(record))
    assert sorted(map(str, made.fields)) == sorted(map(str, record.fields))
    changed = editing.from_form(
        record, editing.to_form(record) | {"title_reading": "ワガハイワ", "isbn": "", "ndc": "913.6\n910"}
    )
    found = extract(marc.read(marc.write(changed)))
    assert (found.title_reading, found.ndc, found.ndlc) == ("ワガハイワ", ["913.6", "910"], ["KH354"])
    assert not [value for scheme, value in found.identifiers if scheme == "isbn"]


def test_the_form_holds_names_magazine_codes_and_ndlc() -> None:
    record = national()
    shown = editing.to_form(record)
    assert (shown["persons"], shown["bodies"], shown["ndlc"]) == ("夏目, 漱石, | ナツメ, ソウセキ,", "", "KH354")
    values = shown | {
        "persons": shown["persons"] + "\n見本 花子|ミホン ハナコ| 絵",
        "bodies": "見本研究会 || 編",
        "magazine_code": "01234",
        "ndlc": "KH355",
    }
    made = extract(marc.read(marc.write(editing.from_form(record, values))))
    assert {(h.kind, h.name, h.reading, h.role, h.died) for h in made.names} == {
        ("person", "夏目 漱石", "ナツメ ソウセキ", "author", 1916),
        ("person", "見本 花子", "ミホン ハナコ", "illustrator", None),
        ("corporate", "見本研究会", "", "editor", None),
    }
    assert (made.ndlc, made.ndc) == (["KH355"], ["913.6"])
    assert ("magazine", "01234") in made.identifiers
    without = editing.from_form(record, shown | {"persons": ""})
    assert not without.get_fields("100", "700")
    assert not [each for each in without.get_fields("880") if (each.get("6") or "").startswith("700")]
    with pytest.raises(editing.Mistakes, match="雑誌コード"):
        editing.from_form(record, shown | {"magazine_code": "12"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("245 00 $a", "空か"),
        ("24 00 $a 書名", "タグは3桁"),
        ("245 0 $a 書名", "指示子は2文字"),
        ("245 00 書名", "サブフィールドは"),
        ("020 __ $a 978-4-00-310101-9\n245 00 $a 書名", "検査数字"),
        ("245 00 $6 880-01 $a 書名", "読み.880.がありません"),
        ("650 _7 $a 件名", "書名"),
        ("LDR short\n245 00 $a 書名", "24文字"),
    ],
)
def test_typed_lines_that_are_refused(text: str, says: str) -> None:
    with pytest.raises(editing.Mistakes, match=says):
        editing.from_lines(text)
