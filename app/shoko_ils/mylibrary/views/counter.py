"""Counter: slip with a code, the pause of log-ins, and provisional registrations by their receipt number."""

import uuid

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from shoko_ils.audit import record as audit
from shoko_ils.counter import desk as desks
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.mylibrary import applications, codes, forms
from shoko_ils.patrons import declared, find
from shoko_ils.patrons.forms import NewPatronForm
from shoko_ils.patrons.views import keeping


@require_http_methods(["GET", "POST"])
def member_page(request: HttpRequest) -> HttpResponse:
    """For the card that a patron shows: 「ロック中」 or not, and a slip with a code. Nothing tells of a password."""
    if not declared.site().has_my_library:
        raise Http404
    desk = desks.at(request)
    context: dict[str, object] = {"mode": "patrons"}
    if request.method == "POST":
        card = find.by_card(request.POST.get("card", "")[:40])
        if card is None or card.ended_on is not None:
            context["notice"] = notice("stop-unknown-card" if card is None else "stop-old-card")
        elif "slip" in request.POST:
            context |= {"code": codes.slip(desk.actor, card.patron), "library": desk.library}
            return render(request, "mylibrary/slip.html", context)
        elif "unpause" in request.POST:
            codes.unpause(desk.actor, card)
            context["notice"] = Notice("done", _("Log-ins with this card are open again"))
        else:
            with transaction.atomic():
                audit.write(desk.actor, "view-patron", "member", [card.patron.pseudonym])
            context |= {"card": card, "is_paused": codes.is_paused(card.number)}
    return render(request, "mylibrary/member.html", context)


@require_http_methods(["GET", "POST"])
def provisionals_page(request: HttpRequest) -> HttpResponse:
    """One application, for who brings its number and a document; there is no list and no search by name."""
    desk = desks.at(request)
    context: dict[str, object] = {"mode": "patrons"}
    if request.method == "POST":
        receipt = _receipt(request)
        if "erase" in request.POST:
            applications.erase(desk.actor, receipt)
            return redirect("provisional")
        context["found"] = applications.shown(desk.actor, receipt)
        if context["found"] is None:
            context["notice"] = Notice("stop", _("No application has this number"))
    return render(request, "mylibrary/provisionals.html", context)


@require_POST
def provisional_register_page(request: HttpRequest) -> HttpResponse:
    """The registration form with what the application says; the registration erases the application."""
    desk = desks.at(request)
    receipt = _receipt(request)
    if "take" not in request.POST:
        form = NewPatronForm(request.POST)
        return keeping.register(request, form, receipt=receipt, together=lambda: applications.take(desk.actor, receipt))
    found = applications.shown(desk.actor, receipt)
    if found is None:
        return redirect("provisional")
    form = NewPatronForm(initial={"key": uuid.uuid4(), **applications.details(found)})
    return keeping.register(request, form, receipt=receipt)


def _receipt(request: HttpRequest) -> str:
    """The number as it is stored, or an empty text."""
    form = forms.ReceiptForm(request.POST)
    return form.cleaned_data["receipt"] if form.is_valid() else ""
