"""Slips to be printed: 予約票 and 回送票. A number, a place, a title; never a name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from shoko_ils.counter import desk as desks
from shoko_ils.holds.models import WITH_COPY, Hold, Transit
from shoko_ils.holds.services import routing


@require_GET
def hold_slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip that stays in the item on its way to, and on, the hold shelf."""
    desks.at(request)
    held = Hold.objects.filter(state__in=WITH_COPY)
    hold = get_object_or_404(
        held.select_related("item__record", "item__library", "pickup_library", "pickup_point"), pk=pk
    )
    context = {"hold": hold, "item": hold.item, "transit": routing.open_transit(hold.item)}
    return render(request, "holds/slip.html", context)


@require_GET
def transit_slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip of an item that goes home, or for which nobody waits."""
    desks.at(request)
    open_ones = Transit.objects.filter(ended_on=None)
    transit = get_object_or_404(
        open_ones.select_related(
            "item__record", "item__library", "from_library", "from_point", "to_library", "to_point"
        ),
        pk=pk,
    )
    return render(request, "holds/slip.html", {"transit": transit, "item": transit.item})
