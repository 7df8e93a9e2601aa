"""Pages of the counter. Thin: `circulation.services` decides, these show."""

from typing import Any

from django.contrib.auth import authenticate, logout
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shoko_ils.audit import record as audit
from shoko_ils.circulation import services
from shoko_ils.circulation.models import Loan
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.core.models import Library
from shoko_ils.counter import forms
from shoko_ils.counter.log import ScanLog
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.counter.sitting import Sitting
from shoko_ils.holdings.barcode import is_card
from shoko_ils.patrons import find
from shoko_ils.staff import operator, supervision, terminal
from shoko_ils.staff.access import sees_patrons
from shoko_ils.staff.login import count_failure, paused
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.services import factors


def _at_counter(request: HttpRequest) -> audit.Actor:
    """Who acts at which counter; puts the library on the request for the frame of the page."""
    library = Library.objects.get(pk=request.session["library"])
    request.counter_library = library  # type: ignore[attr-defined]
    return audit.Actor(request.user.login_id, library.key)  # type: ignore[union-attr]


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
            return _after_password(request, person, library)
        failed = True
    return render(request, "counter/login.html", {"form": form, "failed": failed}, status=403 if failed else 200)


def _after_password(request: HttpRequest, person: StaffAccount, library: Library) -> HttpResponse:
    if factors.has_second_factor(person):
        asked = forms.CodeForm(initial={"person": supervision.token(person, library)})
        return render(request, "counter/code.html", {"form": asked})
    return _after_code(request, person, library)


def _after_code(request: HttpRequest, person: StaffAccount, library: Library) -> HttpResponse:
    if person.level == Level.TRAINEE:
        asked = forms.SupervisorForm(initial={"trainee": supervision.token(person, library)})
        return render(request, "counter/supervise.html", {"form": asked})
    return _let_in(request, person, library)


@sensitive_post_parameters("code")
@require_POST
def login_code_page(request: HttpRequest) -> HttpResponse:
    """The second factor: a code of the clock or a recovery code. A wrong one counts like a wrong password."""
    form = forms.CodeForm(request.POST)
    known = supervision.read(request.POST.get("person", ""))
    if known is None:
        return redirect("login")
    person, library = known
    if form.is_valid() and not paused(person) and factors.check_second_factor(person, form.cleaned_data["code"]):
        return _after_code(request, person, library)
    count_failure(person)
    audit.write(audit.Actor(person.login_id, library.key), "code-refused", "login")
    return render(request, "counter/code.html", {"form": form, "failed": True}, status=403)


@sensitive_post_parameters("password", "code")
@require_POST
def supervise_page(request: HttpRequest) -> HttpResponse:
    """An officer's own ID, password and second factor open the counter for a trainee, for an hour."""
    form = forms.SupervisorForm(request.POST)
    known = supervision.read(request.POST.get("trainee", ""))
    if known is None or known[0].level != Level.TRAINEE:
        return redirect("login")
    if form.is_valid():
        supervisor = _authenticated(request, form, known[1].key)
        if supervisor is not None and supervisor.level in supervision.SUPERVISORS:
            if not factors.has_second_factor(supervisor) or factors.check_second_factor(
                supervisor, form.cleaned_data["code"]
            ):
                return _let_in(request, *known, supervisor=supervisor)
            count_failure(supervisor)
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
    request: HttpRequest, person: StaffAccount, library: Library, supervisor: StaffAccount | None = None
) -> HttpResponse:
    answer = redirect("start")
    with transaction.atomic():
        operator.enter(request, person, library, full=supervisor is None)
        if supervisor is not None:
            supervision.begin(request.session, supervisor)
            audit.write(audit.Actor(supervisor.login_id, library.key), "supervise", "login")
        else:
            terminal.open_for_today(request, answer, person, library)
        audit.write(audit.Actor(person.login_id, library.key), "login", "login")
    return answer


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    audit.write(_at_counter(request), "logout", "logout")
    logout(request)
    return redirect("login")


