"""A hold placed at the counter, and the holds that a patron has. Looking at them is in the audit, with the patron."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.counter import desk as desks
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.forms import ScanForm, new_key
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.counter.sitting import Sitting
from shoko_ils.holdings.barcode import is_card
from shoko_ils.holdings.models import Item
from shoko_ils.holds import forms, queue, words
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import placing
from shoko_ils.holds.target import Target
from shoko_ils.holds.views import queues
from shoko_ils.patrons import find


@require_http_methods(["GET", "POST"])
def place_page(request: HttpRequest) -> HttpResponse:
    """A card opens the patron's holds; titles are added by the number of any of their items."""
    desk = desks.at(request)
    shown: Notice | None = None
    sitting: Sitting | None = None
    if request.method == "POST":
        sitting = Sitting.read(request.POST.get("sitting", ""), desk.staff)
        if "items" in request.POST and sitting is not None:
            shown = _place(request, desk, sitting)
        elif "act" in request.POST and sitting is not None:
            problem = queues.act(request, desk.actor)
            shown = Notice("stop" if problem else "done", problem or _("Changed"))
        else:
            sitting, shown = _begin(request, desk)
    context: dict[str, Any] = {"key": new_key(), "notice": shown, "mode": "holds", "tab": "place"}
    if sitting is not None:
        context |= {
            "sitting": sitting,
            "token": sitting.token(desk.staff),
            "patron": sitting.patron,
            "holds": [_line(hold) for hold in _active(sitting)],
            "pickups": forms.pickup_places(),
            "reasons": words.cancellations(),
            "here": (desk.point or desk.library).key,
        }
    return render(request, "holds/place.html", context)


def _begin(request: HttpRequest, desk: Desk) -> tuple[Sitting | None, Notice | None]:
    form = ScanForm(request.POST)
    scan = form.cleaned_data["scan"] if form.is_valid() else ""
    if not scan:
        return None, None
    card = find.by_card(scan) if is_card(scan) else None
    if card is None:
        return None, notice("stop-unknown-card" if is_card(scan) else "stop-card-first", scan)
    if card.ended_on is not None:
        return None, notice("stop-old-card")
    with transaction.atomic():
        audit.write(desk.actor, "view-holds", "holds", [card.patron.pseudonym])
    return Sitting.begin(card), None


def _place(request: HttpRequest, desk: Desk, sitting: Sitting) -> Notice:
    form = forms.PlaceForm(request.POST)
    if not form.is_valid():
        return notice("stop-unreadable")
    given = form.cleaned_data
    found = {item.barcode: Target.of(item) for item in Item.objects.filter(barcode__in=given["items"])}
    unknown = [number for number in given["items"] if number not in found]
    if unknown or not found:
        return notice("stop-unknown-item", unknown[0] if unknown else "")
    wish = placing.Wish(
        tuple(found[number] for number in given["items"]),
        given["pickup"],
        Hold.Group(given["group_kind"]),
        given["not_needed_after"],
    )
    placed = placing.place(desk.actor, sitting.patron.pk, wish, given["key"])
    return Notice(placed.outcome.value.partition("-")[0], words.placings()[placed.outcome])


def _active(sitting: Sitting) -> list[Hold]:
    holds = Hold.objects.filter(patron=sitting.patron).select_related("record", "pickup_library", "pickup_point")
    return list(holds.order_by("pk"))


def _line(hold: Hold) -> dict[str, Any]:
    line: dict[str, Any] = {"hold": hold, "state": words.states()[hold.state]}
    if hold.state == State.QUEUED:
        line["rank"], skip = queue.judged(hold, timezone.localdate())
        line["reason"] = words.skips().get(skip)
    return line
