"""団体貸出セット: which there are and how many of each are out; one set, its items and its barcode."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from shoko_ils.circulation.models import LendingSet
from shoko_ils.circulation.services import lending_set as sets
from shoko_ils.counter import desk as desks
from shoko_ils.counter import words
from shoko_ils.counter.desk import Desk
from shoko_ils.holdings import nw7
from shoko_ils.holdings.barcode import clean_scan

CONFLICT = 409
LONGEST_NAME = 80
MAX_NUMBER = 2**63 - 1


@require_http_methods(["GET", "POST"])
def sets_page(request: HttpRequest) -> HttpResponse:
    """All sets; a new one is prepared at this library."""
    desk = desks.at(request)
    refusal = ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        if name and len(name) <= LONGEST_NAME:
            return redirect("lending-set", pk=sets.prepare(desk.actor, desk.library, name).pk)
        refusal = words.set_refusals()["name"]
    context = {"sets": sets.listed(), "refusal": refusal, "mode": "overdue"}
    return render(request, "circulation/sets.html", context, status=CONFLICT if refusal else 200)


@require_http_methods(["GET", "POST"])
def set_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One set: what belongs to it, where each item is, and what remains out. Which group has it is not shown here."""
    desk = desks.at(request)
    shown = sets.listed().filter(pk=min(pk, MAX_NUMBER)).first()
    if shown is None:
        raise Http404
    refusal = number = ""
    if request.method == "POST":
        try:
            done = _acted(desk, shown, request)
        except sets.NotInto as error:
            refusal, number = error.code, error.number
        except sets.StillOut:
            refusal = "still-out"
        else:
            return done
    contents = sets.contents(shown)
    context = {
        "set": shown,
        "contents": contents,
        "remaining": sum(loan is not None and loan.lending_set_id == shown.pk for _, loan in contents),
        "bars": nw7.bars(shown.number),
        "refusal": words.set_refusals().get(refusal, ""),
        "number": number,
        "mode": "overdue",
    }
    return render(request, "circulation/set.html", context, status=CONFLICT if refusal else 200)


def _acted(desk: Desk, of: LendingSet, request: HttpRequest) -> HttpResponse:
    """Do what a form asks, and where to go then. Raises NotInto, StillOut."""
    act = request.POST.get("act", "")
    if act == "dissolve":
        sets.dissolve(desk.actor, of.pk)
        return redirect("lending-sets")
    if act == "take-out":
        sets.take_out(desk.actor, of.pk, clean_scan(request.POST.get("item", "")[:40]))
    elif numbers := [clean_scan(word) for word in request.POST.get("scan", "").split()]:
        sets.add(desk.actor, of.pk, numbers)
    return redirect("lending-set", pk=of.pk)
