"""My Library, and what is changed on it."""

import uuid

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library
from shoko_ils.mylibrary import basket, forms, orders, own, shown, words
from shoko_ils.mylibrary.views.signing import member_of, members_only
from shoko_ils.patrons import declared
from shoko_ils.patrons.models import Patron
from shoko_ils.reference.models import Question
from shoko_ils.vault.models import HistoryWish, ReadingNote

HISTORY_SHOWN = 500


def saying(code: str) -> HttpResponse:
    """Back to My Library, which says what happened; the code tells nothing of what or whose."""
    return redirect(f"{reverse('my')}?said={code}")


@members_only
@require_GET
def my_page(request: HttpRequest) -> HttpResponse:
    context = shown.everything(member_of(request).patron_id)
    context["said"] = words.said(request.GET.get("said", ""))
    contact = context["patron"]["contact"]
    context |= {"told_by": words.wish(contact) if contact else "", "ways": words.other_ways(contact)}
    context["library"] = Library.objects.filter(pk=context["patron"]["library_id"]).first()
    return render(request, "mylibrary/my.html", context)


@members_only
@require_POST
def renew_page(request: HttpRequest) -> HttpResponse:
    form = forms.RenewForm(request.POST)
    if not form.is_valid():
        return saying("not-renewed")
    given = form.cleaned_data
    try:
        answer = orders.ask("renew", member_of(request).patron_id, given["key"], loan=given["loan"])
    except orders.NotAnswered:
        return saying("late")
    return saying("renewed" if answer.get("outcome") == "done-renewed" else "not-renewed")


@members_only
@require_POST
def hold_page(request: HttpRequest) -> HttpResponse:
    """Cancel, suspend, resume, another pickup library, or another way of being told."""
    form = forms.HoldForm(request.POST)
    if not form.is_valid():
        return saying("days" if request.POST.get("act") == "suspend" else "not-changed")
    given = form.cleaned_data
    days = {name: given[name].isoformat() for name in ("first", "until") if given[name]}
    pickup = given["pickup"].key if given["pickup"] else ""
    try:
        answer = orders.ask(
            "hold", member_of(request).patron_id, hold=given["hold"], act=given["act"], pickup=pickup,
            contact=given["contact"], **days,
        )  # fmt: skip
    except orders.NotAnswered:
        return saying("late")
    return saying("changed" if answer.get("done") else "not-changed")


@members_only
@sensitive_post_parameters("password")
@require_POST
def contact_page(request: HttpRequest) -> HttpResponse:
    """The way of notices; another mail address, or none any more, needs the password and no terminal of a library."""
    form = forms.ContactForm(request.POST)
    if not form.is_valid():
        return saying("contact-wrong")
    given = form.cleaned_data
    wish = {"contact": given["contact"], "email": given["email"]}
    try:
        if wish["email"] == Patron.objects.values_list("email", flat=True).first():
            answer = orders.ask("contact", member_of(request).patron_id, uuid.uuid4(), **wish)
        else:
            answer = orders.change_address(given["password"], key=str(uuid.uuid4()), **wish)
    except orders.NotAnswered:
        return saying("late")
    refused = {"wrong": "contact-password", "kiosk": "contact-kiosk"}.get(answer.get("refused", ""), "contact-wrong")
    return saying("contact" if answer.get("done") else refused)


@members_only
@require_POST
def favourite_page(request: HttpRequest) -> HttpResponse:
    """Keep a record, or drop it."""
    form = forms.FavouriteForm(request.POST)
    record = Record.objects.filter(pk=form.cleaned_data["record"]).first() if form.is_valid() else None
    if record is None:
        raise Http404
    if "drop" in request.POST:
        own.drop(record.pk)
        return saying("dropped")
    own.keep(member_of(request).patron_id, record.pk)
    return saying("kept")


@members_only
@require_POST
def ended_page(request: HttpRequest) -> HttpResponse:
    """The patron has read that a hold ended: the entry goes."""
    read = basket.wanted(request)
    if read is not None:
        own.read_ended(read)
    return saying("read")


@members_only
@require_http_methods(["GET", "POST"])
def history_page(request: HttpRequest) -> HttpResponse:
    """The reading history, if the site offers one: off unless the patron wishes it; withdrawal erases all."""
    if not settings.SITE.get("reading_history", False):
        raise Http404
    if request.method == "POST":
        if "on" in request.POST:
            own.wish_history(member_of(request).patron_id)
            return saying("history-on")
        own.withdraw_history()
        return saying("history-off")
    context = {
        "wish": HistoryWish.objects.values_list("since", flat=True).first(),
        "notes": ReadingNote.objects.select_related("record").order_by("-lent_on", "-pk")[:HISTORY_SHOWN],
        "months": settings.SITE.get("reading_history_months", 24),
    }
    return render(request, "mylibrary/history.html", context)


@members_only
@require_http_methods(["GET", "POST"])
def question_page(request: HttpRequest) -> HttpResponse:
    """A reference question by web: the questioner class is asked, nothing else of the person."""
    if not declared.site().asks_by_web:
        raise Http404
    form = forms.QuestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            orders.ask(
                "reference", member_of(request).patron_id, given["key"],
                questioner=given["questioner"], question=given["question"],
            )  # fmt: skip
        except orders.NotAnswered:
            return saying("late")
        return saying("asked")
    context = {"form": form, "key": form.data.get("key") or shown.uuid.uuid4(), "questioners": Question.Questioner}
    return render(request, "mylibrary/question.html", context)
