"""A plausible day of holds: queues, copies to fetch, on their way, on the hold shelf, to be told and expired."""

import datetime as dt
import uuid

from django.utils import timezone

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library
from shoko_ils.demo import invent
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import SHELVED, Hold, HoldRule, State
from shoko_ils.holds.services import ending, routing
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron

TITLES, FIRST_TITLE = 60, 3000
MOST_WAITING = 9


def load() -> int:
    """Write holds of some patrons on some titles and bring the day's work to its middle; how many holds."""
    people = list(Patron.objects.filter(pk__gt=150, expires_on__gt=timezone.localdate()).order_by("pk"))
    lendable = Record.objects.filter(items__library_use_only=False, material="book").exclude(pk=invent.KEPT_IN)
    records = list(lendable.order_by("pk").distinct()[FIRST_TITLE : FIRST_TITLE + TITLES])
    made = Hold.objects.bulk_create(
        hold for position, record in enumerate(records) for hold in _queue(position, record, people)
    )
    made += _for_an_issue(people)
    on_shelf = [item for record in records[:36] for item in _on_shelf(record)[:1]]
    for position, item in enumerate(on_shelf[:24]):
        _bring(item, item.library, arrived=position % 2 == 0)
    _tell()
    _expire()
    return len(made)


def _for_an_issue(people: list[Patron]) -> list[Hold]:
    """One or two wait for the issue of a magazine before the latest: a copy of it is on a pull list."""
    magazine = Record.objects.filter(material="serial").order_by("pk")[0]
    issue = magazine.items.filter(library_use_only=False).order_by("-accessioned_on", "pk")[0].issue
    return Hold.objects.bulk_create(_queue(1, magazine, people, issue))


def _queue(position: int, record: Record, people: list[Patron], issue: str = "") -> list[Hold]:
    """One to nine holds on a title or issue; one of ten is much asked for."""
    waiting = MOST_WAITING if position % 10 == 0 else 1 + invent.number("waiting", record.pk) % 2
    first = invent.number("holder", record.pk) % (len(people) - waiting)
    material_class = record.items.filter(library_use_only=False, issue=issue).order_by("pk")[0].material_class
    rule = HoldRule.objects.filter(ended_on=None)[0]
    made = []
    for patron in people[first : first + waiting]:
        hours = invent.number("asked", record.pk, patron.pk) % 200
        asked = timezone.now() - dt.timedelta(hours=hours)
        made.append(
            Hold(
                record=record, issue=issue, material_class=material_class, patron=patron, pickup_library=patron.library,
                key=uuid.uuid5(invent.NAMESPACE, f"hold {record.pk} {patron.pk}"), priority=rule.priority,
                requested_at=asked, order_at=asked,
            )
        )  # fmt: skip
    return made


def _on_shelf(record: Record) -> list[Item]:
    free = record.items.filter(library_use_only=False).exclude(loans__isnull=False, loans__returned_on=None)
    return list(free.select_related("library").order_by("pk"))


def _bring(item: Item, library: Library, *, arrived: bool) -> None:
    """Scan a copy of the pull list, and again where it goes if it has arrived."""
    transit = routing.route(item, library).transit
    if transit is not None and arrived:
        Item.objects.filter(pk=item.pk).update(at_library=transit.to_library)
        item.at_library = transit.to_library
        routing.route(item, transit.to_library)


def _tell() -> None:
    """Every other notice has reached its patron; the others are due now."""
    Notice.objects.filter(state=Notice.State.WAITING).update(not_before=timezone.now())
    for notice in Notice.objects.filter(state=Notice.State.WAITING).order_by("pk")[::2]:
        notices.delivered(notice, timezone.localdate())


def _expire() -> None:
    """Two were not picked up in time; their copies are on this morning's list."""
    for number in Hold.objects.filter(state__in=SHELVED).order_by("pk").values_list("pk", flat=True)[:2]:
        hold = ending.locked(number)
        if hold is not None:
            ending.end(hold, State.EXPIRED, timezone.localdate(), why=ending.Why.NOT_PICKED_UP)
