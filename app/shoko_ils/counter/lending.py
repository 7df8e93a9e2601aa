"""The lending window: card, items, stops, exceptions, renewals, and the slip. `circulation.services` decides."""

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.circulation import services
from shoko_ils.circulation.services import Late, Outcome, OutOfRange, Permit, PermitReason
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import forms, showing, words
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.counter.operations import Operation, operation
from shoko_ils.counter.sitting import Sitting
from shoko_ils.holdings.barcode import is_card
from shoko_ils.patrons import find
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.supervision import SUPERVISORS


@dataclass
class Answer:
    """What the next page shows: who stands there, what came of the scan, and what the counter asks now."""

    sitting: Sitting | None = None
    shown: Notice | None = None
    asks: str = ""
    key: uuid.UUID = field(default_factory=forms.new_key)
    typed: str = ""


# barcodes of the desk sheet that lead to another window, and those that end a sitting
ELSEWHERE = {Operation.RETURN: "return", Operation.UNDO: "return", Operation.HOLD_BACK: "return-check"}
# before the number of an item about which the counter asks whether it goes before the holds
WALK_IN = "walk-in:"
ENDS = frozenset({"", Operation.LEND.value, Operation.FINISH.value})


@require_http_methods(["GET", "POST"])
def lend_page(request: HttpRequest) -> HttpResponse:
    """One field: a card begins a sitting, items are lent to it, an empty Enter ends it."""
    desk = desks.at(request)
    form = forms.ScanForm(request.POST or None)
    if request.method != "POST":
        return _show(request, desk, Answer())
    if not form.is_valid():
        return _show(request, desk, Answer(shown=notice("stop-unreadable")))
    wished = operation(form.cleaned_data["scan"])
    if wished in ELSEWHERE:
        return redirect(ELSEWHERE[wished])
    return _show(request, desk, _scanned(request, desk, form.cleaned_data["scan"], form.cleaned_data["key"]))


def _scanned(request: HttpRequest, desk: Desk, scan: str, key: uuid.UUID) -> Answer:
    sitting = Sitting.read(request.POST.get("sitting", ""), desk.staff)
    if scan in ENDS:
        return Answer()
    if is_card(scan):
        return _begin(desk, scan)
    if sitting is None:
        return Answer(shown=notice("stop-card-first"))
    return _answered(desk, sitting, scan, key) or _item(request, desk, sitting, scan, key)


def _answered(desk: Desk, sitting: Sitting, scan: str, key: uuid.UUID) -> Answer | None:
    """What a scan does that answers the counter's question; None: it is another item."""
    wished = operation(scan)
    waiting = sitting.asked.removeprefix(WALK_IN) if sitting.asked.startswith(WALK_IN) else ""
    if waiting and (scan == waiting or wished is Operation.YES):
        return _lend(desk, replace(sitting, asked=""), waiting, key, walk_in=True)
    if wished is Operation.NO:
        return Answer(replace(sitting, asked=""))
    return _renew(desk, sitting, key) if wished is Operation.RENEW and sitting.asked else None


def _item(request: HttpRequest, desk: Desk, sitting: Sitting, scan: str, key: uuid.UUID) -> Answer:
    try:
        late = forms.LateForm(request.POST).late(desk.library)
    except OutOfRange:
        return Answer(sitting, notice("stop-late"), typed=scan)
    return _lend(desk, sitting, scan, key, late=late)


def _lend(
    desk: Desk,
    sitting: Sitting,
    scan: str,
    key: uuid.UUID,
    *,
    late: Late | None = None,
    permit: Permit | None = None,
    walk_in: bool = False,
) -> Answer:
    parts = [sitting.card.number, scan, *([permit.reason] if permit else []), *([str(late.on)] if late else [])]
    parts += [WALK_IN] if walk_in else []
    try:
        result = services.lend(
            desk.actor,
            sitting.patron.pk,
            scan,
            desk.library,
            services.scan_key(key, "lend", *parts),
            point=desk.point,
            terminal=desk.terminal,
            late=late,
            permit=permit,
            walk_in=walk_in or permit is not None,
        )
    except OutcomeUnknown:
        # the same key again: whatever happened, a repeated scan ends in one loan
        return Answer(sitting, notice("stop-unknown-outcome"), key=key, typed=scan)
    return _ask(sitting, scan, result)


