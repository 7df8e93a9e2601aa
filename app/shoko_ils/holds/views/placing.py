"""A hold placed at the counter, and the holds that a patron has. Looking at them is in the audit, with the patron."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.circulation.services import scan_key
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import windows
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.forms import ScanForm, new_key
from shoko_ils.counter.log import marking, write_session
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.counter.operations import Operation
from shoko_ils.counter.sitting import Sitting
from shoko_ils.holdings.barcode import is_card, is_like_card
from shoko_ils.holdings.models import Item
from shoko_ils.holds import forms, gathering, queue, words
from shoko_ils.holds.gathering import Gathering
from shoko_ils.holds.models import Hold, State
from shoko_ils.holds.services import placing
from shoko_ils.holds.target import Target
from shoko_ils.holds.views import queues
from shoko_ils.patrons import declared, find
from shoko_ils.patrons import words as patrons

ENDS = frozenset({"", Operation.FINISH.value})


@dataclass
class Answer:
    """What the next page shows: whose holds, what came of the scan, what of a group was not placed before."""

    gathered: Gathering | None = None
    shown: Notice | None = None
    left: tuple[str, ...] = ()
    key: uuid.UUID = field(default_factory=new_key)
    typed: str = ""


@require_http_methods(["GET", "POST"])
def place_page(request: HttpRequest) -> HttpResponse:
    """One field: a card opens the patron's holds, an item's number places a hold on its title or issue.

    Items of a group are gathered, and an empty Enter places the group; else it ends the patron.
    """
    desk = desks.at(request)
    if request.method != "POST":
        return _page(request, desk, Answer())
    gathered = Gathering.read(request.POST.get("sitting", ""), desk.staff)
    if gathered and "hold" in request.POST:
        problem = queues.act(request, desk.actor)
        return _page(request, desk, Answer(gathered, Notice("stop" if problem else "done", problem or _("Changed"))))
    if gathered and "aside" in request.POST:
        return _page(request, desk, Answer(replace(gathered, barcodes=())))
    form = ScanForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, Answer(gathered, notice("stop-unreadable")))
    scan, key = form.cleaned_data["scan"], form.cleaned_data["key"]
    if (window := windows.leads_to(scan, "holds")) and not (gathered and gathered.barcodes):
        return redirect(windows.address(request.session, window, scan))
    try:
        answer = _scanned(request, desk, gathered, scan, key)
    except OutcomeUnknown:
        answer = Answer(gathered, notice("stop-unknown-outcome"), key=key, typed=scan)
    return _page(request, desk, answer)


def _scanned(request: HttpRequest, desk: Desk, gathered: Gathering | None, scan: str, key: uuid.UUID) -> Answer:
    left = gathered.barcodes if gathered else ()
    if scan in ENDS:
        return _place(request, desk, gathered, left, key) if gathered and left else Answer()
    if windows.leads_to(scan, "holds"):
        # a group holds the window open: it is placed, put aside, or left with the next card
        stop = Notice("stop", _("The group is not placed yet"), _("Press Enter to place it, or put it aside."))
        return Answer(gathered, stop)
    if is_card(scan) or is_like_card(scan):
        return _begin(desk, scan, left)
    stop = windows.belongs_elsewhere(scan, "holds")
    if stop or gathered is None:
        return Answer(gathered, stop or notice("stop-card-first", scan))
    if request.POST.get("group_kind") or left:
        return _gather(gathered, scan)
    return _place(request, desk, gathered, (scan,), key)


def _begin(desk: Desk, scan: str, left: tuple[str, ...]) -> Answer:
    if not is_card(scan):
        # a card that was misread: what follows must not go to the patron before
        return Answer(shown=notice("stop-misread-card", scan), left=left)
    card = find.by_card(scan)
    if card is None:
        return Answer(shown=notice("stop-unknown-card", scan), left=left)
    if card.ended_on is not None:
        return Answer(shown=notice("stop-old-card"), left=left)
    with transaction.atomic():
        audit.write(desk.actor, "view-holds", "holds", [card.patron.pseudonym])
        write_session(desk.session)
    return Answer(Gathering(Sitting.begin(card)), left=left)


def _gather(gathered: Gathering, scan: str) -> Answer:
    item = _items([scan]).get(scan)
    if item is None:
        return Answer(gathered, notice("stop-unknown-item", scan))
    if len(gathered.barcodes) >= gathering.MOST:
        return Answer(gathered, Notice("stop", _("A group has twenty titles at most"), barcode=scan))
    added = Notice("done", _("Added to the group"), _("Enter places the group."), title=item.title, barcode=scan)
    return Answer(gathered.with_item(scan), added)


def _place(request: HttpRequest, desk: Desk, gathered: Gathering, barcodes: tuple[str, ...], key: uuid.UUID) -> Answer:
    """Place the hold on one item's title or issue, or those of a group, all or none."""
    form = forms.PlaceForm(request.POST)
    if not form.is_valid():
        return Answer(gathered, Notice("stop", _("The entry is incomplete"), _("Look at the pickup library and day.")))
    given = form.cleaned_data
    items = _items(barcodes)
    unknown = [number for number in barcodes if number not in items]
    if unknown:
        return Answer(gathered, notice("stop-unknown-item", unknown[0]))
    wish = placing.Wish(
        tuple(Target.of(items[number]) for number in barcodes),
        given["pickup"],
        Hold.Group(given["group_kind"]),
        given["not_needed_after"],
        given["contact"],
    )
    card = gathered.sitting.card
    placed = placing.place(
        desk.actor,
        card.patron_id,
        wish,
        scan_key(key, "place", card.number, wish.group_kind, *barcodes),
        beside=marking(desk.session),
    )
    about = next((item for item in items.values() if Target.of(item) == placed.target), items[barcodes[0]])
    done = placed.outcome is placing.Placing.PLACED
    shown = Notice(
        placed.outcome.value.partition("-")[0],
        words.placings()[placed.outcome],
        title=about.title if not (done and len(barcodes) > 1) else "",
        barcode=about.barcode if len(barcodes) == 1 or not done else "",
    )
    return Answer(replace(gathered, barcodes=()) if done else gathered, shown)


