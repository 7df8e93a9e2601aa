"""Registration of a password (パスワード登録) and provisional registration (仮登録)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shoko_ils.core import source
from shoko_ils.core.models import Library
from shoko_ils.mylibrary import applications, forms, orders, own, session
from shoko_ils.patrons.models import Patron

# in thirty minutes, from one address
CODES_ALLOWED, APPLICATIONS_ALLOWED = 20, 10
SCRIPT_POLICY = "; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"


@never_cache
@sensitive_post_parameters("code", "password", "again")
@require_http_methods(["GET", "POST"])
def password_page(request: HttpRequest) -> HttpResponse:
    """Number, then the way, then code and password. No answer tells whether the number is anybody's."""
    step = request.POST.get("step", "")
    if step == "code":
        return _with_code(request)
    if step == "way":
        way = forms.WayForm(request.POST)
        if way.is_valid():
            return _sent(request, way.cleaned_data["card"], way.cleaned_data["way"])
    number = forms.NumberForm(request.POST or None)
    if request.method == "POST" and number.is_valid():
        context = {"step": "way", "card": number.cleaned_data["card"], "ways": forms.WAYS}
        return render(request, "mylibrary/password.html", context)
    context = {"step": "number", "form": number, "card": request.POST.get("card", "")[:40]}
    return render(request, "mylibrary/password.html", context)


def _sent(request: HttpRequest, card: str, way: str) -> HttpResponse:
    """The same text after the same work for every number: one order is left, and the desk looks up whose it is."""
    if session.spend("code", source.counted(request), CODES_ALLOWED):
        orders.leave("password-code", number=card, way=way)
    return _code_form(request, forms.CodeForm(), card)


def _with_code(request: HttpRequest) -> HttpResponse:
    form = forms.CodeForm(request.POST)
    card = request.POST.get("card", "")[:40]
    if not form.is_valid():
        return _code_form(request, form, card)
    given = form.cleaned_data
    if own.register_password(given["card"], given["code"], given["password"], source.counted(request)):
        return render(request, "mylibrary/password.html", {"step": "done"})
    return _code_form(request, form, card, wrong=True)


def _code_form(request: HttpRequest, form: forms.CodeForm, card: str, *, wrong: bool = False) -> HttpResponse:
    context = {"step": "code", "form": form, "card": card, "wrong": wrong, "has_script": True}
    # the script shows what is typed
    return _with_script(render(request, "mylibrary/password.html", context))


def _with_script(response: HttpResponse) -> HttpResponse:
    """Let one page run the scripts of this site; no other page of the public service has any."""
    response.headers["Content-Security-Policy"] = session.settings.CONTENT_SECURITY_POLICY + SCRIPT_POLICY
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def provisional_page(request: HttpRequest) -> HttpResponse:
    """Purpose and period first; the answer is a receipt number, and no page reads an application back."""
    form = forms.ProvisionalForm(request.POST or None)
    days = applications.KEPT.days
    context = {"form": form, "contacts": Patron.Contact, "libraries": Library.objects.all(), "days": days}
    if request.method == "POST" and form.is_valid():
        if not session.spend("provisional", source.counted(request), APPLICATIONS_ALLOWED):
            return render(request, "mylibrary/provisional.html", {**context, "too_many": True}, status=429)
        context["receipt"] = applications.leave(**form.cleaned_data)
    response = render(request, "mylibrary/provisional.html", context)
    # the script fills the town in by the postal code
    return _with_script(response) if form.towns else response
