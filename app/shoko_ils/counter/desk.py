"""Where the operator works: library, service point and terminal of the session."""

import uuid
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from shoko_ils.audit.record import Actor
from shoko_ils.core import places
from shoko_ils.core.edition import current
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.staff.models import StaffAccount


@dataclass(frozen=True)
class Desk:
    """A counter: who acts, in which library and at which service point of it, on which terminal."""

    actor: Actor
    staff: StaffAccount
    library: Library
    point: ServicePoint | None
    terminal: uuid.UUID
    # of the site, when the page was asked for
    edition: uuid.UUID
    session: SessionBase


def at(request: HttpRequest) -> Desk:
    """The desk of a logged-in person; puts the library on the request for the frame of the page."""
    edition = current()
    library = places.libraries(edition)[request.session["library"]]
    point = places.points(edition).get(request.session["point"]) if "point" in request.session else None
    if point is not None and point.library_id != library.pk:
        point = None
    terminal = uuid.UUID(request.session.setdefault("terminal", str(uuid.uuid4())))
    request.counter_library = library  # type: ignore[attr-defined]
    request.counter_point = point  # type: ignore[attr-defined]
    staff: StaffAccount = request.user  # type: ignore[assignment]
    return Desk(Actor(staff.login_id, library.key), staff, library, point, terminal, edition, request.session)