def _items(barcodes: Any) -> dict[str, Item]:
    return {item.barcode: item for item in Item.objects.filter(barcode__in=barcodes).select_related("record")}


def _page(request: HttpRequest, desk: Desk, answer: Answer) -> HttpResponse:
    gathered = answer.gathered
    context: dict[str, Any] = {
        "key": answer.key,
        "typed": answer.typed,
        "notice": answer.shown,
        "left": _in_order(answer.left),
        "mode": "holds",
        "tab": "place",
        "pickups": forms.pickup_places(),
        "here": (desk.point or desk.library).key,
        "wished": forms.wished(request.POST) if gathered else {},
        "ways": patrons.CONTACT.items() if declared.site().has("contact") else (),
    }
    if gathered is not None:
        sitting = gathered.sitting
        context |= {
            "sitting": sitting,
            "token": gathered.token(desk.staff),
            "patron": sitting.patron,
            "gathered": _in_order(gathered.barcodes),
            "holds": [_line(hold) for hold in _active(sitting)],
            "reasons": words.cancellations(),
        }
    return render(request, "holds/place.html", context)


def _in_order(barcodes: tuple[str, ...]) -> list[Item]:
    items = _items(barcodes)
    return [items[number] for number in barcodes if number in items]


def _active(sitting: Sitting) -> list[Hold]:
    holds = Hold.objects.filter(patron=sitting.patron).select_related("record", "pickup_library", "pickup_point")
    return list(holds.order_by("pk"))


def _line(hold: Hold) -> dict[str, Any]:
    line: dict[str, Any] = {"hold": hold, "state": words.states()[hold.state]}
    if hold.state == State.QUEUED:
        line["rank"], skip = queue.judged(hold, timezone.localdate())
        line["reason"] = words.skips().get(skip)
    return line
