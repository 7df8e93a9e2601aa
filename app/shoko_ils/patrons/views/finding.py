"""Finding a patron, and the page of one."""

import uuid

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.patrons import declared, find, forms, words
from shoko_ils.patrons.models import Patron
from shoko_ils.patrons.views.common import at_counter, page, patron_or_404, seen


@require_http_methods(["GET", "POST"])
def patrons_page(request: HttpRequest) -> HttpResponse:
    """Search by POST, so that no name stands in an address or a log. Everyone listed is in the audit."""
    actor = at_counter(request)
    hits: list[Patron] | None = None
    advice = ""
    form = forms.FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hits = find.search(find.Criteria(**form.cleaned_data))
        except find.TooMany:
            advice = _("More than %(max)s people match. Add another criterion.") % {"max": find.MAX_HITS}
        except find.TooFew:
            advice = _("A whole card number, or two criteria are needed.")
        if hits:
            with transaction.atomic():
                audit.write(actor, "list-patron", "patrons", [patron.pseudonym for patron in hits])
    return page(request, "patrons", {"form": form, "hits": hits, "advice": advice})


@require_GET
def patron_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    actor = at_counter(request)
    patron = patron_or_404(pseudonym)
    seen(actor, "patron", patron)
    today = timezone.localdate()
    loans = list(patron.loans.order_by("due_on"))
    cards = list(patron.cards.order_by("slot", "-issued_on", "-pk"))
    context = {
        "patron": patron,
        "site": declared.site(),
        "contact_person": getattr(patron, "group_contact", None),
        "contact": words.CONTACT[Patron.Contact(patron.contact)],
        "notes": words.note_names(list(patron.notes.order_by("code").values_list("code", flat=True))),
        "cards": [card for card in cards if card.ended_on is None],
        "old_cards": [(card, words.CARD_REASON.get(card.ended_reason, "")) for card in cards if card.ended_on],
        "expired": patron.expires_on < today,
        "open_count": len(loans),
        "overdue_count": sum(loan.due_on < today and not loan.pending for loan in loans),
        "next_due": next((loan.due_on for loan in loans if not loan.pending), None),
    }
    return page(request, "patron", context)
