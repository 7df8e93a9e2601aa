"""The lending window: card, items, stops, renewals. `circulation.services` decides; F7 is in `permitting`."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.circulation import services
from shoko_ils.circulation.services import Late, Outcome, OutOfRange, Permit, PermitReason
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import forms, showing, windows, words
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.log import marking, write_session
from shoko_ils.counter.messages import OF_NO_PERSON, Notice, notice, of_item, without_person
from shoko_ils.counter.operations import Operation, operation
from shoko_ils.counter.sitting import MOST_QUESTIONS, Question, Sitting
from shoko_ils.holdings.barcode import is_card, is_like_card, is_set, is_staff_card
from shoko_ils.patrons import find
from shoko_ils.staff.access import sees_patrons
from shoko_ils.staff.models import StaffAccount

ENDS = frozenset({"", Operation.LEND.value, Operation.FINISH.value})
# barcodes that answer, and the kinds of questions that they answer
ANSWERS = {
    Operation.YES: ("walk-in", "return-first"),
    Operation.RENEW: ("renew",),
    Operation.NO: ("walk-in", "return-first", "renew", "permit"),
}


@dataclass
class Answer:
    """What the next page shows: who stands there, what came of the scan, what was left undecided before."""

    sitting: Sitting | None = None
    shown: Notice | None = None
    left: tuple[Question, ...] = ()
    # of a set that was renewed, what was not
    not_renewed: list[Notice] = field(default_factory=list)
    key: uuid.UUID = field(default_factory=forms.new_key)
    typed: str = ""
    # the card was scanned just now
    begins: bool = False


@require_http_methods(["GET", "POST"])
def lend_page(request: HttpRequest) -> HttpResponse:
    """One field: a card begins a sitting, items are lent to it, an empty Enter ends it."""
    desk = desks.at(request)
    form = forms.ScanForm(request.POST or None)
    if request.method != "POST":
        return show(request, desk, Answer())
    sitting = Sitting.read(request.POST.get("sitting", ""), desk.staff)
    if not form.is_valid():
        return show(request, desk, Answer(sitting, notice("stop-unreadable")))
    if sitting and (refused := request.POST.get("refuse")):
        return show(request, desk, Answer(sitting.answered(refused)))
    scan, key = form.cleaned_data["scan"], form.cleaned_data["key"]
    if (window := windows.leads_to(scan, "lend")) and not (sitting and _holds_open(sitting, scan)):
        return redirect(windows.address(request.session, window, scan))
    return show(request, desk, _scanned(request, desk, sitting, scan, key))


def _holds_open(sitting: Sitting, scan: str) -> bool:
    """Whether another window has to wait: what is undecided does, and an officer's card may be meant for the permit."""
    newest = sitting.newest
    permits = is_staff_card(scan) and newest is not None and newest.kind == "permit"
    return bool(sitting.undecided) or permits


def _scanned(request: HttpRequest, desk: Desk, sitting: Sitting | None, scan: str, key: uuid.UUID) -> Answer:
    if scan in ENDS or (windows.leads_to(scan, "lend") and not is_staff_card(scan)):
        # what is undecided holds the window open: yes, no, or the card of the next patron
        return Answer(sitting, notice("stop-undecided")) if sitting and sitting.undecided else Answer()
    if is_card(scan):
        return _begin(desk, scan, sitting)
    if is_like_card(scan):
        # a card that was misread: what follows must not go to the patron before
        return Answer(shown=notice("stop-misread-card", scan), left=sitting.undecided if sitting else ())
    stop = windows.belongs_elsewhere(scan, "lend")
    if stop or sitting is None:
        return Answer(sitting, stop or notice("stop-card-first", scan))
    wished = operation(scan)
    if wished in ANSWERS:
        return _answered(desk, sitting, wished, key)
    return _item(request, desk, sitting, scan, key)


def _answered(desk: Desk, sitting: Sitting, wished: Operation, key: uuid.UUID) -> Answer:
    """Yes, no or renew, about what was asked last."""
    asked = sitting.newest
    if asked is None or asked.kind not in ANSWERS[wished]:
        return Answer(sitting, notice("stop-nothing-asked"))
    if wished is Operation.NO:
        return Answer(sitting.answered(asked.barcode))
    if wished is Operation.RENEW:
        return _renew(desk, sitting, asked.barcode, key)
    return said_yes(desk, sitting, asked, key)


def _item(request: HttpRequest, desk: Desk, sitting: Sitting, scan: str, key: uuid.UUID) -> Answer:
    """An item; one about which the counter asks was scanned once more: yes."""
    asked = sitting.about(scan)
    if asked and asked.kind == "walk-in":
        return said_yes(desk, sitting, asked, key)
    if len(sitting.undecided) >= MOST_QUESTIONS:
        return Answer(sitting, notice("stop-undecided", scan))
    try:
        late = forms.LateForm(request.POST).late(desk.library)
    except OutOfRange:
        return Answer(sitting, notice("stop-late", scan), typed=scan)
    return attempt(desk, sitting, scan, key, late=late)


def said_yes(desk: Desk, sitting: Sitting, asked: Question, key: uuid.UUID) -> Answer:
    """Lend it before the holds, or return it first, with the day and the permit that it had when the question came."""
    approver = StaffAccount.objects.filter(pk=asked.approver).first() if asked.approver else None
    permit = Permit(approver, PermitReason(asked.reason), frozenset(asked.passed)) if approver else None
    try:
        late = asked.late
    except OutOfRange:
        return Answer(sitting, notice("stop-late", asked.barcode))
    return attempt(desk, sitting, asked.barcode, key, late=late, permit=permit, yes_to=asked.kind)


