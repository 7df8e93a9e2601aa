"""The lists that the day's work goes by: pull list, arrivals, hold shelf, expired. One scan field serves all."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.circulation.services import Result, scan_key
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import windows
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.forms import ScanForm, new_key
from shoko_ils.counter.log import marking
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.holds import pull, scans, words
from shoko_ils.holds.models import SHELVED, Hold, State, TakeOff, Transit
from shoko_ils.holds.policy import policy

ITEM = ("item__record", "item__location", "item__library")


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    return redirect("holds-pull")


@require_http_methods(["GET", "POST"])
def pull_page(request: HttpRequest) -> HttpResponse:
    """抜き取り: what to fetch from the shelves; a scan captures, 見つからない names the next copy."""
    return _page(request, "pull", lambda desk: {"lines": pull.lines(desk.library)})


@require_http_methods(["GET", "POST"])
def arrivals_page(request: HttpRequest) -> HttpResponse:
    """到着: what is on its way here, what waits here for a scan, and what has been on its way too long."""

    def lists(desk: Desk) -> dict[str, Any]:
        today = timezone.localdate()
        open_ones = Transit.objects.filter(ended_on=None).select_related(
            *ITEM, "from_library", "from_point", "to_library", "to_point"
        )
        here = open_ones.filter(to_library=desk.library, to_point=desk.point).order_by("sent_on", "pk")
        return {
            "coming": here,
            "captured": Hold.objects.filter(state=State.CAPTURED, item__at_library=desk.library)
            .select_related(*ITEM, "pickup_library", "pickup_point")
            .order_by("pk"),
            "late": [one for one in here if one.sent_on < today - dt.timedelta(days=policy().transit_days)],
        }

    return _page(request, "arrivals", lists)


@require_http_methods(["GET", "POST"])
def shelf_page(request: HttpRequest) -> HttpResponse:
    """取置棚: place, slip number and pickup limit; no name on the side of the shelf."""

    def lists(desk: Desk) -> dict[str, Any]:
        shelved = Hold.objects.filter(state__in=SHELVED, pickup_library=desk.library)
        if desk.point:
            shelved = shelved.filter(pickup_point=desk.point)
        return {"shelved": shelved.select_related(*ITEM, "pickup_point").order_by("shelf_number")}

    return _page(request, "shelf", lists)


@require_http_methods(["GET", "POST"])
def expired_page(request: HttpRequest) -> HttpResponse:
    """期限切れ: what comes off the hold shelf this morning; a scan says to whom or where it goes."""

    def lists(desk: Desk) -> dict[str, Any]:
        off = TakeOff.objects.filter(library=desk.library)
        return {"off": off.select_related(*ITEM).order_by("shelf_number")}

    return _page(request, "expired", lists)


def _page(request: HttpRequest, tab: str, lists: Any) -> HttpResponse:
    """A list with the scan field; the list is read after the scan."""
    desk = desks.at(request)
    shown: Notice | None = None
    key, typed = new_key(), ""
    context: dict[str, Any] = {}
    if request.method == "POST":
        form = ScanForm(request.POST)
        scan = form.cleaned_data["scan"] if form.is_valid() else None
        if scan is None:
            shown = notice("stop-unreadable")
        elif window := windows.leads_to(scan, "holds"):
            return redirect(windows.address(request.session, window, scan))
        elif stop := windows.belongs_elsewhere(scan, "holds"):
            shown = stop
        elif scan:
            try:
                result = _scanned(request.POST.get("act", ""), desk, scan, form)
                shown = notice(result, scan=scan)
                context = words.slip_of(result)
            except OutcomeUnknown:
                shown, key, typed = notice("stop-unknown-outcome"), form.cleaned_data["key"], scan
    context |= {"key": key, "typed": typed, "notice": shown, "mode": "holds", "tab": tab, **lists(desk)}
    return render(request, f"holds/{tab}.html", context)


def _scanned(act: str, desk: Desk, scan: str, form: ScanForm) -> Result:
    key, marked = scan_key(form.cleaned_data["key"], act or "route", scan), marking(desk.session)
    if act == "not-found":
        return scans.not_on_shelf(desk.actor, scan, key, terminal=desk.terminal, beside=marked)
    if act == "lost":
        return scans.lost_on_the_way(desk.actor, scan, key, terminal=desk.terminal, beside=marked)
    return scans.scan_in(desk.actor, scan, desk.library, key, point=desk.point, terminal=desk.terminal, beside=marked)
