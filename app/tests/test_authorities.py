"""Authority records, and the headings under them."""

from typing import Any

import pytest

from shoko_ils.catalog import authorities, marc, store
from shoko_ils.catalog.authorities import Data
from shoko_ils.catalog.models import Authority, Heading
from shoko_ils.catalog.search import simple
from shoko_ils.demo.marc import authority_number
from tests.conftest import MEROS
from tests.test_import import BOOKS, book

pytestmark = pytest.mark.django_db


def test_the_demonstration_stands_under_its_authority_records() -> None:
    assert not Heading.objects.filter(authority=None).exists()
    assert Authority.objects.get(number=authority_number(35)).name == "太宰 治"


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


def test_a_search_by_another_form_of_a_corporate_body_finds_the_records_under_the_preferred_one() -> None:
    made = book("1", "試作の報告")
    marc.add(made, "710", "2 ", [("a", "見本県立図書館")], [("a", "ミホンケンリツ トショカン")])
    entry = store.Entry.of(marc.write(made))
    store.create([entry], "tester")
    assert simple("見本県図書館協会").count() == simple("見本文庫").count() == 0
    others = [("見本県図書館協会", "みほんけん としょかん きょうかい"), ("見本文庫", "")]
    body = authorities.save(Data("corporate", "見本県立図書館", "みほんけんりつ としょかん", references=others))
    assert Heading.objects.get(record=entry.id, kind="corporate").authority == body
    for form in ("見本県図書館協会", "みほんけんとしょかんきょうかい", "見本文庫", "見本県立図書館"):
        assert list(simple(form).all_ids()) == [entry.id], form
    # a record that comes with another form stands under the preferred one too
    later = book("2", "試作の年報")
    marc.add(later, "110", "2 ", [("a", "見本文庫")])
    store.create([store.Entry.of(marc.write(later))], "tester")
    assert set(simple("見本県立図書館").all_ids()) == set(simple("見本県図書館協会").all_ids())
    assert simple("見本県立図書館").count() == 2


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
