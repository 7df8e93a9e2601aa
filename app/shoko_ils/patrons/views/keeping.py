"""Registration, change, renewal, cards, and the last day as a pupil."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from shoko_ils.core.models import Library
from shoko_ils.patrons import declared, forms, school
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.services import cards, registration
from shoko_ils.patrons.services.write import Refused
from shoko_ils.patrons.views.common import at_counter, page, patron_or_404, seen, why

KINDS = {kind.value for kind in Patron.Kind}


@require_http_methods(["GET", "POST"])
def new_patron_page(request: HttpRequest) -> HttpResponse:
    """Register a person, or with ?kind=group a group; possible duplicates are shown before the second try."""
    kind = request.GET.get("kind", Patron.Kind.PERSON)
    kind = kind if kind in KINDS else Patron.Kind.PERSON
    form = forms.NewPatronForm(request.POST or None, kind=kind, initial={"key": uuid.uuid4()})
    return register(request, form)


def register(
    request: HttpRequest,
    form: forms.NewPatronForm,
    *,
    receipt: str = "",
    together: Callable[[], None] | None = None,
) -> HttpResponse:
    """Show the form, or register by it. `receipt` is the number of the application that it comes from."""
    actor = at_counter(request)
    doubles: list[Patron] = []
    refused = ""
    if form.is_valid():
        given = form.cleaned_data
        library = Library.objects.get(pk=request.session["library"])
        try:
            patron = registration.register(
                actor,
                form.details(),
                library,
                given["card"],
                given["key"],
                knows_duplicates=given["knows_duplicates"],
                together=together,
            )
        except registration.Duplicates as error:
            doubles = error.patrons
            seen(actor, "patron-new", *doubles)
        except Refused as error:
            refused = why(error)
        else:
            return redirect("patron", patron.pseudonym)
    status = 409 if doubles or refused else 400 if form.errors else 200
    shown = {"form": form, "kind": form.kind, "doubles": doubles, "refused": refused, "receipt": receipt}
    return page(request, "new", shown | {"site": declared.site()}, status)


def _initial(patron: Patron) -> dict[str, Any]:
    contact = getattr(patron, "group_contact", None)
    names = ("category", "name", "name_reading", "birth_date", "postal_code", "address", "phone", "contact", "email")
    return {
        **{name: getattr(patron, name) for name in (*names, "guardian_name", "primary_reason")},
        "contact_name": contact.name if contact else "",
        "contact_phone": contact.phone if contact else "",
        "notes": list(patron.notes.values_list("code", flat=True)),
    }


@require_http_methods(["GET", "POST"])
def change_patron_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    actor = at_counter(request)
    patron = patron_or_404(pseudonym)
    form = forms.PatronForm(request.POST or None, kind=patron.kind, initial=_initial(patron))
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            registration.change(actor, patron.pk, form.details())
        except Refused as error:
            refused = why(error)
        else:
            return redirect("patron", pseudonym)
    seen(actor, "patron-change", patron)
    status = 409 if refused else 400 if form.errors else 200
    return page(request, "change", {"form": form, "patron": patron, "refused": refused}, status)


@require_POST
def renew_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """The address was shown by a document: valid from today for the site's years."""
    actor = at_counter(request)
    registration.renew(actor, patron_or_404(pseudonym).pk)
    return redirect("patron", pseudonym)


@require_http_methods(["GET", "POST"])
def card_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """Reissue a card; a group gets further cards too."""
    actor = at_counter(request)
    patron = patron_or_404(pseudonym)
    valid = list(patron.cards.filter(ended_on__isnull=True).order_by("slot"))
    form = forms.CardForm(request.POST or None)
    refused = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if given["old"]:
                cards.reissue(actor, patron.pk, given["old"], given["number"], given["reason"])
            else:
                cards.add(actor, patron.pk, given["number"])
        except Refused as error:
            refused = why(error)
        else:
            return redirect("patron", pseudonym)
    seen(actor, "patron-card", patron)
    context = {"form": form, "patron": patron, "valid": valid, "refused": refused}
    return page(request, "card", context, 409 if refused else 400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def guardian_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """School entry deferred or a year repeated: the guardian is named longer than by law."""
    actor = at_counter(request)
    patron = patron_or_404(pseudonym)
    by_law = school.primary_until(patron.birth_date) if patron.birth_date else None
    initial = {"until": patron.primary_until or by_law, "reason": patron.primary_reason}
    form = forms.GuardianForm(request.POST or None, initial=initial)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            registration.prolong_guardian(actor, patron.pk, form.cleaned_data["until"], form.cleaned_data["reason"])
        except Refused as error:
            refused = why(error)
        else:
            return redirect("patron", pseudonym)
    seen(actor, "patron-guardian", patron)
    context = {"form": form, "patron": patron, "by_law": by_law, "refused": refused, "today": timezone.localdate()}
    context["listed"] = declared.site().has("guardian")
    return page(request, "guardian", context, 409 if refused else 400 if form.errors else 200)
