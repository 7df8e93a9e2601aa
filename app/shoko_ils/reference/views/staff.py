"""Reception, investigation, answer, publication. No page shows who asked by web."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shoko_ils.counter import desk as desks
from shoko_ils.counter.messages import Notice
from shoko_ils.reference import forms, services, words
from shoko_ils.reference.models import Case, Question

SHOWN = 100


@require_http_methods(["GET", "POST"])
def questions_page(request: HttpRequest) -> HttpResponse:
    """Receive a question at the counter or by telephone; the open ones, then those answered last."""
    desk = desks.at(request)
    form = forms.ReceiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        asked = services.Asked(given["channel"], given["questioner"], given["question"])
        made = services.receive(desk.actor, desk.library, asked, given["key"])
        return redirect("reference-question", made.pk)
    questions = Question.objects.select_related("library")
    context = {
        "form": form,
        "key": form.data.get("key") or uuid.uuid4(),
        "channels": [choice for choice in words.channels().items() if choice[0] != Question.Channel.WEB],
        "questioners": words.questioners(),
        "open": _shown(questions.filter(answer="").order_by("pk")[:SHOWN]),
        "answered": _shown(questions.exclude(answer="").order_by("-answered_on", "-pk")[:SHOWN]),
        "mode": "reference",
    }
    return render(request, "reference/questions.html", context)


def _shown(questions: object) -> list[tuple[Question, str]]:
    channels = words.channels()
    return [(each, channels[each.channel]) for each in questions]  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
def question_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One question: what was looked up, the answer."""
    desk = desks.at(request)
    question = Question.objects.select_related("library").filter(pk=pk).first() if pk < 2**63 else None
    if question is None:
        raise Http404
    if request.method == "POST":
        note, answer = forms.NoteForm(request.POST), forms.AnswerForm(request.POST)
        if "note" in request.POST and note.is_valid():
            services.note(desk.actor, question, note.cleaned_data["note"])
        elif "answer" in request.POST and answer.is_valid():
            services.answer(desk.actor, question.pk, answer.cleaned_data["answer"])
        return redirect("reference-question", pk)
    context = {
        "question": question,
        "channel": words.channels()[question.channel],
        "questioner": words.questioners()[question.questioner],
        "notes": question.investigations.all(),
        "mode": "reference",
    }
    return render(request, "reference/question.html", context)


@require_http_methods(["GET", "POST"])
def cases_page(request: HttpRequest) -> HttpResponse:
    """Publish a case, or take one away. `?question=` puts an answered question into the form, to be rewritten."""
    desk = desks.at(request)
    notice: Notice | None = None
    if request.method == "POST" and "withdraw" in request.POST:
        number = request.POST["withdraw"]
        if number.isascii() and number.isdigit() and len(number) < 19:
            services.withdraw(desk.actor, int(number))
        return redirect("reference-cases")
    form = forms.CaseForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            given = form.cleaned_data
            text = services.CaseText(given["question"], given["answer"], given["sources"], given["ndc"])
            services.publish(desk.actor, text, given["key"])
            return redirect("reference-cases")
        notice = Notice("stop", _("Question, answer and the check for personal data are needed."))
    number = request.GET.get("question", "")
    begun = Question.objects.filter(pk=int(number)).first() if number.isdigit() and len(number) < 19 else None
    context = {
        "form": form,
        "key": form.data.get("key") or uuid.uuid4(),
        "begun": begun,
        "cases": Case.objects.order_by("-published_on", "-pk")[:SHOWN],
        "notice": notice,
        "mode": "reference",
    }
    return render(request, "reference/publish.html", context)
