"""連絡待ち: whom to call, which mail did not go, which postcards to print. Without titles."""

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.counter import desk as desks
from shoko_ils.counter.desk import Desk
from shoko_ils.holds import forms, words
from shoko_ils.notices import kinds, postcards
from shoko_ils.notices import services as notices
from shoko_ils.notices.models import Notice

OPEN = (Notice.State.WAITING, Notice.State.FAILED, Notice.State.SENDING)


@require_http_methods(["GET", "POST"])
def contact_page(request: HttpRequest) -> HttpResponse:
    """The calls of this library and the mail that needs a person. Everyone listed is in the audit."""
    desk = desks.at(request)
    if request.method == "POST":
        _noted(request, desk)
        return redirect("holds-contact")
    now = timezone.now()
    mine = (
        Notice.objects.filter(library=desk.library, state__in=OPEN, patron__isnull=False)
        .select_related("patron")
        .prefetch_related("calls")
        .order_by("not_before", "pk")
    )
    calls = list(mine.filter(way=Notice.Way.PHONE, not_before__lte=now))
    stuck = list(mine.filter(way=Notice.Way.MAIL).exclude(state=Notice.State.WAITING))
    cards = list(mine.filter(way=Notice.Way.POSTCARD, state=Notice.State.WAITING, not_before__lte=now))
    # without a relay nothing sends them, and nobody else would notice
    waiting = 0 if settings.EMAIL_HOST else mine.filter(way=Notice.Way.MAIL, state=Notice.State.WAITING).count()
    listed = [one.patron.pseudonym for one in (*calls, *stuck)]
    if listed:
        with transaction.atomic():
            audit.write(desk.actor, "list-patron", "contact", listed)
    context = {
        "calls": calls,
        "stuck": stuck,
        "postcards": len(cards),
        "waiting": waiting,
        "results": words.call_results(),
        "states": words.notice_states(),
        "mode": "holds",
        "tab": "contact",
    }
    return render(request, "holds/contact.html", context)


def _noted(request: HttpRequest, desk: Desk) -> None:
    """The result of a call, or another way, of one notice of this library."""
    form = forms.CallForm(request.POST)
    if not form.is_valid():
        return
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk=form.cleaned_data["notice"], library=desk.library, state__in=OPEN, patron__isnull=False)
            .first()
        )
        if notice is None:
            return
        if form.cleaned_data["result"]:
            notices.note_call(notice, form.cleaned_data["result"], desk.staff.login_id)
        elif form.cleaned_data["way"]:
            notices.change_way(notice, form.cleaned_data["way"])
        audit.write(desk.actor, "notice-note", "contact")


@require_http_methods(["GET", "POST"])
def postcards_page(request: HttpRequest) -> HttpResponse:
    """Postcards of this library: name and address outside, no title inside. 「発送済」 notes their sending.

    A card is made when it is printed, by an act of its own: one with a code makes the code on an earlier print void.
    """
    desk = desks.at(request)
    waiting = (
        Notice.objects.filter(
            library=desk.library, way=Notice.Way.POSTCARD, state=Notice.State.WAITING, patron__isnull=False,
            not_before__lte=timezone.now(),
        )
        .select_related("patron", "library")
        .order_by("pk")
    )  # fmt: skip
    if "print" in request.POST:
        cards = _printed(desk, waiting)
        lines = postcards.listed(Notice.objects.filter(pk__in=[notice.pk for notice, *_rest in cards]))
        context = {"cards": cards, "lines": lines, "day": timezone.localdate(), "mode": "holds", "tab": "contact"}
        return render(request, "holds/postcards.html", context)
    if request.method == "POST":
        numbers = [int(number) for number in request.POST.getlist("notice") if number.isdigit()]
        with transaction.atomic():
            for notice in waiting.filter(pk__in=numbers).select_for_update(of=("self",), no_key=True):
                notices.delivered(notice, timezone.localdate())
            audit.write(desk.actor, "postcards-sent", "contact")
        return redirect("holds-posted")
    return render(request, "holds/postcards.html", {"count": waiting.count(), "mode": "holds", "tab": "contact"})


def _printed(desk: Desk, waiting: QuerySet[Notice]) -> list[tuple[Notice, str, str]]:
    """The cards with address line and text; what is on paper is Japanese, whatever the screen speaks."""
    with transaction.atomic(), translation.override("ja"):
        made = [(notice, kinds.of(notice).body(notice)) for notice in waiting]
        cards = [
            (notice, _("To %(name)s") % {"name": notice.patron.name}, body)  # type: ignore[union-attr]
            for notice, body in made
            if body is not None
        ]
        if cards:
            audit.write(desk.actor, "print-postcard", "contact", [notice.patron.pseudonym for notice, *_rest in cards])  # type: ignore[union-attr]
    return cards


@require_GET
def posted_page(request: HttpRequest) -> HttpResponse:
    """発送簿: the postcards of this library that were sent on a day. Everyone listed is in the audit."""
    desk = desks.at(request)
    form, shared = forms.DayForm(request.GET), {"mode": "holds", "tab": "contact"}
    if not form.is_valid():
        return render(request, "holds/posted.html", {"form": form, **shared}, status=400)
    day = form.cleaned_data["day"] or timezone.localdate()
    lines = postcards.posted(desk.library, day)
    subjects = [line.patron.pseudonym for line in lines if line.patron]
    if subjects:
        with transaction.atomic():
            audit.write(desk.actor, "list-patron", "posted", subjects)
    return render(request, "holds/posted.html", {"lines": lines, "day": day, **shared})