def attempt(
    desk: Desk,
    sitting: Sitting,
    scan: str,
    key: uuid.UUID,
    *,
    late: Late | None = None,
    permit: Permit | None = None,
    yes_to: str = "",
) -> Answer:
    """Lend it, or say what stands against it and what the counter asks then; `yes_to` that kind of question."""
    parts = [sitting.card.number, scan, *([permit.reason, *sorted(permit.stops)] if permit else [])]
    parts += [str(late.on)] if late else []
    parts += [yes_to] if yes_to else []
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
            walk_in=yes_to == "walk-in",
            return_first=yes_to == "return-first",
            beside=marking(desk.session),
        )
    except OutcomeUnknown:
        # the same key again: whatever happened, a repeated scan ends in one loan
        return Answer(sitting, notice("stop-unknown-outcome"), key=key, typed=scan)
    asked = _question(scan, result.outcome, late, permit) if yes_to != "return-first" else None
    if result.outcome not in OF_NO_PERSON and not sees_patrons(desk.staff.level):
        asked = None  # nobody permits what he does not see
    return Answer(sitting.answered(scan, asked), notice(result, scan=scan))


def _question(scan: str, outcome: Outcome, late: Late | None, permit: Permit | None) -> Question | None:
    """What the counter asks now: renew what is already theirs, let a stop pass, lend before the holds, return first."""
    if outcome in (Outcome.ALREADY_YOURS, Outcome.SET_YOURS):
        return Question(scan, "renew")
    kind = {Outcome.HOLDS_WAIT: "walk-in", Outcome.ON_LOAN: "return-first"}.get(outcome, "permit")
    if kind == "permit" and outcome not in services.PERMITTABLE:
        return None
    return Question(
        scan,
        kind=kind,
        stop=outcome.value,
        passed=tuple(sorted(permit.stops)) if permit else (),
        approver=permit.approver.pk if permit else None,
        reason=permit.reason.value if permit else "",
        on=str(late.on) if late else "",
        late_reason=late.reason.value if late else "",
    )


def _begin(desk: Desk, number: str, former: Sitting | None) -> Answer:
    """A new sitting for a card; an ended or unknown card is told apart. What the former left open is not lent."""
    left = former.undecided if former else ()
    card, sees = find.by_card(number), sees_patrons(desk.staff.level)
    if card is None or card.ended_on is not None:
        if not sees:
            with transaction.atomic():
                audit.write(desk.actor, "scan-card", "lend")
        return Answer(shown=notice("stop-unknown-card" if card is None else "stop-old-card"), left=left)
    with transaction.atomic():
        # who is shown nothing of a person has seen none, but learns which numbers are cards
        if sees:
            audit.write(desk.actor, "view-patron", "lend", [card.patron.pseudonym])
        else:
            audit.write(desk.actor, "scan-card", "lend")
        write_session(desk.session)
    expired = card.patron.expires_on < timezone.localdate()
    sitting, shown = Sitting.begin(card), notice("stop-patron-expired") if expired else None
    if not sees:
        # but is told whether to begin
        shown = notice("stop-call-staff" if expired or sitting.blocked else "done-may-lend")
    return Answer(sitting, shown, left, begins=True)


@require_http_methods(["GET", "POST"])
def renew_page(request: HttpRequest) -> HttpResponse:
    """The answer to "already lent to this patron": renew it."""
    desk = desks.at(request)
    form = forms.ScanForm(request.POST or None)
    sitting = Sitting.read(form.cleaned_data["sitting"], desk.staff) if form.is_valid() else None
    if sitting is None or sitting.newest is None or sitting.newest.kind != "renew":
        return redirect("lend")
    return show(request, desk, _renew(desk, sitting, sitting.newest.barcode, form.cleaned_data["key"]))


def _renew(desk: Desk, sitting: Sitting, scan: str, key: uuid.UUID) -> Answer:
    scan_key = services.scan_key(key, "renew", sitting.card.number, scan)
    asked, marked = (desk.actor, sitting.patron.pk, scan, desk.library, scan_key), marking(desk.session)
    try:
        if is_set(scan):
            came = services.renew_set(*asked, point=desk.point, beside=marked)
            left = [notice(one) for one in came.left]
            return Answer(sitting.answered(scan), notice(came.whole, scan=scan), not_renewed=left)
        result = services.renew(*asked, point=desk.point, beside=marked)
    except OutcomeUnknown:
        return Answer(sitting, notice("stop-unknown-outcome"), key=key)
    return Answer(sitting.answered(scan), notice(result, scan=scan))


def show(request: HttpRequest, desk: Desk, answer: Answer) -> HttpResponse:
    """The window after an answer, with the day of the loan as it was chosen."""
    shown, not_renewed, typed = answer.shown, answer.not_renewed, answer.typed
    if not sees_patrons(desk.staff.level):
        shown, typed = without_person(shown) if shown else None, of_item(typed)
        not_renewed = [without_person(one) for one in not_renewed]
    context: dict[str, Any] = {
        "key": answer.key,
        "typed": typed,
        "notice": shown,
        "sitting": answer.sitting,
        "left": showing.of_questions(answer.left),
        "not_renewed": not_renewed,
        "permit_reasons": words.permit_reasons(),
        "day": request.POST.get("day", "today"),
        "late_on": request.POST.get("on", ""),
        "late_reason": request.POST.get("late_reason", ""),
        "late_reasons": words.late_reasons(),
        "mode": "lend",
        "yes": Operation.YES.value,
    }
    if answer.sitting:
        context |= showing.of_sitting(desk, answer.sitting)
        if answer.begins and not shown and context["ready_here"]:
            # to be heard: who came for something else goes home without it
            context["notice"] = notice("note-holds-ready")
    return render(request, "counter/lend.html", context)
