"""Log-in and log-out of citizens."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from shoko_ils.mylibrary import forms, session
from shoko_ils.mylibrary.session import Member

View = Callable[..., HttpResponse]


def member_of(request: HttpRequest) -> Member:
    """The signed-in patron; pages behind `members_only` have one."""
    found: Member | None = getattr(request, "member", None)
    assert found is not None  # noqa: S101  # members_only has looked
    return found


def members_only(view: View) -> View:
    """Send who is not signed in to the log-in and back; a form that was sent is not kept."""

    @wraps(view)
    @never_cache
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "member", None) is None:
            target = request.path if request.method in ("GET", "HEAD") else reverse("my")
            return redirect(f"{reverse('my-login')}?next={target}")
        return view(request, *args, **kwargs)

    return checked


def _target(request: HttpRequest) -> str:
    wanted = request.POST.get("next", request.GET.get("next", ""))
    here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if here and wanted.startswith("/") else reverse("my")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """Card number and password. Whatever is wrong, the answer is the same."""
    form = forms.LogInForm(request.POST or None)
    failed = False
    if request.method == "POST":
        # a number that cannot be one costs as much as any other
        number = form.cleaned_data["card"] if form.is_valid() else request.POST.get("card", "")[:40]
        token = session.log_in(request, number, forms.passwords.clean(request.POST.get("password", "")[:200]))
        if token is not None:
            response = redirect(_target(request))
            response.set_cookie(session.COOKIE, token, secure=True, httponly=True, samesite="Lax")
            return response
        failed = True
    context = {"failed": failed, "card": request.POST.get("card", "")[:40], "next": _target(request)}
    return render(request, "mylibrary/login.html", context, status=403 if failed else 200)


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    session.log_out()
    request.member = None  # type: ignore[attr-defined]
    response = redirect("home")
    response.delete_cookie(session.COOKIE)
    return response
