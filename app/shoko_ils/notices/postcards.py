"""Postcards that were printed and are not sent yet, and the list of those that were sent on a day (発送簿)."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.notices.models import Notice
from shoko_ils.notices.services import GONE
from shoko_ils.patrons.models import Card, Patron


@dataclass(frozen=True)
class Posted:
    """A line of the list: the number on the card, last figures of the patron's card, and the town. No name, no title.

    When the matter has ended nothing joins the postcard to anybody, and its number is all there is.
    """

    number: int
    patron: Patron | None

    @property
    def card(self) -> str:
        cards = self.patron.valid_cards if self.patron else []  # type: ignore[attr-defined]  # of `listed`
        return str(cards[0]) if cards else ""

    @property
    def town(self) -> str:
        return self.patron.town if self.patron else ""


def posted(library: Library, day: dt.date) -> list[Posted]:
    """The postcards of a library that were sent on a day, in the order of their numbers."""
    return listed(Notice.objects.filter(library=library, way=Notice.Way.POSTCARD, sent_on=day))


def listed(cards: QuerySet[Notice]) -> list[Posted]:
    """Lines of some postcards."""
    valid = Card.objects.filter(ended_on__isnull=True).order_by("slot")
    found = cards.select_related("patron").prefetch_related(
        Prefetch("patron__cards", queryset=valid, to_attr="valid_cards")
    )
    return [Posted(notice.pk, notice.patron) for notice in found.order_by("pk")]


def withdraw(library: Library) -> int:
    """Withdraw the waiting postcards of a library, because what is printed on them is no longer true; how many.

    Each waits again as another notice under the same key, to be printed anew: a list that was printed before can no
    longer be noted as sent.
    """
    waiting = Notice.objects.select_for_update(no_key=True).filter(
        library=library, way=Notice.Way.POSTCARD, state=Notice.State.WAITING
    )
    old = list(waiting.order_by("pk"))
    Notice.objects.filter(pk__in=[one.pk for one in old]).update(state=Notice.State.WITHDRAWN, **GONE)
    Notice.objects.bulk_create(
        Notice(
            kind=one.kind, way=one.way, key=one.key, patron_id=one.patron_id, about=one.about, library=library,
            address=one.address, not_before=one.not_before, made_on=timezone.localdate(),
        )
        for one in old
    )  # fmt: skip
    return len(old)
