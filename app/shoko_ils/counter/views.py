"""Log-in, and finding a patron."""

import uuid

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.counter import desk, forms
from shoko_ils.patrons import find
from shoko_ils.patrons.models import Patron
from shoko_ils.staff import supervision
from shoko_ils.staff.models import Level, StaffAccount


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    return redirect("lend")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """A person's log-in; a trainee's leads on to the supervisor's."""
    form = forms.LoginForm(request.POST or None)
    failed = False
    if request.method == "POST" and form.is_valid():
        library = form.cleaned_data["library"]
        person = _authenticated(request, form, library.key)
        if person is not None and person.level == Level.TRAINEE:
            asked = forms.SupervisorForm(initial={"trainee": supervision.token(person, library)})
            return render(request, "counter/supervise.html", {"form": asked})
        if person is not None:
            return _let_in(request, person, library, point=form.cleaned_data.get("point"))
        failed = True
    return render(request, "counter/login.html", {"form": form, "failed": failed}, status=403 if failed else 200)


@sensitive_post_parameters("password")
@require_POST
def supervise_page(request: HttpRequest) -> HttpResponse:
    """An officer's own ID and password open the counter for a trainee, for an hour."""
    form = forms.SupervisorForm(request.POST)
    trainee = supervision.read(request.POST.get("trainee", ""))
    if trainee is None:
        return redirect("login")
    if form.is_valid():
        supervisor = _authenticated(request, form, trainee[1].key)
        if supervisor is not None and supervisor.level in supervision.SUPERVISORS:
            return _let_in(request, *trainee, supervisor=supervisor)
    return render(request, "counter/supervise.html", {"form": form, "failed": True}, status=403)


def _authenticated(request: HttpRequest, form: Form, library: str) -> StaffAccount | None:
    """The account of a form's ID and password; a refusal is in the audit."""
    given = form.cleaned_data
    person = authenticate(request, login_id=given["login_id"], password=given["password"])
    if not isinstance(person, StaffAccount):
        audit.write(audit.Actor(given["login_id"], library), "login-refused", "login")
        return None
    return person


def _let_in(
    request: HttpRequest,
    person: StaffAccount,
    library: Library,
    *,
    supervisor: StaffAccount | None = None,
    point: ServicePoint | None = None,
) -> HttpResponse:
    with transaction.atomic():
        login(request, person)
        request.session["library"] = library.pk
        request.session["terminal"] = str(uuid.uuid4())
        if point is not None and point.library_id == library.pk:
            request.session["point"] = point.pk
        if supervisor is not None:
            supervision.begin(request.session, supervisor)
            audit.write(audit.Actor(supervisor.login_id, library.key), "supervise", "login")
        audit.write(audit.Actor(person.login_id, library.key), "login", "login")
    return redirect("start")


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    audit.write(desk.at(request).actor, "logout", "logout")
    logout(request)
    return redirect("login")


@require_http_methods(["GET", "POST"])
def patrons_page(request: HttpRequest) -> HttpResponse:
    """Search by POST, so that no name stands in an address or a log. Everyone listed is in the audit."""
    actor = desk.at(request).actor
    hits: list[Patron] | None = None
    advice = ""
    form = forms.FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hits = find.search(form.cleaned_data["text"])
        except find.TooMany:
            advice = _("More than %(max)s people match. Type more of the name.") % {"max": find.MAX_HITS}
        if hits:
            with transaction.atomic():
                audit.write(actor, "list-patron", "patrons", [patron.pseudonym for patron in hits])
    context = {"form": form, "hits": hits, "advice": advice, "text": form.data.get("text", ""), "mode": "patrons"}
    return render(request, "counter/patrons.html", context)


@require_GET
def patron_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    actor = desk.at(request).actor
    patron = Patron.objects.select_related("category", "library").filter(pseudonym=pseudonym).first()
    if patron is None:
        raise Http404
    with transaction.atomic():
        audit.write(actor, "view-patron", "patron", [patron.pseudonym])
    today = timezone.localdate()
    loans = list(patron.loans.order_by("due_on"))
    context = {
        "patron": patron,
        "card": patron.cards.filter(ended_on__isnull=True).first(),
        "expired": patron.expires_on < today,
        "open_count": len(loans),
        "overdue_count": sum(loan.due_on < today for loan in loans),
        "next_due": loans[0].due_on if loans else None,
        "mode": "patrons",
    }
    return render(request, "counter/patron.html", context)
