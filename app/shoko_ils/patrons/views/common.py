"""What the screens have in common."""

import uuid
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.patrons import words
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.services.write import Refused


def at_counter(request: HttpRequest) -> audit.Actor:
    """Who acts at which counter; puts the library on the request for the frame of the page."""
    library = Library.objects.get(pk=request.session["library"])
    request.counter_library = library  # type: ignore[attr-defined]
    return audit.Actor(request.user.login_id, library.key)  # type: ignore[union-attr]


def patron_or_404(pseudonym: uuid.UUID) -> Patron:
    found = Patron.objects.select_related("category", "library").filter(pseudonym=pseudonym).first()
    if found is None:
        raise Http404
    return found


def seen(actor: audit.Actor, screen: str, *patrons: Patron) -> None:
    """Write the view of these records into the audit."""
    with transaction.atomic():
        audit.write(actor, "view-patron", screen, [patron.pseudonym for patron in patrons])


def page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"patrons/{name}.html", {"mode": "patrons", **context}, status=status)


def why(refused: Refused) -> str:
    return str(words.REFUSALS[refused.code])
