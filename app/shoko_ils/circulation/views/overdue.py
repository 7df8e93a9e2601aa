"""督促 and 借受者: lists without titles; titles and borrowers are shown as acts of their own."""

import uuid
from dataclasses import dataclass, field

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.circulation import services
from shoko_ils.circulation.models import LendingBlock, Loan, OverdueContact, OverdueStage
from shoko_ils.circulation.models.overdue import Means
from shoko_ils.circulation.services import blocking, borrower, overdue
from shoko_ils.core.db import OutcomeUnknown
from shoko_ils.counter import desk as desks
from shoko_ils.counter import forms, words
from shoko_ils.counter.messages import Notice, notice
from shoko_ils.holdings.barcode import clean_scan
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.access import OFFICERS

SHOWN = 50


@require_http_methods(["GET", "POST"])
def overdue_page(request: HttpRequest) -> HttpResponse:
    """Patrons with loans past due, lent at this library.."""
    desk = desks.at(request)
    stage = request.GET.get("stage", "")
    found = overdue.debtors(desk.library)
    if stage.isdecimal():
        found = [one for one in found if one.stage and str(one.stage.number) == stage]
    contact = request.GET.get("contact", "")
    if contact in set(Patron.Contact):
        found = [one for one in found if one.patron.contact == contact]
    if request.GET.get("open"):
        found = [one for one in found if one.due_for_contact]
    shown = found[:SHOWN]
    if shown:
        with transaction.atomic():
            audit.write(desk.actor, "list-patron", "overdue", [one.patron.pseudonym for one in shown])
    context = {
        "debtors": shown,
        "total": len(found),
        "stages": OverdueStage.objects.all(),
        "stage": stage,
        "contacts": words.contacts(),
        "contact": contact,
        "only_open": bool(request.GET.get("open")),
        "means": words.means(),
        "results": words.all_contact_results(),
        "checks": overdue.shelf_checks(desk.library),
        "mode": "overdue",
    }
    return render(request, "circulation/overdue.html", context)


def _patron(pseudonym: uuid.UUID) -> Patron:
    patron = Patron.objects.select_related("category", "library").filter(pseudonym=pseudonym).first()
    if patron is None:
        raise Http404
    return patron


@require_http_methods(["GET", "POST"])
def contact_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """One patron: how to reach, what was tried, and what came of it now. Titles only by the button and a reason."""
    desk = desks.at(request)
    patron = _patron(pseudonym)
    titles = None
    if request.method == "POST" and request.POST.get("act") == "titles":
        titles = borrower.show_titles(desk.actor, patron, borrower.BorrowerReason.OVERDUE)
    elif request.method == "POST":
        given = request.POST
        if given.get("means") in set(Means) and given.get("result") in words.contact_results():
            stage = next((one.stage for one in overdue.debtors() if one.patron == patron), None)
            result = OverdueContact.Result(given["result"])
            overdue.contacted(desk.actor, patron, stage.number if stage else 0, given["means"], result)
            return redirect("overdue")
    # whatever was asked: the page shows who it is and how to reach him
    with transaction.atomic():
        audit.write(desk.actor, "view-patron", "overdue", [patron.pseudonym])
    context = {
        "patron": patron,
        "contacts": patron.overdue_contacts.all(),
        "titles": titles,
        "means": words.means(),
        "results": words.contact_results(),
        "all_results": words.all_contact_results(),
        "mode": "overdue",
    }
    return render(request, "circulation/contact.html", context)


@require_http_methods(["GET", "POST"])
def postcards_page(request: HttpRequest) -> HttpResponse:
    """Put the postcards of those whose stage says so among those to be printed: once for each stage."""
    desk = desks.at(request)
    if request.method != "POST":
        return redirect("overdue")
    overdue.remind(desk.actor, desk.library, means=frozenset({Means.POSTCARD.value}))
    return redirect("holds-postcards")


@require_http_methods(["GET", "POST"])
def borrower_page(request: HttpRequest) -> HttpResponse:
    """Who has this item: an act with a reason, in the audit with the person."""
    desk = desks.at(request)
    patron, asked = None, False
    reason = request.POST.get("reason", "")
    if request.method == "POST" and reason in set(borrower.BorrowerReason):
        scan = clean_scan(request.POST.get("scan", "")[:40])
        patron = borrower.show_borrower(desk.actor, scan, borrower.BorrowerReason(reason))
        asked = True
    context = {"patron": patron, "asked": asked, "reasons": words.borrower_reasons(), "mode": "overdue"}
    return render(request, "circulation/borrower.html", context)


@require_http_methods(["GET", "POST"])
def patron_loans_page(request: HttpRequest, pseudonym: uuid.UUID) -> HttpResponse:
    """What a patron has out, opened with a reason; renew, declare lost, block and lift from here.

    The reason goes along in each form of the list: without one nothing is shown and nothing is done.
    """
    desk = desks.at(request)
    patron = _patron(pseudonym)
    done = Done()
    loans: list[Loan] | None = None
    reason = request.POST.get("reason", "")
    if request.method == "POST" and reason in set(borrower.BorrowerReason):
        done = _act(request, desk, patron)
        loans = borrower.show_titles(desk.actor, patron, borrower.BorrowerReason(reason))
    context = {
        "patron": patron if loans is not None else None,
        "pseudonym": pseudonym,
        "loans": loans,
        "sets": list(dict.fromkeys(loan.lending_set for loan in loans or () if loan.lending_set)),
        "reason": reason,
        "notice": done.notice,
        "not_renewed": done.not_renewed,
        "key": forms.new_key(),
        "reasons": words.borrower_reasons(),
        "block_reasons": words.block_reasons(),
        "blocks": patron.lending_blocks.filter(lifted_on__isnull=True),
        "mode": "patrons",
    }
    return render(request, "circulation/patron_loans.html", context)


@dataclass(frozen=True)
class Done:
    """What came of a button of the list; of a set, which items were not renewed and why."""

    notice: Notice | None = None
    not_renewed: list[Notice] = field(default_factory=list)


def _act(request: HttpRequest, desk: desks.Desk, patron: Patron) -> Done:
    """`_done`, or that its outcome is not known yet: the list below shows what there is."""
    try:
        return _done(request, desk, patron)
    except OutcomeUnknown:
        return Done(notice("stop-unknown-list"))


def _done(request: HttpRequest, desk: desks.Desk, patron: Patron) -> Done:
    """Do what a button of the list says."""
    given = request.POST
    form = forms.ScanForm(given)
    if given.get("act") in ("renew", "renew-set", "lost") and form.is_valid():
        scan = form.cleaned_data["scan"]
        key = services.scan_key(form.cleaned_data["key"], given["act"], scan)
        asked = desk.actor, patron.pk, scan, desk.library, key
        if given["act"] == "renew-set":
            came = services.renew_set(*asked, point=desk.point)
            return Done(notice(came.whole, scan=scan), [notice(one) for one in came.left])
        if given["act"] == "renew":
            return Done(notice(services.renew(*asked, point=desk.point), scan=scan))
        return Done(notice(services.declare_lost(*asked, point=desk.point), scan=scan))
    if desk.staff.level in OFFICERS and given.get("act") == "block":
        if given.get("block_reason") in set(LendingBlock.Reason):
            blocking.block(desk.actor, desk.staff, patron, LendingBlock.Reason(given["block_reason"]))
    elif desk.staff.level in OFFICERS and given.get("act") == "lift":
        blocking.lift(desk.actor, desk.staff, patron)
    return Done()
