"""The exception (F7): an officer lets one named stop pass, as the operator or by staff card and PIN on the spot."""

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shoko_ils.audit import record as audit
from shoko_ils.circulation.services import OutOfRange, Permit, PermitReason
from shoko_ils.counter import desk as desks
from shoko_ils.counter import forms, lending
from shoko_ils.counter.desk import Desk
from shoko_ils.counter.lending import Answer
from shoko_ils.counter.messages import notice
from shoko_ils.counter.sitting import Sitting
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.login import known
from shoko_ils.staff.models import StaffAccount
from shoko_ils.staff.services import factors


@sensitive_post_parameters("password", "pin")
@require_http_methods(["GET", "POST"])
def permit_page(request: HttpRequest) -> HttpResponse:
    """The permit is for the stop that the counter has named, and for those that were named and passed before it."""
    desk = desks.at(request)
    form = forms.PermitForm(request.POST or None)
    sitting = Sitting.read(form.cleaned_data["sitting"], desk.staff) if form.is_valid() else None
    if sitting is None:
        return redirect("lend")
    given = form.cleaned_data
    asked = sitting.about(given["about"]) if given["about"] else sitting.newest
    if asked is None or asked.kind != "permit":
        return lending.show(request, desk, Answer(sitting, notice("stop-nothing-asked", given["about"])))
    approver = _approver(request, desk, given)
    if approver is None:
        return lending.show(request, desk, Answer(sitting, notice("stop-no-permit", asked.barcode)))
    permit = Permit(approver, PermitReason(given["reason"]), frozenset({*asked.passed, asked.stop}))
    try:
        late = asked.late
    except OutOfRange:
        return lending.show(request, desk, Answer(sitting, notice("stop-late", asked.barcode)))
    answer = lending.attempt(desk, sitting, asked.barcode, given["key"], late=late, permit=permit)
    return lending.show(request, desk, answer)


def _approver(request: HttpRequest, desk: Desk, given: dict[str, str]) -> StaffAccount | None:
    """The officer who allows it: the operator, or whose card and PIN, or ID and password, these are.

    A refusal is in the audit. Who lacks the second factor that the site asks for allows nothing.
    """
    if desk.staff.level in OFFICERS:
        return desk.staff
    person = _by_card(given["card"], given["pin"]) if given["card"] else _by_password(request, given)
    if person is not None and person.level in OFFICERS and not factors.lacks_one(person):
        return person
    named = person.login_id if person else known(given["login_id"])
    # an ID that nobody has may be a password in the wrong field: then the refusal is of whoever works here
    actor = desk.actor if named == "-" else audit.Actor(named, desk.library.key)
    audit.write(actor, "permit-refused", "lend")
    return None


def _by_card(card: str, pin: str) -> StaffAccount | None:
    person = StaffAccount.objects.in_force().filter(card=card).first()
    try:
        return person if person is not None and factors.check_pin(person, pin) else None
    except factors.PinShut:
        return None


def _by_password(request: HttpRequest, given: dict[str, str]) -> StaffAccount | None:
    person = authenticate(request, login_id=given["login_id"], password=given["password"])
    return person if isinstance(person, StaffAccount) else None
