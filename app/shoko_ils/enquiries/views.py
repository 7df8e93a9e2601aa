"""The register of enquiries from authorities, and the sheet to be shown to who asks. Both are of level 1."""

import uuid

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.core.models import Library
from shoko_ils.enquiries import forms, kept, services, words
from shoko_ils.enquiries.models import Enquiry
from shoko_ils.patrons.services.write import Refused
from shoko_ils.patrons.views.common import at_counter

# of those that are closed, on one page
SHOWN = 100


@require_http_methods(["GET", "POST"])
def enquiries_page(request: HttpRequest) -> HttpResponse:
    """The register. POST enters an enquiry, or notes the answer to one; `?correct=` begins an entry anew."""
    actor = at_counter(request)
    refused, form = "", forms.EnquiryForm(initial=_begun(request.GET.get("correct", "")))
    try:
        if "outcome" in request.POST:
            given = forms.AnswerForm(request.POST)
            if given.is_valid():
                services.answer(actor, given.cleaned_data["enquiry"], given.answer())
                return redirect("enquiries")
            refused = _("Answer, post and day are needed; the day is not to come.")
        elif request.method == "POST":
            form = forms.EnquiryForm(request.POST)
            if form.is_valid():
                library = Library.objects.get(pk=request.session["library"])
                entered, corrects = form.cleaned_data["key"], form.cleaned_data["corrects"]
                services.receive(actor, library, form.entry(), entered, corrects)
                return redirect("enquiries")
    except Refused as error:
        refused = str(words.REFUSALS[error.code])
    services.read(actor)
    rows = Enquiry.objects.select_related("library", "corrected_by").order_by("-received_on", "-pk")
    closed = rows.filter(Q(outcome__gt="") | Q(corrected_by__isnull=False))
    found = Paginator(closed, SHOWN).get_page(request.GET.get("page"))
    context = {
        "form": form,
        # all of them, and what waits longest first
        "open": [_shown(row) for row in rows.filter(outcome="", corrected_by__isnull=True).reverse()],
        "closed": [_shown(row) for row in found],
        "found": found,
        "posts": forms.posts(),
        "today": timezone.localdate(),
        "refused": refused,
        "mode": "patrons",
    }
    status = 409 if refused else 400 if form.errors else 200
    return render(request, "enquiries/enquiries.html", context, status=status)


def _begun(number: str) -> dict[str, object]:
    """What the form begins with: today, or what the entry says that is to be corrected."""
    begun: dict[str, object] = {"key": uuid.uuid4(), "received_on": timezone.localdate()}
    found = Enquiry.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    if found is not None:
        names = ("kind", "office", "document", "asked", "received_on")
        begun |= {"corrects": found.pk, **{name: getattr(found, name) for name in names}}
    return begun


def _shown(row: Enquiry) -> dict[str, object]:
    posts = dict(forms.posts())
    return {
        "row": row,
        "kind": words.KIND[Enquiry.Kind(row.kind)],
        "asked": [words.ASKED[Enquiry.Asked(each)] for each in row.asked],
        "outcome": words.OUTCOME[Enquiry.Outcome(row.outcome)] if row.outcome else "",
        "breach": row.outcome == Enquiry.Outcome.BREACH,
        "outcomes": [(each.value, words.OUTCOME[each]) for each in row.outcomes],
        "decided_by": posts.get(row.decided_by, row.decided_by),
        "corrected_by": getattr(row, "corrected_by", None),
    }


@require_GET
def not_kept_page(request: HttpRequest) -> HttpResponse:
    """The sheet 「残っていないもの」. It names nobody and is of no day's data: to be printed and handed over."""
    at_counter(request)
    context = {
        "gone": kept.gone(settings.SITE),
        "open": kept.while_open(),
        "not_stored": kept.not_stored(),
        "mode": "patrons",
    }
    return render(request, "enquiries/not_kept.html", context)
