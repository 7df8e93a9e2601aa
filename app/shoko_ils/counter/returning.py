"""The return window: scan, where the item goes, undo, and the return that waits for a check."""

import uuid

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from shoko_ils.circulation import services
from shoko_ils.circulation.models import ReturnCase
from shoko_ils.circulation.services import Outcome, OutOfRange
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import forms, windows, words
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.log import Noting, ScanLog
from shoko_ils.counter.messages import Notice, notice, of_item, without_card
from shoko_ils.counter.operations import Operation, operation
from shoko_ils.holds.words import slip_of
from shoko_ils.staff.access import sees_patrons

SALT = "shoko.undo"
UNDO_SECONDS = 180
UNDO_COOKIE = "__Host-shoko-undo"
ENDED_A_LOAN = frozenset(
    {
        Outcome.SHELVE,
        Outcome.SEND_HOME,
        Outcome.HOLD_SHELF,
        Outcome.HOLD_TRANSIT,
        Outcome.WITHDRAWN,
        Outcome.TO_OFFICE,
        Outcome.FOUND_MISSING,
    }
)


def undo_token(desk: Desk, key: uuid.UUID) -> str:
    """What the page carries so that the last return can be undone: the key of its form is the secret of the seal."""
    return signing.dumps([desk.staff.pk, str(key)], salt=SALT)


def read_undo(token: str, desk: Desk) -> uuid.UUID | None:
    """The secret of a token; None: none, older than three minutes, or another person's."""
    try:
        staff_id, key = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return None
    return uuid.UUID(key) if staff_id == desk.staff.pk else None


@require_http_methods(["GET", "POST"])
def return_page(request: HttpRequest) -> HttpResponse:
    """One field, one result: where the item goes now. `act=undo` takes the last return back."""
    desk = desks.at(request)
    form = forms.ScanForm(request.POST or None)
    if request.method != "POST":
        return _show(request, desk, None)
    if not form.is_valid():
        return _show(request, desk, notice("stop-unreadable"))
    wished = operation(form.cleaned_data["scan"])
    if window := windows.leads_to(form.cleaned_data["scan"], "return"):
        return redirect(windows.address(request.session, window, form.cleaned_data["scan"]))
    if request.POST.get("act") == "undo" or wished is Operation.UNDO:
        token = form.cleaned_data["sitting"] or request.COOKIES.get(UNDO_COOKIE, "")
        return _undo(request, desk, form.cleaned_data["key"], token)
    return _scanned(request, desk, form.cleaned_data["scan"], form.cleaned_data["key"])


def _scanned(request: HttpRequest, desk: Desk, scan: str, key: uuid.UUID) -> HttpResponse:
    if stop := windows.belongs_elsewhere(scan, "return"):
        return _show(request, desk, stop)
    if scan in ("", Operation.RETURN.value):
        return _show(request, desk, None)
    return _take_back(request, desk, scan, key)


def _take_back(request: HttpRequest, desk: Desk, scan: str, key: uuid.UUID) -> HttpResponse:
    try:
        late = forms.LateForm(request.POST).late(desk.library)
    except OutOfRange:
        return _show(request, desk, notice("stop-late", scan), typed=scan)
    scan_key = services.scan_key(key, "take-back", scan, *([str(late.on)] if late else []))
    noting = Noting(request.session, scan_key, scan)
    try:
        result = services.take_back(
            desk.actor,
            scan,
            desk.library,
            scan_key,
            point=desk.point,
            terminal=desk.terminal,
            secret=key,
            late=late,
            beside=noting,
        )
    except OutcomeUnknown:
        return _show(request, desk, notice("stop-unknown-outcome"), key=key, typed=scan)
    shown = noting.shown(result)
    token = undo_token(desk, key) if result.outcome in ENDED_A_LOAN else ""
    answer = _show(request, desk, shown, token=token, slip=slip_of(result))
    if token:
        # who looks into another window and comes back can still undo; the secret stays with the browser
        answer.set_cookie(UNDO_COOKIE, token, max_age=UNDO_SECONDS, secure=True, httponly=True, samesite="Strict")
    return answer


def _undo(request: HttpRequest, desk: Desk, key: uuid.UUID, token: str) -> HttpResponse:
    secret = read_undo(token, desk)
    if secret is None:
        return _show(request, desk, notice(Outcome.NOTHING_TO_UNDO.value))
    scan_key = services.scan_key(key, "undo-return")
    noting = Noting(request.session, scan_key)
    try:
        result = services.undo_return(
            desk.actor,
            desk.library,
            scan_key,
            terminal=desk.terminal,
            secret=secret,
            point=desk.point,
            beside=noting,
        )
    except OutcomeUnknown:
        return _show(request, desk, notice("stop-unknown-undo"), key=key, token=token)
    return _show(request, desk, noting.shown(result))


@require_http_methods(["GET", "POST"])
def check_page(request: HttpRequest) -> HttpResponse:
    """Returns that wait for a check: reason first, then the scan."""
    desk = desks.at(request)
    shown: Notice | None = None
    key, typed = forms.new_key(), ""
    reason = request.POST.get("reason", ReturnCase.Reason.DIRTY.value)
    if request.method == "POST":
        form = forms.HoldBackForm(request.POST)
        if not form.is_valid():
            shown = notice("stop-unreadable")
        elif window := windows.leads_to(form.cleaned_data["scan"], "return-check"):
            return redirect(windows.address(request.session, window, form.cleaned_data["scan"]))
        elif stop := windows.belongs_elsewhere(form.cleaned_data["scan"], "return-check"):
            shown = stop
        elif form.cleaned_data["scan"] == Operation.HOLD_BACK:
            pass  # already here
        elif scan := form.cleaned_data["scan"]:
            given = form.cleaned_data
            scan_key = services.scan_key(given["key"], "hold-back", scan, given["reason"])
            noting = Noting(request.session, scan_key, scan)
            try:
                result = services.hold_back(
                    desk.actor,
                    scan,
                    desk.library,
                    ReturnCase.Reason(given["reason"]),
                    scan_key,
                    point=desk.point,
                    terminal=desk.terminal,
                    beside=noting,
                )
                shown = noting.shown(result)
            except OutcomeUnknown:
                shown, key, typed = notice("stop-unknown-outcome"), given["key"], scan
    context = {
        "key": key,
        **_scan_shown(desk, shown, typed),
        "log": ScanLog(request.session).lines(),
        "reason": reason,
        "reasons": words.check_reasons(),
        "mode": "return-check",
    }
    return render(request, "counter/check.html", context)


def _scan_shown(desk: Desk, shown: Notice | None, typed: str) -> dict[str, object]:
    """The result, and what stands in the field."""
    if sees_patrons(desk.staff.level):
        return {"notice": shown, "typed": typed}
    return {"notice": shown and without_card(shown), "typed": of_item(typed)}


def _show(
    request: HttpRequest,
    desk: Desk,
    shown: Notice | None,
    *,
    key: uuid.UUID | None = None,
    typed: str = "",
    token: str = "",
    slip: dict[str, object] | None = None,
) -> HttpResponse:
    today = timezone.localdate()
    context = {
        **(slip or {}),
        "key": key or forms.new_key(),
        **_scan_shown(desk, shown, typed),
        "token": token,
        "log": ScanLog(request.session).lines(),
        "drop_day": desk.library.days(today, desk.edition).open_day_before(today),
        "day": request.POST.get("day", "today"),
        "late_on": request.POST.get("on", ""),
        "late_reason": request.POST.get("late_reason", ""),
        "late_reasons": words.late_reasons(),
        "mode": "return",
    }
    return render(request, "counter/return.html", context)
