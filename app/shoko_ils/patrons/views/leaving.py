"""Erasure, its certificate, the work lists; the register of requests, and the disclosure itself."""

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.patrons import declared, disclosure, forms, words
from shoko_ils.patrons.models import ErasureCertificate, Patron, SubjectRequest
from shoko_ils.patrons.services import erasure, rights
from shoko_ils.patrons.services.write import Refused
from shoko_ils.patrons.views.common import at_counter, page, patron_or_404, seen, why

LISTED = 50
SOON = dt.timedelta(days=7)


@require_http_methods(["GET", "POST"])
def erase_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """Erase a registration; what is open stands on the page and refuses it."""
    actor = at_counter(request)
    form = forms.EraseForm(request.POST or None, initial={"key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        done = ErasureCertificate.objects.filter(key=form.cleaned_data["key"]).first()
        if done:  # the answer to the first try was lost
            return redirect("certificate", done.pk)
    patron = patron_or_404(pseudonym)
    refused, matters = "", []
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        library = Library.objects.get(pk=request.session["library"])
        try:
            certificate = erasure.erase(actor, patron.pk, given["reason"], library, given["key"])
        except erasure.StillOpen as error:
            refused = why(error)
            matters = [(words.MATTERS.get(table, words.OTHER_MATTER), n) for table, n in error.matters.items()]
        except Refused as error:
            refused = why(error)
        else:
            return redirect("certificate", certificate.pk)
    seen(actor, "patron-erase", patron)
    context = {"form": form, "patron": patron, "refused": refused, "matters": matters}
    return page(request, "erase", context, 409 if refused else 400 if form.errors else 200)


@require_GET
def certificate_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The erasure certificate, to be printed. It names nobody, so looking at it is no view of a person."""
    at_counter(request)
    found = ErasureCertificate.objects.select_related("library").filter(pk=min(pk, 2**63 - 1)).first()
    if found is None:
        raise Http404
    values = list(dict.fromkeys(str(words.VALUES.get(each, each)) for each in found.erased))
    reason = words.ERASURE_REASON[ErasureCertificate.Reason(found.reason)]
    return page(request, "certificate", {"certificate": found, "values": values, "reason": reason})


@require_GET
def lists_page(request: HttpRequest) -> HttpResponse:
    """Work lists: not used for years, not yet confirmed. Everyone listed is in the audit."""
    actor = at_counter(request)
    today = timezone.localdate()
    kind = request.GET.get("list", "unused")
    if kind == "unconfirmed":
        lacking = (
            Q(kind=Patron.Kind.PERSON, birth_date__isnull=True) if declared.site().has("birth_date") else Q(pk=None)
        )
        lacking |= Q(primary_until__gte=today, guardian_name="")
        found = Patron.objects.filter(lacking, expires_on__gte=today).order_by("registered_on", "pk")
    else:
        kind, found = "unused", erasure.unused(today)
    total, patrons = found.count(), list(found.select_related("library")[:LISTED])
    if patrons:
        with transaction.atomic():
            audit.write(actor, "list-patron", f"patron-{kind}", [patron.pseudonym for patron in patrons])
    context = {"kind": kind, "patrons": patrons, "total": total, "years": declared.site().unused_years}
    return page(request, "lists", context)


@require_http_methods(["GET", "POST"])
def requests_page(request: HttpRequest) -> HttpResponse:
    """The register, open ones first by their deadline. POST prolongs or decides one. Names nobody."""
    actor = at_counter(request)
    refused = ""
    if request.method == "POST":
        given, number = request.POST, request.POST.get("request", "")
        pk = int(number) if number.isdecimal() and len(number) < 18 else 0
        try:
            if given.get("extension") in {str(each) for each in words.EXTENSION}:
                rights.extend(actor, pk, given["extension"])
            elif given.get("decision") in {str(each) for each in words.DECISION}:
                rights.decide(actor, pk, given["decision"])
        except Refused as error:
            refused = why(error)
        else:
            return redirect("subject-requests")
    today = timezone.localdate()
    opened = list(
        SubjectRequest.objects.filter(decision="").select_related("library", "patron").order_by("due_on", "pk")
    )
    closed = list(SubjectRequest.objects.exclude(decision="").order_by("-decided_on", "-pk")[:LISTED])
    context = {
        "open": [
            {"row": row, "kind": _kind(row), "late": row.due_on < today, "soon": row.due_on <= today + SOON}
            for row in opened
        ],
        "closed": [(row, _kind(row), words.DECISION[SubjectRequest.Decision(row.decision)]) for row in closed],
        "extensions": words.EXTENSION.items(),
        "decisions": words.DECISION.items(),
        "refused": refused,
    }
    return page(request, "requests", context, 409 if refused else 200)


def _kind(row: SubjectRequest) -> str:
    return str(words.REQUEST_KIND[SubjectRequest.Kind(row.kind)])


@require_http_methods(["GET", "POST"])
def request_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """Enter a request of a person into the register."""
    actor = at_counter(request)
    patron = patron_or_404(pseudonym)
    form = forms.RequestForm(request.POST or None, initial={"key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        library = Library.objects.get(pk=request.session["library"])
        rights.receive(actor, patron.pk, given["kind"], given["identity"], library=library, key=given["key"])
        return redirect("subject-requests")
    seen(actor, "subject-request", patron)
    context = {"form": form, "patron": patron, "days": declared.site().disclosure_days}
    return page(request, "request", context, 400 if form.errors else 200)


@sensitive_post_parameters("passphrase", "again")
@require_http_methods(["GET", "POST"])
def disclose_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """The archive for the person, encrypted with a passphrase that he types; only under an open request of his."""
    actor = at_counter(request)
    patron = patron_or_404(pseudonym)
    asked = patron.subject_requests.filter(kind=SubjectRequest.Kind.DISCLOSURE, decision="").exists()
    form = forms.PassphraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and asked:
        made = disclosure.archive(patron, form.cleaned_data["passphrase"])
        with transaction.atomic():
            audit.write(actor, "disclose-patron", "patron-disclose", [patron.pseudonym])
        answer = HttpResponse(made, content_type="application/zip")
        answer["Content-Disposition"] = 'attachment; filename="disclosure.zip"'
        return answer
    seen(actor, "patron-disclose", patron)
    refused = "" if asked else _("Enter the request into the register first.")
    context = {"form": form, "patron": patron, "refused": refused}
    return page(request, "disclose", context, 409 if refused and request.method == "POST" else 200)
