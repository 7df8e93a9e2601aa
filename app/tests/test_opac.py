"""What a citizen finds besides search: new arrivals, holds count, calendar, plain Japanese, children's face."""

import datetime as dt
import re
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.catalog import listing
from shoko_ils.catalog.models import Record
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.opac import views
from shoko_ils.patrons.models import Patron
from shoko_ils.reference.services import CaseText, publish
from tests import holding
from tests.conftest import MEROS
from tests.members import card_of, give_password, log_in, role
from tools import messages


@pytest.fixture
def public(patron: Patron, public: Client) -> Client:
    return public


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_record_counts_its_holds_and_offers_one(public: Client, patron: Patron) -> None:
    assert "予約0件・所蔵3冊" in read(public, f"/records/{MEROS}/")
    with role("ils_owner"):
        holding.hold(patron, MEROS)
    html = read(public, f"/records/{MEROS}/")
    assert "予約1件・所蔵3冊" in html
    assert "予約かごへ" in html
    assert "csrfmiddlewaretoken" not in html, "a token would be a cookie"


def test_a_hit_says_what_it_is_and_how_many_wait(public: Client, patron: Patron) -> None:
    with role("ils_owner"):
        holding.hold(patron, MEROS)
    html = read(public, "/search/?q=走れメロス")
    (entry,) = (each for each in html.split("<article") if f'href="/records/{MEROS}/"' in each)
    assert re.search(r'class="entry-kind">図書 <span>予約1件・所蔵3冊</span>', entry)


def test_an_arrival_says_what_it_is_and_how_many_wait(public: Client, patron: Patron) -> None:
    with role("ils_owner"):
        Record.objects.filter(pk=MEROS).update(added_on=timezone.localdate() + timezone.timedelta(days=1))
        holding.hold(patron, MEROS)
    for path in ("/", "/new/"):
        assert read(public, path).count("予約1件・所蔵3冊") >= 1


def test_a_page_of_hits_is_four_statements_however_many_they_are(db: None) -> None:
    listing.in_order([MEROS])
    for ids in ([MEROS], list(Record.objects.order_by("pk").values_list("pk", flat=True)[:20])):
        with CaptureQueriesContext(connection) as asked:
            assert all(record.waiting == 0 and record.material for record in listing.in_order(ids))
        assert len(asked) == 4, "the edition of the site; records with their holds, names, copies"


def test_new_arrivals_are_a_page_of_their_own(public: Client) -> None:
    assert 'href="/new/"' in read(public, "/")
    assert read(public, "/new/").count('<article class="entry">') == 100


def test_no_hits_lead_to_a_request(public: Client) -> None:
    html = read(public, "/search/?q=存在しない書名")
    assert re.search(r'href="/my/request/\?title=[^"]+">所蔵していない資料をリクエストする', html)


@pytest.mark.parametrize(
    ("calendar", "shown"),
    [
        ({"hours": [{"from": "09:30", "to": "19:00"}]}, "9:30–19:00"),
        ({}, "開館しています"),
        ({"closed": [{"from": "01-01", "to": "12-31"}], "hours": [{"from": "09:30", "to": "19:00"}]}, "本日休館"),
    ],
)
def test_the_first_page_says_who_is_open_today(public: Client, central: Library, calendar: dict, shown: str) -> None:
    with role("ils_owner"):
        Library.objects.filter(pk=central.pk).update(calendar=calendar)
    page = read(public, "/")
    line = page[page.index('class="today"') :].split("<li>")[1]
    assert str(central) in line
    assert shown in line


def test_the_first_page_shows_the_calendar_of_my_library(public: Client, patron: Patron) -> None:
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    with role("ils_owner"):
        tsujido = Library.objects.get(key="tsujido")
        Patron.objects.filter(pk=patron.pk).update(library=tsujido)
        CalendarException.objects.filter(library=tsujido).delete()
        CalendarException.objects.create(
            library=tsujido, kind="closed", first_on=tomorrow, last_on=tomorrow, reason="works"
        )
    assert "総合市民図書館の開館日" in read(public, "/")
    html = read(public, "/?library=tsujido")
    assert "辻堂市民図書館の開館日" in html
    day = f"{tomorrow.month}/{tomorrow.day}"
    assert re.search(rf'<td class="closed">{day} <span>休館日</span>', html)
    give_password(patron)
    log_in(public, card_of(patron))
    assert "辻堂市民図書館の開館日" in read(public, "/")


