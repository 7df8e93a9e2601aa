"""返却保留・弁償: open cases, the decision, the settlement, and the form to print."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.circulation.models import ReturnCase
from shoko_ils.circulation.services import cases
from shoko_ils.counter import desk as desks
from shoko_ils.counter import words

WITH = ("loan__item__record", "loan__item__library", "library")
SETTLED_SHOWN = 20
MAX_NUMBER = 2**63 - 1


@require_http_methods(["GET", "POST"])
def cases_page(request: HttpRequest) -> HttpResponse:
    """Open cases, the most urgent first; the last settled ones with the number of their erasure certificate."""
    desk = desks.at(request)
    refused = False
    if request.method == "POST":
        number, decision = request.POST.get("case", ""), request.POST.get("decision", "")
        try:
            if decision in words.decisions():
                cases.decide(desk.actor, desk.staff, _number(number), ReturnCase.Decision(decision))
            elif request.POST.get("act") == "settle":
                cases.settle(desk.actor, desk.staff, _number(number))
            return redirect("cases")
        except (cases.CaseClosed, ReturnCase.DoesNotExist):
            refused = True
    context = {
        "cases": ReturnCase.objects.filter(settled_on__isnull=True).select_related(*WITH).order_by("decide_by", "pk"),
        "settled": ReturnCase.objects.filter(settled_on__isnull=False)
        .select_related(*WITH)
        .order_by("-settled_on", "-pk")[:SETTLED_SHOWN],
        "refused": refused,
        "decisions": words.decisions(),
        "all_decisions": words.all_decisions(),
        "reasons": words.case_reasons(),
        "today": timezone.localdate(),
        "mode": "overdue",
    }
    return render(request, "circulation/cases.html", context, status=409 if refused else 200)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_NUMBER:
        raise ReturnCase.DoesNotExist
    return int(text)


@require_GET
def case_form_page(request: HttpRequest, pk: int) -> HttpResponse:
    """図書館資料（紛失・汚損・き損）届, to print; the person writes name and address on paper."""
    desks.at(request)
    case = ReturnCase.objects.select_related(*WITH).filter(pk=min(pk, MAX_NUMBER)).first()
    if case is None:
        raise Http404
    return render(request, "circulation/case_form.html", {"case": case, "reasons": words.case_reasons()})
