"""Published cases, for everybody."""

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shoko_ils.catalog.normalise import fold
from shoko_ils.opac import asking
from shoko_ils.reference.models import Case

SHOWN = 50


@require_safe
def cases_page(request: HttpRequest) -> HttpResponse:
    """The newest cases, or those that hold every word."""
    text = asking.clean(request.GET.get("q", ""))
    wanted = Q()
    for word in text.split():
        wanted &= Q(folded__contains=fold(word))
    context = {"cases": Case.objects.filter(wanted).order_by("-published_on", "-pk")[:SHOWN], "text": text}
    return render(request, "reference/cases.html", context)


@require_safe
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    case = Case.objects.filter(pk=pk).first() if pk < 2**63 else None
    if case is None:
        raise Http404
    return render(request, "reference/case.html", {"case": case})
