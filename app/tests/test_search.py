"""Search over the real catalogue."""

import re
import time

import pytest
from django.core.paginator import Paginator

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


@pytest.mark.parametrize("query", ["太宰", "人間", "文学", "漱石", "せん", "夜の", "走れメロス", "芥川龍之介"])
def test_the_index_answers_even_for_two_characters(query: str) -> None:
    """Work instead of time, which a busy machine stretches: the planner takes the index, and reads only hits."""
    plan = search.find(query).order_by().explain(analyze=True)
    assert "Bitmap Index Scan on record_grams" in plan
    removed = [int(number) for number in re.findall(r"Rows Removed by (?:Filter|Index Recheck): (\d+)", plan)]
    assert sum(removed) <= search.find(query).count()


def test_a_page_of_results_costs_little_of_our_own_time() -> None:
    """Processor time of this process, without the database: a page with twenty hits and their copies."""
    page = Paginator(search.find("太宰"), 20).get_page(1)
    began = time.process_time()
    assert len(list(search.for_list(page.object_list))) == 20
    assert time.process_time() - began < 0.2
