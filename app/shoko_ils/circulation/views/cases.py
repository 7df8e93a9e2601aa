"""返却保留・弁償: open cases, one case with its contacts and photos, the decision, and the form to print."""

import datetime as dt
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.datastructures import MultiValueDictKeyError
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.circulation import photos
from shoko_ils.circulation.models import PHOTOS, CaseContact, CasePhoto, ReturnCase
from shoko_ils.circulation.services import case_file, cases
from shoko_ils.circulation.services.borrower import BorrowerReason
from shoko_ils.counter import desk as desks
from shoko_ils.counter import words
from shoko_ils.counter.desk import Desk

WITH = ("loan__item__record", "loan__item__library", "library")
SETTLED_SHOWN = 20
MAX_NUMBER = 2**63 - 1
CONFLICT = 409


@require_http_methods(["GET", "POST"])
def cases_page(request: HttpRequest) -> HttpResponse:
    """Open cases, the most urgent first; the last settled ones with the number of their erasure certificate."""
    desk = desks.at(request)
    refused = False
    if request.method == "POST":
        try:
            _decided(desk, _number(request.POST.get("case", "")), request)
            return redirect("cases")
        except (cases.CaseClosed, ReturnCase.DoesNotExist):
            refused = True
    context = {
        "cases": ReturnCase.objects.filter(settled_on__isnull=True).select_related(*WITH).order_by("decide_by", "pk"),
        "settled": ReturnCase.objects.filter(settled_on__isnull=False)
        .select_related(*WITH)
        .order_by("-settled_on", "-pk")[:SETTLED_SHOWN],
        "refused": refused,
        **_words(),
    }
    return render(request, "circulation/cases.html", context, status=CONFLICT if refused else 200)


def _words() -> dict[str, object]:
    return {
        "decisions": words.decisions(),
        "all_decisions": words.all_decisions(),
        "reasons": words.case_reasons(),
        "today": timezone.localdate(),
        "mode": "overdue",
    }


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_NUMBER:
        raise ReturnCase.DoesNotExist
    return int(text)


def _decided(desk: Desk, pk: int, request: HttpRequest) -> None:
    """Decide or settle, as the form says."""
    decision = request.POST.get("decision", "")
    if decision in words.decisions():
        cases.decide(desk.actor, desk.staff, pk, ReturnCase.Decision(decision))
    elif request.POST.get("act") == "settle":
        cases.settle(desk.actor, desk.staff, pk)


@require_http_methods(["GET", "POST"])
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: its item, what was said and by which means, photos of the item, the decision. Names no patron."""
    desk = desks.at(request)
    case = _case(pk)
    refusal = ""
    if request.method == "POST":
        refusal = _acted(desk, case, request)
        if not refusal:
            return redirect("case", pk=case.pk)
        case = _case(pk)
    context = {
        "case": case,
        "refusal": words.case_refusals().get(refusal, ""),
        "contacts": case.contacts.all(),
        "photos": case.photos.defer("content"),
        "photos_kept": PHOTOS,
        "means": words.case_means(),
        "results": words.case_results(),
        "reason_to_show": BorrowerReason.RETURN_CASE,
        **_words(),
    }
    return render(request, "circulation/case.html", context, status=CONFLICT if refusal else 200)


def _acted(desk: Desk, case: ReturnCase, request: HttpRequest) -> str:
    """Do what a form of the page asks; why it was refused, or nothing."""
    acts: dict[str, Callable[[], object]] = {
        "contact": lambda: _contacted(desk, case.pk, request),
        "photo": lambda: case_file.add_photo(desk.actor, case.pk, _photo(request)),
        "remove-photo": lambda: case_file.remove_photo(desk.actor, case.pk, _number(request.POST.get("photo", ""))),
    }
    try:
        acts.get(request.POST.get("act", ""), lambda: _decided(desk, case.pk, request))()
    except photos.BadPhoto as error:
        return error.code
    except case_file.TooManyPhotos:
        return "too-many-photos"
    except case_file.NotADay:
        return "not-a-day"
    except (cases.CaseClosed, ReturnCase.DoesNotExist):
        return "closed"
    return ""


def _contacted(desk: Desk, pk: int, request: HttpRequest) -> None:
    given = request.POST
    try:
        means, result = CaseContact.Means(given["means"]), CaseContact.Result(given["result"])
        on = dt.date.fromisoformat(given["on"])
    except (MultiValueDictKeyError, ValueError) as error:
        raise case_file.NotADay("incomplete") from error
    case_file.contacted(desk.actor, pk, means, result, on)


def _photo(request: HttpRequest) -> bytes:
    """What was uploaded. A file that is too large is not read."""
    file = request.FILES.get("file")
    if file is None:
        raise photos.BadPhoto("not-a-photo")
    if file.size > photos.MAX_UPLOAD:
        raise photos.BadPhoto("too-large")
    return file.read()


def _case(pk: int) -> ReturnCase:
    case = ReturnCase.objects.select_related(*WITH).filter(pk=min(pk, MAX_NUMBER)).first()
    if case is None:
        raise Http404
    return case


@require_GET
def case_photo_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A photo itself; a browser keeps no copy."""
    desks.at(request)
    photo = CasePhoto.objects.filter(pk=min(pk, MAX_NUMBER)).first()
    if photo is None:
        raise Http404
    return HttpResponse(bytes(photo.content), content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_GET
def case_form_page(request: HttpRequest, pk: int) -> HttpResponse:
    """図書館資料（紛失・汚損・き損）届, to print; the person writes name and address on paper."""
    desks.at(request)
    return render(request, "circulation/case_form.html", {"case": _case(pk), "reasons": words.case_reasons()})
