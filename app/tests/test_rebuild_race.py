"""The search documents are made anew while another connection searches, on committed data."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from shoko_ils.catalog import projection, search
from shoko_ils.catalog.models import SearchDocument

# a title, a name, a reading, a common word
QUESTIONS = ("走れメロス", "太宰治", "だざいおさむ", "の")


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits. A rebuild leaves what it found."""
    with django_db_blocker.unblock():
        yield
        connection.close()


def found() -> list[tuple[list[int], int]]:
    """(hits in their order, their count) of each question, by a process that remembers nothing."""
    for remembered in (search._facets, search._count, search._page):
        remembered.cache_clear()
    results = [search.simple(each) for each in QUESTIONS]
    return [(list(result.all_ids()), result.count()) for result in results]


@pytest.mark.usefixtures("committed")
def test_who_searches_during_a_rebuild_finds_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    before = found()
    assert all(count == len(ids) > 0 for ids, count in before)
    documents = SearchDocument.objects.count()
    monkeypatch.setattr(projection, "SLICE", documents // 40)
    ended, started = threading.Event(), threading.Event()
    answers: list[Any] = []

    def search_on() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")  # waiting for the rebuild is an error too
            while not ended.is_set():
                answers.append(found())
                started.set()
        except Exception as error:  # handed to the assertion below
            answers.append(error)
        finally:
            connection.close()

    reader = threading.Thread(target=search_on)
    reader.start()
    try:
        assert started.wait(timeout=120)
        begun = len(answers)
        call_command("rebuild_catalogue", all=True)
    finally:
        ended.set()
        reader.join(timeout=120)
    assert len(answers) - begun >= 5, "nobody searched meanwhile"
    assert [each for each in answers if each != before] == []
    assert found() == before
    assert SearchDocument.objects.count() == documents
