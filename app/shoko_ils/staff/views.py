"""Screens of operator, own account, and staff accounts. Thin: `operator` and `services` decide."""

import uuid
from typing import Any

import pyotp
import segno
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library
from shoko_ils.holdings.barcode import is_staff_card
from shoko_ils.staff import access, forms, operator, policy, words
from shoko_ils.staff.models import AuthorityRequest, StaffAccount
from shoko_ils.staff.services import authority, factors, sessions

Kind = AuthorityRequest.Kind
KIND_OF = {"change": Kind.CHANGE, "end": Kind.END, "factor": Kind.FACTOR}
SHOWN = 50


def _at_counter(request: HttpRequest) -> audit.Actor:
    library = Library.objects.get(pk=request.session["library"])
    request.counter_library = library  # type: ignore[attr-defined]
    return audit.Actor(request.user.login_id, library.key)  # type: ignore[union-attr]


def _me(request: HttpRequest) -> StaffAccount:
    return request.user  # type: ignore[return-value]


@sensitive_post_parameters("pin")
@require_http_methods(["GET", "POST"])
def operator_page(request: HttpRequest) -> HttpResponse:
    """Take over with staff card, which may have been scanned at the counter, and PIN.

    The cover of the same person's page asks here too, and then goes (204).
    """
    form = forms.OperatorForm(request.POST or None, initial={"card": operator.offered(request.session)})
    refused = ""
    if request.method == "POST" and form.is_valid():
        outcome = operator.by_card(request, form.cleaned_data["card"], form.cleaned_data["pin"])
        if outcome == operator.Outcome.SAME and request.headers.get("X-Shoko-Cover"):
            return HttpResponse(status=204)
        if outcome in (operator.Outcome.SAME, operator.Outcome.SWITCHED):
            return redirect("lend")
        refused = str(words.OPERATOR[outcome])
    context = {"form": form, "refused": refused}
    return render(request, "staff/operator.html", context, status=403 if refused else 200)


@require_GET
def seen_page(request: HttpRequest) -> HttpResponse:
    """Somebody types on a page: the gate has noted the time on the way here."""
    return HttpResponse(status=204)


@sensitive_post_parameters("old", "new", "again", "pin", "code")
@require_http_methods(["GET", "POST"])
def account_page(request: HttpRequest) -> HttpResponse:
    """The own password, staff card with PIN, and second factor; all but the password only after a full log-in."""
    actor, person, act = _at_counter(request), _me(request), request.POST.get("act", "")
    full = bool(request.session.get("full"))
    context: dict[str, Any] = {
        "password": forms.PasswordForm(request.POST if act == "password" else None),
        "pin": forms.PinForm(request.POST if act == "pin" else None, initial={"card": person.card or ""}),
        "code": forms.FirstCodeForm(request.POST if act == "code" else None),
        "full": full,
        "due": policy.password_is_due(person),
        "needs_factor": factors.lacks_one(person),
        "mode": "account",
    }
    done = False
    if act == "password" and context["password"].is_valid():
        done = _change_password(request, actor, context["password"])
    elif act == "pin" and full and not context["needs_factor"] and context["pin"].is_valid():
        done = _set_pin(request, actor, context["pin"])
    elif act == "code" and full and context["code"].is_valid():
        with transaction.atomic():
            context["recovery"] = factors.confirm_totp(person, context["code"].cleaned_data["code"])
            if context["recovery"]:
                audit.write(actor, "set-second-factor", "account")
        if context["recovery"]:
            context["needs_factor"] = False
        else:
            context["code"].add_error("code", _("This is not the code of now."))
    if done:
        return redirect("account")
    context["has_factor"] = factors.has_second_factor(person)
    if full and not context["has_factor"]:
        context |= _picture(person)
    return render(request, "staff/account.html", context, status=400 if act and not context.get("recovery") else 200)


def _picture(person: StaffAccount) -> dict[str, Any]:
    """The secret of a second factor, as text and as a code to photograph."""
    secret = factors.begin_totp(person)
    address = pyotp.TOTP(secret).provisioning_uri(name=person.login_id, issuer_name="Shoko")
    drawn = segno.make(address, error="m").svg_inline(scale=4, omitsize=False)
    return {"secret": secret, "drawn": mark_safe(drawn)}  # noqa: S308  # made by us of our own secret


def _change_password(request: HttpRequest, actor: audit.Actor, form: forms.PasswordForm) -> bool:
    person = _me(request)
    if not person.check_password(form.cleaned_data["old"]):
        form.add_error("old", _("This is not the password of now."))
        return False
    if form.cleaned_data["old"] == form.cleaned_data["new"]:
        form.add_error("new", _("This is the password of now."))
        return False
    try:
        with transaction.atomic():
            factors.change_password(person, form.cleaned_data["new"])
            audit.write(actor, "change-password", "account")
    except ValidationError as error:
        form.add_error("new", error)
        return False
    request.session["_auth_user_hash"] = person.get_session_auth_hash()  # other sessions of the person end
    return True


def _set_pin(request: HttpRequest, actor: audit.Actor, form: forms.PinForm) -> bool:
    person, card = _me(request), form.cleaned_data["card"]
    if not is_staff_card(card):
        form.add_error("card", _("This is not the number of a staff card."))
        return False
    try:
        with transaction.atomic():
            factors.set_card_and_pin(person, card, form.cleaned_data["pin"])
            audit.write(actor, "set-pin", "account")
    except IntegrityError:
        form.add_error("card", _("This card belongs to somebody else."))
        return False
    except ValueError:
        form.add_error("pin", _("4 to 6 digits, not all the same and not in a row."))
        return False
    return True


