"""Items that are withdrawn, lent and captured at the same moment, on committed data and real connections."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from shoko_ils.circulation.models import Loan
from shoko_ils.circulation.services import Outcome, lend, take_back
from shoko_ils.holdings import services
from shoko_ils.holdings.models import Item, ItemAct, ItemActLine, Location, MaterialClass
from shoko_ils.holdings.services import Accession, acting
from shoko_ils.holds.models import Hold, Transit
from tests.holding import ACTOR, copies, hold, library, new, people, titles
from tests.test_concurrency import at_once


@pytest.fixture
def title(copied: None, django_db_blocker: Any) -> Iterator[int]:
    """A title with one copy on the shelf; afterwards the library is as it was."""
    with django_db_blocker.unblock():
        record = titles(1)[0].pk
        before = {item.pk: item for item in copies(record)}
        yield record
        for model in (Transit, Hold, ItemActLine):
            model.objects.all().delete()
        ItemAct.objects.filter(kind="revert").delete()
        ItemAct.objects.all().delete()
        Loan.objects.filter(item__record=record).delete()
        Item.objects.filter(record=record).exclude(pk__in=before).delete()
        for item in before.values():
            item.save()
        connection.close()


def test_a_copy_is_lent_or_withdrawn_never_both(title: int) -> None:
    (item,) = copies(title)
    lent = withdrawn = 0
    for _ in range(6):
        patron = people(1)[0]
        asked = services.withdrawn(ACTOR, item.library, [item.barcode], Item.Withdrawal.WORN)
        done, left = at_once(
            lambda patron=patron: lend(ACTOR, patron.pk, item.barcode, item.library, new()).outcome,
            lambda asked=asked: acting.carry_out(asked, new()).lines.get(),
        )
        gone = Item.objects.get(pk=item.pk).condition == "withdrawn"
        out = Loan.objects.filter(item=item, returned_on=None).exists()
        assert gone != out
        assert (done is Outcome.LENT, left.outcome) == ((True, "refused") if out else (False, "changed"))
        lent, withdrawn = lent + out, withdrawn + gone
        if out:
            take_back(ACTOR, item.barcode, item.library, new())
        else:
            services.revert(ACTOR, item.library, left.act_id, new())
    assert lent + withdrawn == 6


def test_the_same_key_at_once_is_one_accession_and_others_get_numbers_without_a_gap(title: int) -> None:
    last = Item.objects.order_by("-accession_number")[0].accession_number
    place, books = Location.objects.order_by("pk")[0], MaterialClass.objects.get(key="book")
    copy = Accession(title, library("central"), place, books, "913 ダ")
    keys = [new(), new(), new()]
    made = at_once(*(lambda key=key: services.accession(ACTOR, copy, key) for key in [*keys, keys[0], keys[0]]))
    assert made[0] == made[3] == made[4]
    numbers = sorted({item.accession_number for item in made})
    assert numbers == [last + 1, last + 2, last + 3]
    assert len({item.barcode for item in made}) == 3


def test_two_new_copies_at_once_go_to_the_first_two_holds(title: int) -> None:
    holds = [hold(patron, title) for patron in people(4)]
    Item.objects.filter(record=title).update(library_use_only=True)
    place, books = Location.objects.order_by("pk")[0], MaterialClass.objects.get(key="book")
    copy = Accession(title, library("central"), place, books, "913 ダ")
    made = at_once(*(lambda: services.accession(ACTOR, copy, uuid.uuid4()) for _ in range(2)))
    assert {one.pk for one in Hold.objects.filter(item__in=made)} == {one.pk for one in holds[:2]}
