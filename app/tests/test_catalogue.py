"""Records, authority records and their screens."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pymarc import Field, Indicators, Record, Subfield

from shoko_ils.catalog import authorities, editing, identifiers, marc, merging, projection, series, store, volumes
from shoko_ils.catalog.authorities import Data
from shoko_ils.catalog.extract import extract
from shoko_ils.catalog.models import Authority, Heading, Identifier, Marc, SearchDocument
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.catalog.readings import both
from shoko_ils.catalog.search import simple
from shoko_ils.core.models import Library
from shoko_ils.demo.marc import authority_number
from shoko_ils.holdings.models import Item
from tests.conftest import MEROS, act_as, log_in, make_account
from tests.test_import import BOOKS, book, iso

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


def test_the_demonstration_stands_under_its_authority_records() -> None:
    assert not Heading.objects.filter(authority=None).exists()
    assert Authority.objects.get(number=authority_number(35)).name == "太宰 治"


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


# authority records


def dazai() -> Authority:
    return Authority.objects.get(number=authority_number(35))


def saved(found: Authority, **changes: Any) -> Authority:
    names = ("kind", "name", "name_reading", "name_roman", "born", "died", "number", "note")
    data = Data(**({name: getattr(found, name) for name in names} | changes))
    return authorities.save(data, pk=found.pk, version=found.version)


def test_a_search_by_a_reference_finds_the_works_of_the_heading() -> None:
    works = set(simple("太宰治").all_ids())
    assert simple("津島修治").count() == 0
    made = saved(dazai(), references=[("津島 修治", "つしま しゅうじ")])
    assert set(simple("津島修治").all_ids()) == set(simple("つしましゅうじ").all_ids())
    assert MEROS in simple("津島修治").all_ids()
    assert set(simple("津島修治").all_ids()) <= works
    saved(made, references=[])
    assert simple("津島修治").count() == 0


def test_a_new_authority_takes_up_the_headings_that_wait_for_it() -> None:
    store.create([store.Entry.of(marc.write(BOOKS[0]))], "tester")
    assert Heading.objects.get(key="試作").authority is None
    made = authorities.save(Data("subject", "試作", references=[("プロトタイプ", "")]))
    assert Heading.objects.get(key="試作").authority == made
    assert simple("プロトタイプ").count() == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (Data("person", " "), "見出しを入力"),
        (Data("person", "存命 の人", born=1950), "存命の方"),
        (Data("subject", "件名", died=1950), "個人の典拠だけ"),
        (Data("person", "別人", number=authority_number(35)), "ほかの典拠で使われています"),
        (Data("person", "太宰　治", born=1909, died=1948), "同じ見出しの典拠"),
    ],
)
def test_an_authority_that_is_refused(data: Data, reason: str) -> None:
    with pytest.raises(authorities.CannotSave, match=reason):
        authorities.save(data)


def test_an_old_page_does_not_overwrite_and_a_used_heading_stays() -> None:
    found = dazai()
    saved(found, note="一")
    with pytest.raises(authorities.CannotSave, match="ほかの職員が変更"):
        saved(found, note="二")
    with pytest.raises(authorities.CannotSave, match="件の書誌で使われています"):
        authorities.remove(found.pk)


# merging and editing


def test_two_records_are_merged_and_parted_again() -> None:
    one, two = (
        store.Entry.of(marc.write(book("", title, subject=subject)))
        for title, subject in (("片方", "甲"), ("片方", "乙"))
    )
    store.create([one, two], "tester")
    item = Item.objects.filter(record=MEROS)[0]
    Item.objects.filter(pk=item.pk).update(record=two.id)
    before = {number: bytes(Marc.objects.get(pk=number).content) for number in (one.id, two.id)}
    log = merging.merge(one.id, two.id, "tester", "重複")
    assert not Bib.objects.filter(pk=two.id).exists()
    assert Item.objects.get(pk=item.pk).record_id == one.id
    assert {h.name for h in Bib.objects.get(pk=one.id).headings.filter(kind="subject")} == {"甲", "乙"}
    assert SearchDocument.objects.get(pk=one.id).copies == 1
    merging.undo(log.pk, "tester")
    assert {number: bytes(Marc.objects.get(pk=number).content) for number in before} == before
    assert Item.objects.get(pk=item.pk).record_id == two.id
    assert simple("乙").all_ids() == [two.id] or two.id in simple("乙").all_ids()
    with pytest.raises(merging.CannotMerge, match="取り消せる統合がありません"):
        merging.undo(log.pk, "tester")


def test_a_merge_is_not_undone_over_a_later_change() -> None:
    one, two = (store.Entry.of(marc.write(book("", "片方", subject=subject))) for subject in ("甲", "乙"))
    store.create([one, two], "tester")
    log = merging.merge(one.id, two.id, "tester", "重複")
    current = Marc.objects.get(pk=one.id)
    values = editing.to_form(marc.read(bytes(current.content))) | {"publisher": "別の社"}
    editing.save(
        editing.from_form(marc.read(bytes(current.content)), values), "花子", number=one.id, version=current.version
    )
    with pytest.raises(merging.CannotMerge, match="花子 が書誌を変更"):
        merging.undo(log.pk, "tester")


@pytest.mark.parametrize(
    ("kept", "gone", "reason", "says"),
    [(1567, 1567, "x", "同じ書誌どうし"), (1567, 999999, "x", "見つかりません"), (1567, 773, " ", "理由")],
)
def test_merges_that_are_refused(kept: int, gone: int, reason: str, says: str) -> None:
    with pytest.raises(merging.CannotMerge, match=says):
        merging.merge(kept, gone, "tester", reason)


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


# screens


def posted(client: Client, path: str, **values: Any) -> Any:
    return client.post(path, values)


def test_a_librarian_catalogues_a_book_and_changes_it(staff: Client) -> None:
    answer = posted(
        staff,
        "/catalogue/new/",
        title="新しい本",
        title_reading="アタラシイ ホン",
        isbn="4-00-310101-4",
        subjects="猫\n犬",
    )
    assert answer.status_code == 302, answer.content.decode()
    path = answer["Location"]
    html = staff.get(path).content.decode()
    assert "アタラシイ ホン" in html
    assert "$a 新しい本" in html
    version = re.search(r'name="version" value="(\d+)"', html)[1]
    assert (
        posted(
            staff, path, act="form", version=version, title="新しい本 改", title_reading="アタラシイ ホン"
        ).status_code
        == 302
    )
    assert posted(staff, path, act="form", version=version, title="遅れた変更").status_code == 409
    assert "新しい本 改" in staff.get("/catalogue/?q=あたらしいほん").content.decode()
    assert posted(staff, path, act="restore", former="1").status_code == 302
    assert '<h1 lang="ja">新しい本</h1>' in staff.get(path).content.decode()
    bad = posted(staff, path, act="lines", version="3", text="245 00 $b 副書名だけ")
    assert bad.status_code == 400
    assert "書名(245 $a)が1つ必要です" in bad.content.decode()
    double = posted(staff, "/catalogue/new/", title="新しい本", isbn="9784003101018")
    assert "保存されていません" in double.content.decode() or double.status_code == 302


def test_the_page_of_a_volume_leads_to_the_others_and_to_its_series(staff: Client) -> None:
    paths = [
        posted(staff, "/catalogue/new/", title="揃いの本", volume=volume, series="見本叢書", series_volume=str(n))[
            "Location"
        ]
        for n, volume in enumerate(["上", "下"], 1)
    ]
    page = staff.get(paths[0]).content.decode()
    assert page.count(f'href="{paths[1]}"') == 2
    assert "見本叢書" in page


def upload(client: Client, content: bytes, name: str = "books.mrc", **more: str) -> Any:
    return client.post(
        "/catalogue/import/", {"file": SimpleUploadedFile(name, content), "policy": "merge", "columns": "", **more}
    )


def test_a_file_is_previewed_loaded_and_taken_back(staff: Client) -> None:
    answer = upload(staff, iso(*BOOKS) + b"short\x1d")
    assert answer.status_code == 302, answer.content.decode()
    path = answer["Location"]
    html = staff.get(path).content.decode()
    assert "まだ何も書き込んでいません" in html
    assert "レコードが途中で切れています" in html
    assert not Bib.objects.filter(source_id="TEST:1").exists()
    assert posted(staff, path, act="load").status_code in (200, 302)
    if "取込を続ける" in staff.get(path).content.decode():
        posted(staff, path, act="load")
    html = staff.get(path).content.decode()
    assert "取込済" in html
    assert b"".join(staff.get(path + "quarantine/").streaming_content) == b"short\x1d"
    exported = b"".join(
        staff.get("/catalogue/export/", {"form": "iso2709", "batch": path.split("/")[-2]}).streaming_content
    )
    assert exported == iso(*BOOKS)
    assert posted(staff, path, act="revert").status_code == 302
    assert "取消済" in staff.get(path).content.decode()
    assert not Bib.objects.filter(source_id="TEST:1").exists()


def test_a_table_without_titles_and_a_bad_column_are_refused_in_words(staff: Client) -> None:
    answer = upload(staff, b"a,b\n1,2\n", "t.csv")
    assert (answer.status_code, "書名の列がありません" in answer.content.decode()) == (400, True)
    assert upload(staff, b"a,b\n1,2\n", "t.csv", columns="a = nothing").status_code == 400


def test_an_authority_is_made_changed_and_deleted_on_screen(staff: Client) -> None:
    answer = posted(
        staff, "/catalogue/authorities/new/", kind="person", name="試験 花子", references="見本 花子 | みほん はなこ"
    )
    assert answer.status_code == 302, answer.content.decode()
    path = answer["Location"]
    assert "見本 花子 | みほん はなこ" in staff.get(path).content.decode()
    assert "試験 花子" in staff.get("/catalogue/authorities/?q=見本").content.decode()
    assert posted(staff, path, kind="person", name="", version="1").status_code == 400
    assert posted(staff, path, act="remove").status_code == 302
    assert staff.get(path).status_code == 404


def test_two_records_are_merged_on_screen_and_parted(staff: Client) -> None:
    numbers = [
        posted(staff, "/catalogue/new/", title=title)["Location"].split("/")[-2] for title in ("片方の本", "片方の本だ")
    ]
    path = f"/catalogue/{numbers[0]}/merge/"
    assert "片方の本だ" in staff.get(path, {"other": numbers[1]}).content.decode()
    assert posted(staff, path, other=numbers[1], reason="").status_code == 409
    assert posted(staff, path, other=numbers[1], reason="重複").status_code == 302
    assert staff.get(f"/catalogue/{numbers[1]}/").status_code == 404
    undo = re.search(r'name="undo" value="(\d+)"', staff.get(path).content.decode())[1]
    assert posted(staff, path, undo=undo).status_code == 302
    assert staff.get(f"/catalogue/{numbers[1]}/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/catalogue/new/",
        "/catalogue/import/",
        "/catalogue/authorities/new/",
        f"/catalogue/{MEROS}/",
        "/catalogue/?q=太宰",
        "/catalogue/authorities/?q=太宰",
        "/catalogue/export/",
        "/catalogue/authorities/35/",
    ],
)
def test_pages_of_cataloguing_answer_in_both_languages(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 200
    english = staff.get("/en" + path)
    assert english.status_code == 200
    assert 'lang="en"' in english.content.decode().split("<head>")[0]


def test_an_assistant_does_not_catalogue(anonymous: Client, central: Library, settings: Any) -> None:
    act_as("ils_owner", "ils, private")
    make_account(4, central)
    act_as("ils_staff", "ils")
    log_in(anonymous, "level4", central)
    assert anonymous.get("/catalogue/").status_code == 403
    assert "/catalogue/" not in anonymous.get("/lend/").content.decode()


def test_the_public_page_of_a_heading_names_its_forms(public: Client) -> None:
    act_as("ils_owner", "ils, private")
    saved(dazai(), references=[("津島 修治", "")], see_also=[Authority.objects.exclude(pk=35)[0].pk])
    act_as("ils_public", "ils, private")
    html = public.get("/authorities/35/").content.decode()
    assert "津島 修治" in html
    assert html.count('class="entry"') == 100
    link = re.search(r'href="(/search/[^"]*)">すべての', html)[1].replace("&amp;", "&")
    assert "太宰" in public.get(link).content.decode()
    assert "/authorities/35/" in public.get(f"/records/{MEROS}/").content.decode()


def test_facets_and_suggestions_are_on_the_page(public: Client) -> None:
    html = public.get("/search/?q=夜").content.decode()
    assert "絞り込み" in html
    assert re.search(r'href="/search/\?q=[^"]*library=central"', html.replace("&amp;", "&"))
    narrowed = public.get("/search/?q=夜&library=central").content.decode()
    assert 'aria-current="true"' in narrowed
    assert "走れメロス" in public.get("/search/?q=走れメロヌ").content.decode()