def _why(refused: authority.Refused) -> str:
    return str(words.REFUSALS[refused.code])


def _requests(condition: Q) -> list[dict[str, Any]]:
    rows = AuthorityRequest.objects.filter(condition).select_related(
        "library", "requested_by", "confirmed_by", "refused_by"
    )
    return [
        {"row": row, "kind": words.KIND[Kind(row.kind)], "duty": words.DUTY.get(row.duty, ""),
         "reason": words.REASON[AuthorityRequest.Reason(row.reason)]}
        for row in rows.order_by("-pk")[:SHOWN]
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
def authority_page(request: HttpRequest) -> HttpResponse:
    """Accounts, open requests, and the form for a new person. POST asks for a new account."""
    actor = _at_counter(request)
    form = forms.NewAccountForm(request.POST or None, initial={"key": uuid.uuid4()})
    refused = ""
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        post = authority.Post(*(given.pop(name) for name in ("name", "section", "job_class", "post", "library")))
        try:
            authority.ask(actor, _me(request), Kind.REGISTER, post=post, **given)
        except authority.Refused as error:
            refused = _why(error)
        else:
            return redirect("authority")
    context = {
        "form": form,
        "refused": refused,
        "accounts": StaffAccount.objects.select_related("library").order_by("removed_on", "login_id"),
        "open": _requests(Q(confirmed_by__isnull=True, refused_by__isnull=True)),
        "former": _requests(Q(confirmed_by__isnull=False) | Q(refused_by__isnull=False)),
        "matrix": _matrix(),
        "mode": "authority",
    }
    return render(request, "staff/authority.html", context, status=409 if refused else 400 if form.errors else 200)


def _matrix() -> list[tuple[str, list[bool]]]:
    """Rows of the matrix for the screen: cell, and whether each level has it."""
    return [
        (f"{resource}:{action}", [level in access.Cell(resource, action) for level in sorted(access.Level)])
        for resource, actions in access.MATRIX.items()
        for action in actions
    ]


@require_http_methods(["GET", "POST"])
def account_of_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's account: POST asks for a change, a duty, a new second factor, or the end."""
    actor = _at_counter(request)
    account = StaffAccount.objects.select_related("library").filter(pk=min(pk, 2**63 - 1)).first()
    if account is None:
        raise Http404
    act = request.POST.get("act", "")
    initial = {name: getattr(account, name) for name in ("name", "section", "job_class", "post", "library")}
    made = {
        "change": forms.PostForm(
            request.POST if act == "change" else None, auto_id="change-%s", initial={**initial, "key": uuid.uuid4()}
        ),
        "duty": forms.DutyForm(
            request.POST if act == "duty" else None, auto_id="duty-%s", initial={"key": uuid.uuid4()}
        ),
        "end": forms.AskForm(request.POST if act == "end" else None, auto_id="end-%s", initial={"key": uuid.uuid4()}),
        "factor": forms.AskForm(
            request.POST if act == "factor" else None,
            auto_id="factor-%s",
            initial={"key": uuid.uuid4(), "reason": AuthorityRequest.Reason.LOST},
        ),
    }
    refused, form = "", made.get(act)
    if form is not None and form.is_valid():
        given = dict(form.cleaned_data)
        names = ("name", "section", "job_class", "post", "library")
        post = authority.Post(*(given.pop(name) for name in names)) if act == "change" else None
        kind = given.pop("kind", KIND_OF.get(act))
        try:
            authority.ask(actor, _me(request), kind, account=account, post=post, **given)
        except authority.Refused as error:
            refused = _why(error)
        else:
            return redirect("authority")
    context = {
        "account": account,
        "refused": refused,
        "duties": [(each, words.DUTY.get(each.duty, each.duty)) for each in account.duties.order_by("-from_on")],
        "mode": "authority",
        **made,
    }
    bad = form is not None and form.errors
    return render(request, "staff/account_of.html", context, status=409 if refused else 400 if bad else 200)


@require_http_methods(["GET", "POST"])
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Who is logged in; POST ends all sessions of one other person, as when somebody left a screen open."""
    actor = _at_counter(request)
    others = StaffAccount.objects.exclude(pk=_me(request).pk)
    if request.method == "POST":
        account = others.filter(login_id=request.POST.get("login_id", "")[:40]).first()
        if account is None:
            raise Http404
        sessions.end(actor, account)
        return redirect("sessions")
    counts = sessions.open_sessions()
    listed = others.filter(pk__in=counts).select_related("library").order_by("login_id")
    context = {"accounts": [(each, counts[each.pk]) for each in listed], "mode": "sessions"}
    return render(request, "staff/sessions.html", context)


@require_POST
def confirm_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm or refuse a request; an initial password is shown this once."""
    actor = _at_counter(request)
    try:
        if request.POST.get("act") == "refuse":
            authority.refuse(actor, _me(request), min(pk, 2**63 - 1))
            return redirect("authority")
        password = authority.confirm(actor, _me(request), min(pk, 2**63 - 1))
    except authority.Refused as error:
        return render(request, "staff/confirmed.html", {"refused": _why(error), "mode": "authority"}, status=409)
    if not password:
        return redirect("authority")
    row = AuthorityRequest.objects.get(pk=pk)
    return render(request, "staff/confirmed.html", {"password": password, "row": row, "mode": "authority"})