def _ask(sitting: Sitting, scan: str, result: services.Result) -> Answer:
    """An answer that may be a question: renew what is already theirs, let a stop pass, lend before the holds."""
    if result.outcome is Outcome.HOLDS_WAIT:
        return Answer(replace(sitting, asked=WALK_IN + scan), notice(result, scan=scan), asks="walk-in")
    if result.outcome is Outcome.ALREADY_YOURS:
        asks = "renew"
    elif result.outcome in services.PERMITTABLE:
        asks = "permit"
    else:
        asks = ""
    return Answer(replace(sitting, asked=scan if asks else ""), notice(result, scan=scan), asks=asks)


def _begin(desk: Desk, number: str) -> Answer:
    """A new sitting for a card; an ended or unknown card is told apart."""
    card = find.by_card(number)
    if card is None:
        return Answer(shown=notice("stop-unknown-card"))
    if card.ended_on is not None:
        return Answer(shown=notice("stop-old-card"))
    with transaction.atomic():
        audit.write(desk.actor, "view-patron", "lend", [card.patron.pseudonym])
    expired = card.patron.expires_on < timezone.localdate()
    return Answer(Sitting.begin(card), notice("stop-patron-expired") if expired else None)


@require_http_methods(["GET", "POST"])
def renew_page(request: HttpRequest) -> HttpResponse:
    """The answer to "already lent to this patron": renew it."""
    desk = desks.at(request)
    form = forms.ScanForm(request.POST or None)
    sitting = Sitting.read(form.cleaned_data["sitting"], desk.staff) if form.is_valid() else None
    if sitting is None or not sitting.asked:
        return redirect("lend")
    return _show(request, desk, _renew(desk, sitting, form.cleaned_data["key"]))


def _renew(desk: Desk, sitting: Sitting, key: uuid.UUID) -> Answer:
    scan = sitting.asked
    try:
        scan_key = services.scan_key(key, "renew", sitting.card.number, scan)
        result = services.renew(desk.actor, sitting.patron.pk, scan, desk.library, scan_key)
    except OutcomeUnknown:
        return Answer(sitting, notice("stop-unknown-outcome"), asks="renew", key=key)
    return Answer(replace(sitting, asked=""), notice(result, scan=scan))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def permit_page(request: HttpRequest) -> HttpResponse:
    """The exception (F7): an officer's, or confirmed on the spot by an officer's own ID and password."""
    desk = desks.at(request)
    form = forms.PermitForm(request.POST or None)
    sitting = Sitting.read(form.cleaned_data["sitting"], desk.staff) if form.is_valid() else None
    if sitting is None or not sitting.asked:
        return redirect("lend")
    given = form.cleaned_data
    approver = _approver(request, desk, given["login_id"], given["password"])
    if approver is None:
        return _show(request, desk, Answer(sitting, notice("stop-no-permit", sitting.asked), asks="permit"))
    permit = Permit(approver, PermitReason(given["reason"]))
    return _show(request, desk, _lend(desk, sitting, sitting.asked, given["key"], permit=permit))


def _approver(request: HttpRequest, desk: Desk, login_id: str, password: str) -> StaffAccount | None:
    """The officer who allows it: the operator, or the person of this ID and password; a refusal is in the audit."""
    if desk.staff.level in SUPERVISORS:
        return desk.staff
    person = authenticate(request, login_id=login_id, password=password)
    if isinstance(person, StaffAccount) and person.level in SUPERVISORS:
        return person
    audit.write(audit.Actor(login_id or desk.staff.login_id, desk.library.key), "permit-refused", "lend")
    return None


def _show(request: HttpRequest, desk: Desk, answer: Answer) -> HttpResponse:
    context: dict[str, Any] = {
        "key": answer.key,
        "typed": answer.typed,
        "notice": answer.shown,
        "sitting": answer.sitting,
        "asks": answer.asks,
        "permit_reasons": words.permit_reasons(),
        "late_reasons": words.late_reasons(),
        "mode": "lend",
    }
    if answer.sitting:
        context |= showing.of_sitting(desk, answer.sitting)
    return render(request, "counter/lend.html", context)
