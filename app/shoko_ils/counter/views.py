"""Log-in and log-out."""

from django.contrib.auth import authenticate, logout
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.counter import desk, forms
from shoko_ils.staff import operator, supervision, terminal
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.login import count_failure, forgive, known, paused
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.services import factors


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    return redirect("lend")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """A person's log-in; with a second factor it leads on to the code, a trainee's to the supervisor."""
    form = forms.LoginForm(request.POST or None)
    failed = False
    if request.method == "POST" and form.is_valid():
        library = form.cleaned_data["library"]
        person = _authenticated(request, form, library.key)
        if person is not None:
            return _after_password(request, person, library, form.cleaned_data.get("point"))
        failed = True
    return render(request, "counter/login.html", {"form": form, "failed": failed}, status=403 if failed else 200)


def _after_password(
    request: HttpRequest, person: StaffAccount, library: Library, point: ServicePoint | None
) -> HttpResponse:
    if factors.has_second_factor(person):
        asked = forms.CodeForm(initial={"person": supervision.token(person, library, point)})
        return render(request, "counter/code.html", {"form": asked})
    return _after_code(request, person, library, point)


def _after_code(
    request: HttpRequest, person: StaffAccount, library: Library, point: ServicePoint | None
) -> HttpResponse:
    if person.level == Level.TRAINEE:
        asked = forms.SupervisorForm(initial={"trainee": supervision.token(person, library, point)})
        return render(request, "counter/supervise.html", {"form": asked})
    return _let_in(request, person, library, point)


@sensitive_post_parameters("code")
@require_POST
def login_code_page(request: HttpRequest) -> HttpResponse:
    """The second factor: a code of the clock or a recovery code. A wrong one counts like a wrong password."""
    form = forms.CodeForm(request.POST)
    accepted = supervision.read(request.POST.get("person", ""))
    if accepted is None:
        return redirect("login")
    person, library, point = accepted
    if form.is_valid() and not paused(person) and factors.check_second_factor(person, form.cleaned_data["code"]):
        forgive(person)
        return _after_code(request, person, library, point)
    count_failure(person)
    audit.write(audit.Actor(person.login_id, library.key), "code-refused", "login")
    return render(request, "counter/code.html", {"form": form, "failed": True}, status=403)


@sensitive_post_parameters("password", "code")
@require_POST
def supervise_page(request: HttpRequest) -> HttpResponse:
    """An officer's own ID, password and second factor open the counter for a trainee, for an hour at most.

    The officer is logged in at a counter of the same library, and stays so.
    """
    form = forms.SupervisorForm(request.POST)
    accepted = supervision.read(request.POST.get("trainee", ""))
    if accepted is None or accepted[0].level != Level.TRAINEE:
        return redirect("login")
    library, absent = accepted[1], False
    if form.is_valid():
        supervisor = _authenticated(request, form, library.key)
        if supervisor is not None and supervisor.level in OFFICERS:
            has = factors.has_second_factor(supervisor)
            if (
                factors.check_second_factor(supervisor, form.cleaned_data["code"])
                if has
                else not factors.lacks_one(supervisor)
            ):
                # the session of this browser ends when the trainee's begins
                if supervision.is_there(supervisor, library.pk, beside=request.session.session_key):
                    return _let_in(request, *accepted, supervisor=supervisor)
                absent = True
            else:
                count_failure(supervisor)
                audit.write(audit.Actor(supervisor.login_id, library.key), "code-refused", "login")
    context = {"form": form, "failed": not absent, "absent": absent}
    return render(request, "counter/supervise.html", context, status=403)


def _authenticated(request: HttpRequest, form: Form, library: str) -> StaffAccount | None:
    """The account of a form's ID and password; a refusal is in the audit."""
    given = form.cleaned_data
    person = authenticate(request, login_id=given["login_id"], password=given["password"])
    if not isinstance(person, StaffAccount):
        audit.write(audit.Actor(known(given["login_id"]), library), "login-refused", "login")
        return None
    return person


def _let_in(
    request: HttpRequest,
    person: StaffAccount,
    library: Library,
    point: ServicePoint | None,
    *,
    supervisor: StaffAccount | None = None,
) -> HttpResponse:
    answer = redirect("start")
    with transaction.atomic():
        operator.enter(request, person, library, full=supervisor is None, point=point)
        if supervisor is not None:
            supervision.begin(request.session, supervisor)
            audit.write(audit.Actor(supervisor.login_id, library.key), "supervise", "login")
        elif not factors.lacks_one(person):
            terminal.open_for_today(request, answer, person, library)
        audit.write(audit.Actor(person.login_id, library.key), "login", "login")
    return answer


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    audit.write(desk.at(request).actor, "logout", "logout")
    logout(request)
    return redirect("login")