@require_http_methods(["GET", "POST"])
def lend_page(request: HttpRequest) -> HttpResponse:
    """One field: a card begins a sitting, items are lent to it, an empty Enter ends it."""
    actor = _at_counter(request)
    shown: Notice | None = None
    sitting: Sitting | None = None
    key, typed = forms.new_key(), ""
    if request.method == "POST":
        form = forms.ScanForm(request.POST)
        if not form.is_valid():
            shown = notice("stop-unreadable")
        else:
            sitting = Sitting.read(form.cleaned_data["sitting"], request.user)  # type: ignore[arg-type]
            scan = form.cleaned_data["scan"]
            if not scan:
                sitting = None
            elif is_card(scan):
                sitting, shown = _begin(actor, scan)
            elif sitting is None:
                shown = notice("stop-card-first")
            else:
                try:
                    scan_key = services.scan_key(form.cleaned_data["key"], "lend", sitting.card.number, scan)
                    library = request.counter_library  # type: ignore[attr-defined]
                    shown = notice(services.lend(actor, sitting.patron.pk, scan, library, scan_key), scan=scan)
                except OutcomeUnknown:
                    # the same key again: whatever happened, a repeated scan ends in one loan
                    shown, key, typed = notice("stop-unknown-outcome"), form.cleaned_data["key"], scan
    context: dict[str, Any] = {"key": key, "typed": typed, "notice": shown, "sitting": sitting}
    if sitting:
        context |= _sitting_context(request, sitting)
    return render(request, "counter/lend.html", {**context, "mode": "lend"})


def _begin(actor: audit.Actor, number: str) -> tuple[Sitting | None, Notice | None]:
    """A new sitting for a card; an ended or unknown card is told apart."""
    card = find.by_card(number)
    if card is None:
        return None, notice("stop-unknown-card")
    if card.ended_on is not None:
        return None, notice("stop-old-card")
    with transaction.atomic():
        audit.write(actor, "view-patron", "lend", [card.patron.pseudonym])
    expired = card.patron.expires_on < timezone.localdate()
    return Sitting.begin(card), notice("stop-patron-expired") if expired else None


def _sitting_context(request: HttpRequest, sitting: Sitting) -> dict[str, Any]:
    """What the counter shows of the sitting; counts for everybody, the list of today's items too."""
    loans = list(
        Loan.objects.filter(patron=sitting.patron).select_related("item__record", "item__location").order_by("-lent_at")
    )
    today = timezone.localdate()
    return {
        "token": sitting.token(request.user),  # type: ignore[arg-type]
        "patron": sitting.patron if sees_patrons(request.user.level) else None,  # type: ignore[union-attr]
        "now_lent": [loan for loan in loans if loan.lent_at and loan.lent_at >= sitting.began],
        "open_count": len(loans),
        "overdue_count": sum(loan.due_on < today for loan in loans),
    }


@require_http_methods(["GET", "POST"])
def return_page(request: HttpRequest) -> HttpResponse:
    """One field, one result: where the item goes now."""
    actor = _at_counter(request)
    shown: Notice | None = None
    key, typed = forms.new_key(), ""
    log = ScanLog(request.session)
    if request.method == "POST":
        form = forms.ScanForm(request.POST)
        if not form.is_valid():
            shown = notice("stop-unreadable")
        elif is_card(form.cleaned_data["scan"]):
            shown = notice("stop-card-in-return")
        elif form.cleaned_data["scan"]:
            scan = form.cleaned_data["scan"]
            try:
                scan_key = services.scan_key(form.cleaned_data["key"], "take-back", scan)
                library = request.counter_library  # type: ignore[attr-defined]
                shown = notice(services.take_back(actor, scan, library, scan_key), scan=scan)
                log.add(scan_key, shown)
            except OutcomeUnknown:
                shown, key, typed = notice("stop-unknown-outcome"), form.cleaned_data["key"], scan
    return render(
        request,
        "counter/return.html",
        {"key": key, "typed": typed, "notice": shown, "log": log.lines(), "mode": "return"},
    )
