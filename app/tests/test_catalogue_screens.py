"""The screens of cataloguing."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shoko_ils.catalog.models import Authority
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.core.models import Library
from tests.conftest import MEROS, act_as, log_in, make_account
from tests.test_authorities import dazai, saved
from tests.test_import import BOOKS, iso

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("former", ["", "7", "x"])
def test_a_former_version_that_is_not_there_is_not_brought_back(staff: Client, former: str) -> None:
    path = posted(staff, "/catalogue/new/", title="新しい本")["Location"]
    assert posted(staff, path, act="restore", former=former).status_code == 409
    assert '<h1 lang="ja">新しい本</h1>' in staff.get(path).content.decode()


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
