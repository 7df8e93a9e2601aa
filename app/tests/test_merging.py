"""Two records that are one: merged and parted again."""

import pytest

from shoko_ils.audit.record import Actor
from shoko_ils.catalog import editing, marc, merging, store
from shoko_ils.catalog.models import Marc, SearchDocument
from shoko_ils.catalog.models import Record as Bib
from shoko_ils.catalog.search import simple
from shoko_ils.holdings.models import Item
from tests.conftest import MEROS
from tests.test_import import book

pytestmark = pytest.mark.django_db
TESTER = Actor("tester", "central")


def test_two_records_are_merged_and_parted_again() -> None:
    one, two = (
        store.Entry.of(marc.write(book("", title, subject=subject)))
        for title, subject in (("片方", "甲"), ("片方", "乙"))
    )
    store.create([one, two], "tester")
    item = Item.objects.filter(record=MEROS)[0]
    Item.objects.filter(pk=item.pk).update(record=two.id)
    before = {number: bytes(Marc.objects.get(pk=number).content) for number in (one.id, two.id)}
    log = merging.merge(one.id, two.id, TESTER, "重複")
    assert not Bib.objects.filter(pk=two.id).exists()
    assert Item.objects.get(pk=item.pk).record_id == one.id
    assert {h.name for h in Bib.objects.get(pk=one.id).headings.filter(kind="subject")} == {"甲", "乙"}
    assert SearchDocument.objects.get(pk=one.id).copies == 1
    merging.undo(log.pk, TESTER)
    assert {number: bytes(Marc.objects.get(pk=number).content) for number in before} == before
    assert Item.objects.get(pk=item.pk).record_id == two.id
    assert simple("乙").all_ids() == [two.id] or two.id in simple("乙").all_ids()
    with pytest.raises(merging.CannotMerge, match="取り消せる統合がありません"):
        merging.undo(log.pk, TESTER)


def test_a_merge_is_not_undone_over_a_later_change() -> None:
    one, two = (store.Entry.of(marc.write(book("", "片方", subject=subject))) for subject in ("甲", "乙"))
    store.create([one, two], "tester")
    log = merging.merge(one.id, two.id, TESTER, "重複")
    current = Marc.objects.get(pk=one.id)
    values = editing.to_form(marc.read(bytes(current.content))) | {"publisher": "別の社"}
    changed, hanako = editing.from_form(marc.read(bytes(current.content)), values), Actor("花子", "central")
    editing.save(changed, hanako, number=one.id, version=current.version)
    with pytest.raises(merging.CannotMerge, match="花子 が書誌を変更"):
        merging.undo(log.pk, TESTER)


@pytest.mark.parametrize(
    ("kept", "gone", "reason", "says"),
    [(1567, 1567, "x", "同じ書誌どうし"), (1567, 999999, "x", "見つかりません"), (1567, 773, " ", "理由")],
)
def test_merges_that_are_refused(kept: int, gone: int, reason: str, says: str) -> None:
    with pytest.raises(merging.CannotMerge, match=says):
        merging.merge(kept, gone, TESTER, reason)