@pytest.mark.parametrize(
    ("face", "words"),
    [
        ("ja-easy", ("市の 図書館で 本を さがす", "カードの 番号")),
        ("ja-kids", ("としょかんの 本を さがそう", "カードの ばんごう")),
    ],
)
def test_plain_japanese_and_the_childrens_face(public: Client, face: str, words: tuple[str, str]) -> None:
    home, login = read(public, f"/{face}/"), read(public, f"/{face}/my/login/")
    assert words[0] in home
    assert words[1] in login
    assert '<html lang="ja">' in home
    assert f'class="face-{face}"' in home
    assert f'action="/{face}/search/"' in home
    found = read(public, f"/{face}/search/?q=%E3%81%AF%E3%81%97%E3%82%8C")
    assert f'href="/{face}/records/{MEROS}/"' in found
    assert 'href="/search/?q=%E3%81%AF' in found, "and back to the usual face"


# what each face says of a page that is not there, a form that is too old, an error of ours, a database that is away,
# and an emergency closing
TOLD = {
    "": ("ページが見つかりません", "画面の有効期限が切れました", "システムで問題が発生しました",
         "ただいまご利用いただけません", "お手続きはいりません"),
    "/ja-easy": ("この ページは ありません", "この ページは 古く なりました", "図書館の コンピューターに 問題が",
                 "今、この サイトは 使えません", "何も しなくて いいです"),
    "/ja-kids": ("ここには なにも ないよ", "この ページは ふるく なったよ", "うまく いかなかったよ",
                 "いまは つかえないよ", "なにも しなくて いいよ"),
    "/en": ("This page does not exist", "This form is no longer valid", "Something went wrong on our side",
            "The service is not available at the moment", "You need not do anything"),
}  # fmt: skip


@pytest.mark.parametrize("face", TOLD)
def test_errors_and_closings_speak_as_their_face_does(
    public: Client, central: Library, face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = timezone.localdate()
    with role("ils_owner"):
        CalendarException.objects.create(
            library=central, kind="emergency", act=holding.new(), first_on=today, last_on=today, reason="storm"
        )

    def asked(path: str, error: Exception | None = None) -> str:
        if error:
            monkeypatch.setattr(views, "announced", Mock(side_effect=error))
        return public.get(face + path).content.decode()

    public.raise_request_exception = False
    # the test's own transaction must survive what the middleware does to a broken connection
    monkeypatch.setattr("shoko_ils.core.middleware.connection.close", lambda: None)
    closing, missing = asked("/"), asked("/nowhere/")
    old = Client(enforce_csrf_checks=True).post(f"{face}/my/login/", {"card": "1"}).content.decode()
    broken, away = asked("/", RuntimeError()), asked("/", OperationalError())
    pages = (missing, old, broken, away, closing)
    assert [words in html for words, html in zip(TOLD[face], pages, strict=True)] == [True] * 5
    usual = [words for other, told in TOLD.items() if other != face for words in told]
    assert [words for words in usual for html in pages if words in html] == []


CASE = CaseText("「メロス」とは誰か。", "ギリシアの伝説の人。", "人名辞典", "991")
# what each face says on the pages of a case and of a heading, and the usual words that it must not say
FACES = {
    "ja-easy": ("図書館が 答えた 質問（しつもん）です", "しらべた 本など", "図書館に ある 本"),
    "ja-kids": ("としょかんが こたえた しつもんだよ", "しらべた 本など", "としょかんに ある 本"),
}
USUAL = ("検索語", "質問された方", "典拠・参考資料", "所蔵している資料", "この見出しについて", "個人")


@pytest.mark.parametrize("face", FACES)
def test_cases_and_headings_speak_as_their_face_does(public: Client, actor: Actor, face: str) -> None:
    with role("ils_staff"):
        case = publish(actor, CASE, holding.new())
    cases, one, heading = (
        read(public, f"/{face}{path}") for path in ("/cases/", f"/cases/{case.pk}/", "/authorities/35/")
    )
    assert [words in html for words, html in zip(FACES[face], (cases, one, heading), strict=True)] == [True] * 3
    assert CASE.question in cases
    assert f'href="/{face}/cases/{case.pk}/"' in cases
    for html in (cases, one, heading):
        assert [word for word in USUAL if word in html.partition("<main")[2]] == []


@pytest.mark.parametrize("variant", messages.VARIANTS)
def test_no_text_of_the_main_pages_is_missing_in_a_variant(variant: str) -> None:
    catalogue = messages.read(messages.catalogue_path(messages.APP, variant), variant)
    assert messages.gaps(catalogue, variant) == []
    japanese = messages.read(messages.catalogue_path(messages.APP, "ja"), "ja")
    for entry in catalogue:
        if entry.id:
            key = entry.id[0] if isinstance(entry.id, tuple) else entry.id
            texts = [e.string[0] if isinstance(e.string, tuple) else e.string for e in (entry, japanese.get(key))]
            placeholders = [sorted(re.findall(r"%\(\w+\)s", text)) for text in texts]
            assert placeholders[0] == placeholders[1], key
    assert len(messages.wanted_in_variants()) > 80
