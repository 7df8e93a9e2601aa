"""Numbers of a search are those of a recount over the whole catalogue, whatever was asked and changed before."""

from collections import Counter

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoko_ils.catalog import index
from shoko_ils.catalog.extract import MATERIAL_CODES
from shoko_ils.catalog.models import SearchDocument
from shoko_ils.catalog.normalise import words
from shoko_ils.catalog.query import Field, Match, Row
from shoko_ils.catalog.search import FACET_VALUES, Facets, Filters, Result, Search, simple
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from tests import cluster
from tests.conftest import MEROS, WITHDRAWN

pytestmark = pytest.mark.django_db

WORDS = ("の", "太宰", "夜", "こころ", "人間", "走れメロス", "芥川龍之介", "猫", "日本", "プロレタリア", "ああああ")
COLUMNS = ("pk", "folded", "material", "shelf_class", "language", "year")


def recount(text: str, filters: Filters) -> tuple[int, Facets]:
    """Number and facets by reading every document and every item."""
    held: dict[int, set[int]] = {}
    for record, library in Item.objects.exclude(condition="withdrawn").values_list("record_id", "library_id"):
        held.setdefault(record, set()).add(library)
    count, by = 0, {name: Counter() for name in ("libraries", "materials", "classes", "languages", "years")}
    for number, folded, material, shelf_class, language, year in SearchDocument.objects.values_list(*COLUMNS):
        libraries = held.get(number, set())
        if (
            not all(word in folded for word in words(text))
            or (filters.library is not None and filters.library not in libraries)
            or (filters.material and MATERIAL_CODES[material] != filters.material)
            or (filters.year_from is not None and (year is None or year < filters.year_from))
        ):
            continue
        count += 1
        by["libraries"].update(libraries)
        by["materials"][MATERIAL_CODES[material]] += 1
        by["classes"].update([shelf_class] if shelf_class is not None else [])
        by["languages"].update([language] if language else [])
        by["years"].update([year] if year is not None else [])
    frequent = {name: sorted(values.items(), key=lambda pair: (-pair[1], pair[0])) for name, values in by.items()}
    return count, Facets(
        frequent["libraries"],
        sorted(by["materials"].items(), key=lambda pair: (-pair[1], MATERIAL_CODES.index(pair[0]))),
        sorted(by["classes"].items()),
        frequent["languages"][:FACET_VALUES],
        sorted(by["years"].items(), reverse=True)[:FACET_VALUES],
    )


def numbers(result: Result) -> tuple[int, Facets]:
    return result.count, result.facets


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("ask"),
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
            st.builds(
                Filters,
                library=st.sampled_from((None, None, 1, 2)),
                material=st.sampled_from(("", "", "book", "serial")),
                year_from=st.sampled_from((None, 1930)),
            ),
        ),
        st.tuples(st.just("move"), st.integers(0, 9_000), st.integers(0, 3)),
        st.tuples(st.just("withdraw"), st.integers(0, 9_000), st.none()),
    ),
    min_size=3,
    max_size=7,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=steps)
def test_count_and_facets_are_those_of_a_recount_between_any_changes(steps: list[tuple]) -> None:
    libraries = list(Library.objects.values_list("pk", flat=True))
    # neither out nor asked for: what is may not be withdrawn
    items = (
        Item.objects.filter(loans=None, record__holds=None, transits=None).order_by("pk").values_list("pk", flat=True)
    )
    for what, one, other in steps:
        if what == "ask":
            asked = other if other.library is None else Filters(**{**vars(other), "library": libraries[other.library]})
            assert numbers(simple(one, asked).run()) == recount(one, asked)
        else:
            change = WITHDRAWN if what == "withdraw" else {"library": libraries[other]}
            Item.objects.filter(pk=items[one]).update(**change)


def questions_to_the_index(text: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        simple(text).run()
    return sum("tokens @@" in query["sql"] for query in captured)


def test_the_same_question_is_answered_from_memory_until_the_catalogue_changes() -> None:
    assert questions_to_the_index("太宰") > 0
    assert questions_to_the_index("太宰") == 0
    assert questions_to_the_index("太宰　") == 0
    Item.objects.filter(record=MEROS).update(**WITHDRAWN)
    assert questions_to_the_index("太宰") > 0
    SearchDocument.objects.filter(pk=MEROS).delete()
    assert questions_to_the_index("太宰") > 0


def questions_of(text: str, filters: Filters) -> int:
    with CaptureQueriesContext(connection) as captured:
        simple(text, filters).run()
    return sum("tokens @@" in query["sql"] for query in captured)


def test_hits_that_are_known_not_to_be_there_are_not_looked_for() -> None:
    """Number and facets are one question: who finds nothing asks no tier, who has found all asks no further one."""
    assert questions_of("太宰", Filters(language="xxx")) == 1
    whole = Search([Row("走れメロス", Field.TITLE, Match.WHOLE)])
    with CaptureQueriesContext(connection) as captured:
        assert whole.run().ids == (MEROS,)
    assert sum("tokens @@" in query["sql"] for query in captured) == 2


def test_what_was_never_committed_is_remembered_for_nobody() -> None:
    before = numbers(simple("メロス").run())
    with transaction.atomic():
        SearchDocument.objects.filter(pk=MEROS).delete()
        assert simple("メロス").run().count == before[0] - 1
        transaction.set_rollback(True)
    assert numbers(simple("メロス").run()) == before


def test_a_copy_that_only_stands_elsewhere_makes_nobody_forget() -> None:
    before = index.edition()
    item = Item.objects.filter(record=MEROS, library__key="central").first()
    Item.objects.filter(pk=item.pk).update(at_library=Library.objects.get(key="south"))
    assert index.edition() == before


def test_two_who_change_the_catalogue_do_not_wait_for_each_other() -> None:
    change = "UPDATE ils.search_document SET copies = copies WHERE record_id = %s"
    name = connection.settings_dict["NAME"]
    others = list(SearchDocument.objects.order_by("pk").values_list("pk", flat=True)[:3])
    before = index.edition()
    with cluster.connect(name) as one, cluster.connect(name) as two, cluster.connect(name) as three:
        for number, each in zip(others, (one, two, three), strict=True):
            each.execute("SET lock_timeout = 2000")
            each.execute("BEGIN")
            each.execute(change, [number])
        assert index.edition() == before
        editions = set()
        for each in (one, two, three):
            each.execute("COMMIT")
            editions.add(index.edition())
    assert len(editions | {before}) == 4
