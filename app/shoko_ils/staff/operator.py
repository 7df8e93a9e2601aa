"""Who works at a terminal: by full log-in, or by staff card and PIN on a terminal that is open today."""

import time
import uuid
from enum import StrEnum

from django.contrib.auth import login, logout
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest

from shoko_ils.audit import record as audit
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.staff import terminal
from shoko_ils.staff.models import Level, StaffAccount, StaffPin
from shoko_ils.staff.services import factors

BACKEND = "shoko_ils.staff.login.StaffBackend"
OFFERED = "scanned_card"
OFFERED_SECONDS = 60


class Outcome(StrEnum):
    """What card and PIN came to."""

    SAME = "same"
    SWITCHED = "switched"
    TERMINAL_CLOSED = "terminal-closed"
    WRONG = "wrong"
    SHUT = "shut"


def enter(
    request: HttpRequest, person: StaffAccount, library: Library, *, full: bool, point: ServicePoint | None = None
) -> None:
    """Begin an empty session; `full`: by password and, where there is one, second factor."""
    if request.user.is_authenticated:
        logout(request)
    login(request, person, backend=BACKEND)
    request.session["library"] = library.pk
    request.session["full"] = full
    # an undo lives until the next scan on the terminal, whoever scans
    request.session["terminal"] = str(terminal.of(request) or uuid.uuid4())
    if point is not None and point.library_id == library.pk:
        request.session["point"] = point.pk
    request.session["seen"] = time.time()
    # who goes on after a pause by card and PIN; everybody else by a log-in
    request.session["has_pin"] = person.level != Level.TRAINEE and StaffPin.objects.filter(account=person).exists()


def offer(session: SessionBase, card: str) -> None:
    """A staff card was scanned at a counter: it need not be scanned again. In no address, because those are logged."""
    session[OFFERED] = [card, time.time()]


def offered(session: SessionBase) -> str:
    """The staff card that was scanned just now, or an empty text."""
    card, at = session.get(OFFERED, ("", 0))
    return card if time.time() - at < OFFERED_SECONDS else ""


def by_card(request: HttpRequest, card: str, pin: str) -> Outcome:
    """Let the person of a staff card take over with the PIN; the same person goes on where he was.

    A trainee does not: his supervisor must be there. Unknown card and wrong PIN look and last the same.
    """
    opened = terminal.opening(request)
    if opened is None:
        return Outcome.TERMINAL_CLOSED
    library = opened.library
    former = request.user if isinstance(request.user, StaffAccount) else None
    person = StaffAccount.objects.in_force().filter(card=card).exclude(level=Level.TRAINEE).first() if card else None
    actor = audit.Actor(person.login_id if person else "-", library.key)
    try:
        right = person is not None and factors.check_pin(person, pin)
    except factors.PinShut:
        audit.write(actor, "pin-shut", "operator")
        return Outcome.SHUT
    if person is None or not right:
        if person is None:
            make_password(pin)  # as slow as a check
        audit.write(actor, "pin-refused", "operator")
        return Outcome.WRONG
    if former is not None and former.pk == person.pk:
        request.session["seen"] = time.time()
        request.session.pop(OFFERED, None)
        return Outcome.SAME
    with transaction.atomic():
        if former is not None:
            audit.write(audit.Actor(former.login_id, library.key), "hand-over", "operator")
        point = ServicePoint.objects.filter(pk=request.session.get("point"), library=library).first()
        enter(request, person, library, full=False, point=point)
        audit.write(actor, "take-over", "operator")
    return Outcome.SWITCHED
