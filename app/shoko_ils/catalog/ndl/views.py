"""Copy cataloguing on screen: search, list, preview, take."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.catalog import editing, marc
from shoko_ils.catalog.extract import extract
from shoko_ils.catalog.forms import Plain, line
from shoko_ils.catalog.models import ImportRecord
from shoko_ils.catalog.ndl import fetch, sru, taking
from shoko_ils.catalog.views import _actor, _page

MAX_START = 500


class SearchForm(Plain):
    """What is on the book in hand."""

    title = line(gettext_lazy("Title"), max_length=200)
    author = line(gettext_lazy("Author"), max_length=200)
    isbn = line("ISBN", max_length=30)
    jp_number = line(gettext_lazy("National bibliography number"), max_length=30)
    start = forms.IntegerField(min_value=1, max_value=MAX_START, required=False, initial=1, widget=forms.HiddenInput)

    def wanted(self) -> sru.Wanted:
        given = {name: value for name, value in self.cleaned_data.items() if name != "start"}
        return sru.Wanted(**given)


def why(code: str) -> str:
    return {
        "off": _("This site has not set up the information proxy for it: the function is off."),
        "away": _("The National Diet Library search does not answer now."),
        "slow": _("The National Diet Library search did not answer in time."),
        "refused": _("The information proxy does not let the system through to this site."),
        "site": _("What answered is not the named site: nothing was accepted."),
        "large": _("The answer was too large. Please ask more narrowly."),
        "answer": _("The answer cannot be read. Please ask differently or later."),
    }[code] + _(" You can go on by hand or by import.")


@require_http_methods(["GET", "POST"])
def copy_page(request: HttpRequest) -> HttpResponse:
    """GET searches; POST `hit` shows what taking it would do, with `take` it is taken."""
    actor = _actor(request)
    if request.method == "POST":
        return _one(request, actor)
    asked = any(request.GET.get(name) for name in ("title", "author", "isbn", "jp_number"))
    form = SearchForm(request.GET if asked else None)
    context: dict[str, object] = {"form": form, "is_on": fetch.is_on()}
    if not fetch.is_on():
        return _page(request, "copy", context | {"away": why("off")})
    if asked and form.is_valid():
        try:
            found = sru.search(form.wanted(), form.cleaned_data["start"] or 1)
        except fetch.Away as error:
            return _page(request, "copy", context | {"away": why(error.code)})
        context |= {"found": found, "hits": [(hit, taking.sealed(hit)) for hit in found.hits]}
    return _page(request, "copy", context, 400 if form.errors else 200)


def _one(request: HttpRequest, actor: audit.Actor) -> HttpResponse:
    token = request.POST.get("hit", "")
    content = taking.opened(token)
    if content is None:
        return _page(request, "copy", {"form": SearchForm(), "is_on": fetch.is_on(), "stale": True}, 400)
    made = extract(marc.read(content))
    if "take" in request.POST:
        batch = taking.take(content, made.title, actor)
        done = batch.records.get(number=1)
        if done.outcome == ImportRecord.Outcome.QUARANTINED:
            return redirect("catalogue-import", batch.pk)
        return redirect("catalogue-record", done.record_id)
    context = {
        "hit": token,
        "made": made,
        "lines": editing.to_lines(marc.read(content)),
        "planned": taking.preview(content),
    }
    return _page(request, "copy_one", context)
