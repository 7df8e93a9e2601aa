"""順番待ち: the queues of titles, each hold with its rank and what keeps it back; and the acts on a hold."""

from collections import Counter
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shoko_ils.audit.record import Actor
from shoko_ils.catalog.models import Record
from shoko_ils.counter import desk as desks
from shoko_ils.counter import windows
from shoko_ils.counter.forms import ScanForm, new_key
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.holdings import issues
from shoko_ils.holdings.models import Item
from shoko_ils.holds import forms, queue, words
from shoko_ils.holds.models import WITH_COPY, Hold, HoldCount, HoldMove
from shoko_ils.holds.services import changing, ending, placing
from shoko_ils.holds.target import Target
from shoko_ils.staff.access import may_reorder

LONGEST = 50


@require_http_methods(["GET", "POST"])
def queues_page(request: HttpRequest) -> HttpResponse:
    """What most wait for; an item's number opens the queue of its title or issue."""
    desks.at(request)
    opened, shown = opens(request) if request.method == "POST" else (None, None)
    if opened:
        return redirect(opened)
    counts = list(HoldCount.objects.select_related("record").order_by("-waiting", "record", "issue")[:LONGEST])
    copies = _copies([each.record_id for each in counts])
    longest = [(each, copies[Target.of(each)], address(Target.of(each))) for each in counts]
    context = {"key": new_key(), "notice": shown, "longest": longest, "mode": "holds", "tab": "queue"}
    return render(request, "holds/queues.html", context)


def opens(request: HttpRequest) -> tuple[str | None, Notice | None]:
    """The page that a scan at a queue opens, or what is said of it."""
    form = ScanForm(request.POST)
    if not form.is_valid():
        return None, notice("stop-unreadable")
    scan = form.cleaned_data["scan"]
    if window := windows.leads_to(scan, "holds"):
        return windows.address(request.session, window, scan), None
    if not scan or (stop := windows.belongs_elsewhere(scan, "holds")):
        return None, stop if scan else None
    item = Item.objects.filter(barcode=scan).first()
    return (address(Target.of(item)), None) if item else (None, notice("stop-unknown-item", scan))


def address(target: Target) -> str:
    """The page of a queue."""
    return reverse("holds-title", args=[target.record, *([target.issue] if target.issue else [])])


def _copies(records: list[int]) -> Counter[Target]:
    """How many copies are held of these titles and of their issues."""
    items = Item.objects.filter(record__in=records).exclude(condition=Item.Condition.WITHDRAWN)
    return Counter(Target(*each) for each in items.values_list("record", "issue"))


@require_http_methods(["GET", "POST"])
def title_page(request: HttpRequest, pk: int, issue: str = "") -> HttpResponse:
    """The queue of one title or issue. No name: who it is belongs to the patron's page."""
    desk = desks.at(request)
    record = get_object_or_404(Record, pk=pk)
    target = Target(pk, issue)
    problem, shown = "", None
    if "scan" in request.POST:
        opened, shown = opens(request)
        if opened:
            return redirect(opened)
    elif request.method == "POST":
        problem = act(request, desk.actor)
        if not problem:
            return redirect(address(target))
    material_class = placing.class_of(target)
    held = {hold.pk: hold for hold in queue.waiting(target).select_related("pickup_library", "pickup_point")[:LONGEST]}
    lines: list[dict[str, Any]] = []
    if material_class is not None:
        rank = 0
        for one in queue.walk(target, material_class.pk, timezone.localdate()):
            hold = held.get(one.hold_id)
            if hold is None:
                break
            rank += not one.skip
            reason = words.skips().get(one.skip, "")
            lines.append({"place": len(lines) + 1, "rank": "" if one.skip else rank, "hold": hold, "reason": reason})
    holds = Hold.objects.filter(record=pk, issue=issue)
    context = {
        "key": new_key(),
        "notice": shown,
        "title": issues.titled(record.title, record.volume, issue),
        "lines": lines,
        "problem": problem,
        "captured": holds.filter(state__in=WITH_COPY).select_related("pickup_library", "pickup_point", "item"),
        "moves": HoldMove.objects.filter(hold__in=holds).order_by("-pk")[:10],
        "waiting": queue.waiting(target).count(),
        "copies": _copies([pk])[target],
        "pickups": forms.pickup_places(),
        "states": words.states(),
        "reasons": words.cancellations(),
        "may_reorder": may_reorder(desk.staff.level),
        "mode": "holds",
        "tab": "queue",
    }
    return render(request, "holds/title.html", context)


def act(request: HttpRequest, actor: Actor) -> str:
    """Do what a form asks of one hold; the text of what stands in the way, or nothing."""
    form = forms.HoldForm(request.POST)
    if not form.is_valid():
        return _("The entry is incomplete")
    given = form.cleaned_data
    number = given["hold"]
    done = False
    if given["act"] == "cancel":
        done = ending.cancel(actor, number, ending.Why(given["why"]) if given["why"] else None)
    elif given["act"] == "extend":
        done = changing.extend(actor, number)
    elif given["act"] == "resume":
        done = changing.resume(actor, number)
    elif given["act"] == "suspend" and given["first"] and given["until"]:
        done = changing.suspend(actor, number, given["first"], given["until"])
    elif given["act"] == "pickup" and given["pickup"]:
        done = changing.change_pickup(actor, number, given["pickup"])
    elif given["act"] == "contact":
        done = changing.change_contact(actor, number, given["contact"])
    elif given["act"] == "move" and given["rank"] and given["reason"]:
        if not may_reorder(request.user.level):  # type: ignore[union-attr]
            raise PermissionDenied
        done = changing.move(actor, number, given["rank"], given["reason"])
    return "" if done else _("This cannot be done with the hold as it is now")
