"""Entering the paper slips of a day without the system: the batches, one scan field, and the conflicts."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from shoko_ils.circulation import services
from shoko_ils.circulation.models import PaperBatch, PaperSlip
from shoko_ils.circulation.services import Late, LateReason, Outcome, OutOfRange, paper, paper_work
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import forms as counter_forms
from shoko_ils.counter import words
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.messages import notice, texts
from shoko_ils.counter.operations import Operation, operation
from shoko_ils.holdings.barcode import CARD_DIGITS, clean_scan
from shoko_ils.holdings.models import Item
from shoko_ils.staff.access import OFFICERS

LAST_SHOWN = 6
BATCHES_SHOWN = 20
Act, State = PaperSlip.Act, PaperSlip.State


class BatchForm(forms.Form):
    """The day, why it was on paper, and how many slips there are."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    day = forms.DateField(label=_("Day on the slips"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.ChoiceField(label=_("Reason"))
    lends = forms.IntegerField(label=_("Number of loan slips"), min_value=0, max_value=9999)
    returns = forms.IntegerField(label=_("Number of return slips"), min_value=0, max_value=9999)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        fields: dict[str, Any] = self.fields
        fields["reason"].choices = list(words.late_reasons().items())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("day") and given.get("reason"):
            try:
                given["late"] = Late(given["day"], LateReason(given["reason"]))
            except OutOfRange:
                self.add_error("day", _("The day lies in the future or too far back."))
        return given


@require_http_methods(["GET", "POST"])
def batches_page(request: HttpRequest) -> HttpResponse:
    """The batches of this library, and the beginning of another."""
    desk = desks.at(request)
    form = BatchForm(request.POST or None, initial={"key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        day = paper.Day(desk.library, desk.point, given["late"], given["lends"], given["returns"])
        return redirect("paper-batch", paper.begin(desk.actor, day, given["key"]).pk)
    batches = PaperBatch.objects.filter(library=desk.library).annotate(
        entered=Count("slips"), open=Count("slips", filter=Q(slips__state=State.CONFLICT))
    )[:BATCHES_SHOWN]
    context = {"form": form, "batches": batches, "reasons": words.late_reasons(), "mode": "paper"}
    return render(request, "circulation/paper.html", context)


@require_http_methods(["GET", "POST"])
def batch_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One field: a card begins its loans, the desk sheet's 「返却」 begins returns. Conflicts wait below."""
    desk = desks.at(request)
    batch = _batch(desk, pk)
    answer: dict[str, Any] = {"card": clean_scan(request.POST.get("sitting", "")[:40])}
    if request.method == "POST" and request.POST.get("act") in ("accept", "reject"):
        answer |= _decided(request, desk, batch)
    elif request.method == "POST":
        answer |= _scanned(request, desk, batch, answer["card"])
    return render(request, "circulation/paper_batch.html", _context(desk, batch, answer))


def _batch(desk: Desk, pk: int) -> PaperBatch:
    found = PaperBatch.objects.select_related("library", "service_point").filter(pk=pk, library=desk.library).first()
    if found is None:
        raise Http404
    return found


def _scanned(request: HttpRequest, desk: Desk, batch: PaperBatch, card: str) -> dict[str, Any]:
    form = counter_forms.ScanForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["scan"]:
        return {"notice": notice("stop-unreadable")}
    scan, key = form.cleaned_data["scan"], form.cleaned_data["key"]
    if operation(scan) is Operation.RETURN:
        return {"card": ""}
    if operation(scan) is not None:
        return {"notice": notice("stop-unreadable")}
    if len(scan) == CARD_DIGITS:
        return {"card": scan}
    act = Act.LEND if card else Act.RETURN
    try:
        result = paper.enter(desk.actor, batch, act, (card, scan), services.scan_key(key, "paper", act, card, scan))
    except OutcomeUnknown:
        return {"notice": notice("stop-unknown-outcome"), "key": key, "typed": scan}
    return {"notice": notice(result, scan=scan)}


def _decided(request: HttpRequest, desk: Desk, batch: PaperBatch) -> dict[str, Any]:
    given = request.POST
    number, form = given.get("slip", ""), counter_forms.ScanForm(given)
    slip = batch.slips.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    if slip is None or not form.is_valid():
        return {"notice": notice("stop-unreadable")}
    if given["act"] == "reject":
        paper.reject(desk.actor, desk.staff, slip.pk)
        return {}
    corrected = clean_scan(given.get("number", "")[:40])
    key = services.scan_key(form.cleaned_data["key"], "paper-accept", str(slip.pk), corrected)
    try:
        result = paper.accept(desk.actor, desk.staff, slip.pk, key, number=corrected)
    except PermissionDenied:
        return {"notice": notice("stop-no-permit")}
    except OutOfRange:
        return {"notice": notice("stop-late")}
    except OutcomeUnknown:
        return {"notice": notice("stop-unknown-outcome"), "key": form.cleaned_data["key"]}
    return {"notice": notice(result, scan=slip.item_number)}


def _context(desk: Desk, batch: PaperBatch, answer: dict[str, Any]) -> dict[str, Any]:
    slips = list(batch.slips.all())
    conflicts = [one for one in slips if one.state == State.CONFLICT]
    last = slips[-LAST_SHOWN:][::-1]
    titles = dict(
        Item.objects.filter(barcode__in=[one.item_number for one in (*conflicts, *last)]).values_list(
            "barcode", "record__title"
        )
    )
    entered = {act: sum(one.act == act for one in slips) for act in Act}
    officer = desk.staff.level in OFFICERS
    for one in conflicts:
        one.batch = batch
    return {
        "key": counter_forms.new_key(),
        "typed": "",
        **answer,
        # the scan field of the counter carries it from scan to scan
        "token": answer["card"],
        "batch": batch,
        "reasons": words.late_reasons(),
        "acts": words.acts(),
        "lends": entered[Act.LEND],
        "returns": entered[Act.RETURN],
        "done": sum(one.state == State.DONE for one in slips),
        "rejected": sum(one.state == State.REJECTED for one in slips),
        "complete": (entered[Act.LEND], entered[Act.RETURN]) == (batch.lends_on_paper, batch.returns_on_paper),
        "conflicts": [_line(one, titles, officer=officer) for one in conflicts],
        "last": [_line(one, titles, officer=officer) for one in last],
        "mode": "paper",
        "today": timezone.localdate(),
    }


def _line(slip: PaperSlip, titles: dict[str, str], *, officer: bool) -> dict[str, Any]:
    """A slip in words; of a conflict also what is proposed."""
    outcome = Outcome(slip.outcome)
    line: dict[str, Any] = {
        "slip": slip,
        "act": words.acts()[slip.act],
        "state": words.slip_states()[slip.state],
        "what": texts(outcome),
        "title": titles.get(slip.item_number, ""),
    }
    if slip.state == State.CONFLICT:
        proposed = paper_work.proposal(slip)
        line["proposal"] = words.proposals()[proposed]
        line["corrects"] = proposed is paper_work.Proposal.CORRECT
        line["may_accept"] = officer or proposed not in paper_work.OFFICERS_ONLY
    return line
