"""リクエスト: titles that no library has."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shoko_ils.counter import desk as desks
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.forms import new_key
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.holdings.barcode import clean_scan
from shoko_ils.holdings.models import Item
from shoko_ils.holds import forms, words
from shoko_ils.holds.models import TitleRequest
from shoko_ils.holds.services import requests
from shoko_ils.holds.target import Target
from shoko_ils.patrons import find
from shoko_ils.staff.access import may_reorder


@require_http_methods(["GET", "POST"])
def requests_page(request: HttpRequest) -> HttpResponse:
    """Record a request, decide on it (levels 1 and 2), turn it into a hold. Lists titles, no names."""
    desk = desks.at(request)
    shown: Notice | None = None
    if request.method == "POST":
        shown = _decided(request, desk) if "request" in request.POST else _asked(request, desk)
    context = {
        "key": new_key(),
        "notice": shown,
        "open": TitleRequest.objects.filter(ended_on=None).select_related("pickup_library").order_by("pk"),
        "decisions": words.decisions(),
        "may_decide": may_reorder(desk.staff.level),
        "pickups": [(library.pk, str(library)) for library in forms.Library.objects.all()],
        "here": desk.library.pk,
        "mode": "holds",
        "tab": "requests",
    }
    return render(request, "holds/requests.html", context)


def _asked(request: HttpRequest, desk: Desk) -> Notice:
    form = forms.RequestForm(request.POST)
    if not form.is_valid():
        return notice("stop-unreadable")
    given = form.cleaned_data
    card = find.by_card(given["card"])
    if card is None or card.ended_on is not None:
        return notice("stop-unknown-card" if card is None else "stop-old-card")
    title = requests.Title(given["title"], given["author"], given["publisher"], given["isbn"])
    requests.ask(desk.actor, card.patron_id, title, given["pickup"], given["key"])
    return Notice("done", _("The request is recorded"))


def _decided(request: HttpRequest, desk: Desk) -> Notice:
    form = forms.DecideForm(request.POST)
    if not form.is_valid():
        return notice("stop-unreadable")
    given = form.cleaned_data
    if given["item"]:
        item = Item.objects.filter(barcode=clean_scan(given["item"])).first()
        if item is None:
            return notice("stop-unknown-item", given["item"])
        placed = requests.to_hold(desk.actor, given["request"], Target.of(item), given["key"])
        if placed is None:
            return Notice("stop", _("This request has ended"))
        return Notice(placed.outcome.value.partition("-")[0], words.placings()[placed.outcome])
    if not given["decision"] or not may_reorder(desk.staff.level):
        return Notice("stop", _("Your permission level does not include it."))
    done = requests.decide(desk.actor, given["request"], TitleRequest.Decision(given["decision"]))
    return Notice("done", _("Decided")) if done else Notice("stop", _("This request has ended"))
