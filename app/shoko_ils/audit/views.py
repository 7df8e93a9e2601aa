"""The monthly check of who looked at whom (閲覧記録の点検)."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import analysis, record
from shoko_ils.audit.models import Finding, Report
from shoko_ils.core.models import Library
from shoko_ils.staff.models import StaffAccount

SHOWN = 24
KINDS = {
    Finding.Kind.OUT_OF_HOURS: _("Views out of hours"),
    Finding.Kind.NO_COUNTER_EVENT: _("Views without work at the counter"),
    Finding.Kind.BULK: _("Very many views"),
    Finding.Kind.SAME_SURNAME: _("Views of patrons of the same surname"),
}
RESOLUTIONS = {
    Finding.Resolution.CHECKED: _("Checked"),
    Finding.Resolution.INTERVIEWED: _("Person heard"),
    Finding.Resolution.REPORTED: _("Reported"),
}
REFUSALS = {
    "closed": _("This finding is signed off already."),
    "own": _("Nobody checks himself, and level 1 is checked by another section."),
}


@require_http_methods(["GET", "POST"])
def audit_page(request: HttpRequest) -> HttpResponse:
    """Reports and findings. POST `act`: analyse the last month, or sign off one finding. Reading is recorded too."""
    library = Library.objects.get(pk=request.session["library"])
    request.counter_library = library  # type: ignore[attr-defined]
    person: StaffAccount = request.user  # type: ignore[assignment]
    actor, refused = record.Actor(person.login_id, library.key), ""
    if request.method == "POST":
        number = request.POST.get("finding", "")
        try:
            if request.POST.get("act") == "analyse":
                with transaction.atomic():
                    analysis.analyse(timezone.localdate().replace(day=1) - dt.timedelta(days=1))
                    record.write(actor, "analyse-audit", "audit")
            elif number.isdecimal() and len(number) < 18:
                with transaction.atomic():
                    analysis.sign_off(person, int(number), request.POST.get("resolution", ""))
                    record.write(actor, "sign-off", "audit")
        except analysis.SignOffRefused as error:
            refused = str(REFUSALS[str(error)])
        else:
            return redirect("audit")
    else:
        record.write(actor, "read-audit", "audit")
    findings = Finding.objects.select_related("report").order_by("resolution", "-day", "actor")
    context: dict[str, Any] = {
        "reports": Report.objects.order_by("-month")[:SHOWN],
        "open": [
            (row, KINDS[Finding.Kind(row.kind)], analysis.may_check(person, row))
            for row in findings
            if not row.resolution
        ],
        "closed": [
            (row, KINDS[Finding.Kind(row.kind)], RESOLUTIONS[Finding.Resolution(row.resolution)])
            for row in findings.exclude(resolution="")[:100]
        ],
        "resolutions": RESOLUTIONS.items(),
        "refused": refused,
        "mode": "audit",
    }
    return render(request, "audit/audit.html", context, status=409 if refused else 200)
