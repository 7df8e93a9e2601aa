"""The terminal of a counter: known by a cookie of its own, opened for a day by an officer's full log-in."""

import uuid

from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from shoko_ils.core.models import Library
from shoko_ils.staff.access import OFFICERS
from shoko_ils.staff.models import StaffAccount, TerminalOpening

COOKIE = "__Host-shoko-terminal"
SALT = "shoko.terminal"
KEPT_SECONDS = 400 * 24 * 3600


def of(request: HttpRequest) -> uuid.UUID | None:
    """The terminal that sends the request; None: never opened, or a forged cookie."""
    try:
        return uuid.UUID(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT))
    except (signing.BadSignature, ValueError):
        return None


def open_for_today(request: HttpRequest, answer: HttpResponseBase, officer: StaffAccount, library: Library) -> None:
    """An officer's full log-in opens the terminal for cards and PINs until midnight; others open nothing."""
    if officer.level not in OFFICERS:
        return
    terminal = of(request) or uuid.uuid4()
    TerminalOpening.objects.get_or_create(
        terminal=terminal, day=timezone.localdate(), defaults={"library": library, "opened_by": officer}
    )
    request.session["terminal"] = str(terminal)
    answer.set_cookie(  # type: ignore[attr-defined]
        COOKIE,
        signing.dumps(str(terminal), salt=SALT),
        max_age=KEPT_SECONDS,
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def opening(request: HttpRequest) -> TerminalOpening | None:
    """Today's opening of this terminal, while the account of the officer lasts."""
    terminal = of(request)
    if terminal is None:
        return None
    found = (
        TerminalOpening.objects.select_related("library", "opened_by")
        .filter(terminal=terminal, day=timezone.localdate())
        .first()
    )
    return found if found and found.opened_by.is_active else None
