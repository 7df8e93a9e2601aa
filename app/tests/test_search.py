"""Search over the real catalogue."""

import time

import pytest
from django.core.paginator import Paginator
from django.db import connection

from shoko_ils.catalog import search
from shoko_ils.catalog.models import Record
from tests.conftest import MEROS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query",
    ["走れメロス", "はしれめろす", "ﾒﾛｽ", "メロス", "ハシレ　メロス", "走れﾒﾛｽ 太宰", "めろす だざい"],
)
def test_every_spelling_finds_meros(query: str) -> None:
    assert MEROS in search.find(query).values_list("pk", flat=True)


def test_the_very_title_comes_first() -> None:
    assert search.find("こころ").first().title == "こころ"
    assert search.find("走れメロス").first().pk == MEROS


def test_all_words_must_be_there() -> None:
    both = set(search.find("太宰 桜").values_list("pk", flat=True))
    assert both
    assert both == set(search.find("太宰").values_list("pk", flat=True)) & set(
        search.find("桜").values_list("pk", flat=True)
    )


@pytest.mark.parametrize("query", ["猫", "心", "人間", "太宰", "芥川龍之介", "ああ"])
def test_the_index_finds_what_a_plain_scan_finds(query: str) -> None:
    """The pairs only choose candidates: the answer is that of a substring search."""
    word = search.words(query)[0]
    plain = set(Record.objects.filter(search_text__contains=word).values_list("pk", flat=True))
    assert set(search.find(query).values_list("pk", flat=True)) == plain
    assert plain


@pytest.mark.parametrize("query", ["%", "_", "\\", "'; DROP TABLE record; --", "{}", "\x00", "a" * 5000])
def test_odd_queries_are_only_text(query: str) -> None:
    assert search.find(query).count() >= 0
    assert search.find("100%").count() == search.find("100").count()


def test_a_library_narrows_the_result() -> None:
    everywhere = search.find("太宰").count()
    central = search.find("太宰", "central")
    assert 0 < central.count() < everywhere
    assert all(record.items.filter(library__key="central").exists() for record in central[:5])


def test_the_index_of_pairs_is_used_when_sequential_reading_is_dear() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = search.find("人間失格").order_by().explain()
    assert "record_grams" in plan


def test_queries_of_two_characters_are_fast() -> None:
    """A search with its exact count and first page; the best of three tries, so that a busy machine may pass."""
    for query in ["太宰", "人間", "文学", "日本", "の話", "漱石", "せん", "夜の", "小説", "心"]:
        times = []
        for _ in range(3):
            began = time.perf_counter()
            page = Paginator(search.find(query), 20).get_page(1)
            assert 0 < len(list(search.for_list(page.object_list))) <= 20
            times.append(time.perf_counter() - began)
        assert min(times) < 0.15, query
