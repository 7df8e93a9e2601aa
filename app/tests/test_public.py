"""The public service, with its own database role."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver

from shoko_ils.catalog.models import Record
from shoko_ils.holdings.models import Item
from shoko_ils.mylibrary import urls as mylibrary
from shoko_ils.opac import views
from tests.conftest import MEROS, WITHDRAWN, act_as
from tests.members import PAGES_OF_MEMBERS

PAGES = [
    "/",
    "/search/",
    "/search/?q=メロス",
    "/search/?q=太宰&page=2",
    "/search/?f1=author&q1=太宰&j2=not&q2=メロス&class=9",
    f"/records/{MEROS}/",
    "/authorities/35/",
    "/new/",
    "/cases/",
    "/cases/?q=メロス",
    "/robots.txt",
]
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


FACES = ("/en", "/ja-easy", "/ja-kids")


@pytest.mark.parametrize("page", [*PAGES, *(face + page for face in FACES for page in PAGES[:-1])])
def test_pages_answer_with_every_header_and_no_cookie(public: Client, page: str) -> None:
    answer = public.get(page)
    assert answer.status_code == 200
    assert not answer.cookies
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert {name: answer[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("page", PAGES[:-1])
def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(public: Client, page: str) -> None:
    html = public.get(page).content.decode()
    assert not re.findall(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", html)
    assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", html)


@pytest.mark.parametrize("query", ["走れメロス", "はしれめろす", "ﾒﾛｽ"])
def test_a_citizen_finds_meros(public: Client, query: str) -> None:
    html = public.get("/search/", {"q": query}).content.decode()
    assert f'href="/records/{MEROS}/"' in html


def test_a_record_says_where_each_copy_stands(public: Client) -> None:
    html = public.get(f"/records/{MEROS}/").content.decode()
    for text in ("走れメロス", "太宰 治", "はしれメロス", "総合市民図書館", "一般書架", "在架", "913 ダ"):
        assert text in html


def test_what_is_typed_is_shown_as_text(public: Client) -> None:
    html = public.get("/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "path",
    ["/search/?page=99999", "/search/?q=x&page=-1", "/search/?q=a&page=abc", "/search/?q=%00", "/search/?library=nope"],
)
def test_odd_parameters_are_harmless(public: Client, path: str) -> None:
    assert public.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/records/0/", "/records/999999999999999999999999/", "/login/", "/lend/", "/admin/", "/x"]
)
def test_what_is_not_public_does_not_exist(public: Client, path: str) -> None:
    answer = public.get(path)
    assert answer.status_code == 404
    assert "ページが見つかりません" in answer.content.decode()
    assert "This page does not exist" in public.get("/en" + path).content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_written(public: Client, page: str, method: str) -> None:
    assert getattr(public, method)(page).status_code == 405


def test_pages_link_to_themselves_in_the_other_language(public: Client) -> None:
    html = public.get("/search/", {"q": "こころ"}).content.decode()
    assert 'lang="ja"' in html.split("<head>")[0]
    other = re.search(r'href="(/en/search/[^"]+)" hreflang="en"', html)
    assert other
    english = public.get(other.group(1)).content.decode()
    assert 'lang="en"' in english.split("<head>")[0]
    assert "On shelf" in english
    assert re.search(r'href="(/search/[^"]+)" hreflang="ja"', english)


def test_lists_cost_the_same_number_of_queries_for_one_hit_as_for_twenty(
    public: Client, django_assert_max_num_queries: Any
) -> None:
    """Libraries, facets with the count, at most eight tiers of the ranking; then records, names, copies."""
    for query in ("はしれめろす", "太宰"):
        with django_assert_max_num_queries(15):
            assert public.get("/search/", {"q": query}).status_code == 200


def test_a_record_costs_a_fixed_number_of_queries(public: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(6):
        public.get(f"/records/{MEROS}/")
    with django_assert_num_queries(7):  # one of them for emergency closings, one for who is open today
        public.get("/")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"condition": Item.Condition.PROCESSING}, "整理中"),
        ({"condition": Item.Condition.MISSING}, "所在不明"),
        ({"library_use_only": True}, "館内のみ"),
    ],
)
def test_states_of_a_copy(public: Client, change: dict[str, object], word: str) -> None:
    act_as("ils_owner", "ils")
    Item.objects.filter(record=MEROS).update(**change)
    act_as("ils_public", "ils")
    html = public.get(f"/records/{MEROS}/").content.decode()
    assert html.count(word) == 3
    assert "3冊のうち0冊が在架です" in html


def test_a_withdrawn_copy_is_not_shown(public: Client) -> None:
    act_as("ils_owner", "ils")
    Item.objects.filter(record=MEROS).update(**WITHDRAWN)
    act_as("ils_public", "ils")
    assert "所蔵している資料がありません" in public.get(f"/records/{MEROS}/").content.decode()


def test_a_page_is_read_again_once_after_a_broken_connection(public: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks_on(monkeypatch, 1)
    assert public.get(f"/records/{MEROS}/").status_code == 200


def test_a_database_that_stays_away_is_said_in_words(public: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks_on(monkeypatch, 2)
    answer = public.get("/search/?q=x")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "ただいまご利用いただけません" in answer.content.decode()


def test_a_slow_query_is_not_asked_twice(public: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def slow(records: Any) -> Any:
        asked.append(1)
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")

    monkeypatch.setattr("shoko_ils.core.middleware.connection.close", lambda: None)
    monkeypatch.setattr(views.listing, "in_order", slow)
    assert public.get("/search/?q=x").status_code == 503
    assert len(asked) == 1


def breaks_on(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The first `times` uses of the catalogue by a view meet a broken connection."""
    left = [times]
    # the test's own transaction must survive what the middleware does to a broken connection
    monkeypatch.setattr("shoko_ils.core.middleware.connection.close", lambda: None)

    def breaking(real: Callable[[Any], Any], asked: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OperationalError("server closed the connection unexpectedly")
        return real(asked)

    for module, name in ((views.catalogue, "for_list"), (views.listing, "in_order")):
        monkeypatch.setattr(module, name, partial(breaking, getattr(module, name)))


def test_health(public: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert public.get("/healthz", headers={"host": "anything"}).content == b"ok\n"
    assert public.get("/readyz", headers={"host": "anything"}).content == b"ready\n"
    monkeypatch.setattr("shoko_ils.core.health.wanted_migrations", lambda: frozenset({("core", "9999_next")}))
    answer = public.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"not ready\n")


def test_an_unknown_host_is_refused(public: Client) -> None:
    assert public.get("/", headers={"host": "evil.example"}).status_code == 400


def test_static_files_are_cached_for_ever_under_hashed_names(public: Client) -> None:
    html = public.get("/").content.decode()
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', html)
    assert len(sheets) == 2
    for sheet in sheets:
        answer = public.get(sheet)
        assert answer.getvalue()
        assert "immutable" in answer["Cache-Control"]
        assert answer["Content-Security-Policy"]


def test_the_list_of_public_pages_is_complete(public: Client) -> None:
    """A page that is added must be added to PAGES too, and so be tested; My Library has tests of its own."""

    def names(patterns: Iterable[Any]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from names(pattern.url_patterns)
            elif pattern.name:
                yield pattern.name

    own = {each.name for each in mylibrary.urlpatterns}
    found = set(names(get_resolver().url_patterns))
    assert found - own == {"home", "search", "record", "authority", "arrivals", "cases", "case"}
    assert {f"/{each.pattern}" for each in mylibrary.urlpatterns} == {
        *PAGES_OF_MEMBERS, "/my/login/", "/my/logout/", "/my/basket/", "/my/basket/add/", "/password/",
        "/registration/",
    }  # fmt: skip


def test_records_are_deferred_where_they_are_wide(public: Client) -> None:
    (record,) = views.catalogue.for_list(Record.objects.filter(pk=MEROS))
    assert {"summary", "contents"} <= record.get_deferred_fields()
