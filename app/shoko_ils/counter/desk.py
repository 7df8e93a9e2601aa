"""Where the operator works: library, service point and terminal of the session."""

import uuid
from dataclasses import dataclass

from django.http import HttpRequest

from shoko_ils.audit.record import Actor
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


def at(request: HttpRequest) -> Desk:
    """The desk of a logged-in person; puts the library on the request for the frame of the page."""
    library = Library.objects.get(pk=request.session["library"])
    point = None
    if "point" in request.session:
        point = ServicePoint.objects.filter(pk=request.session["point"], library=library).first()
    terminal = uuid.UUID(request.session.setdefault("terminal", str(uuid.uuid4())))
    request.counter_library = library  # type: ignore[attr-defined]
    request.counter_point = point  # type: ignore[attr-defined]
    staff: StaffAccount = request.user  # type: ignore[assignment]
    return Desk(Actor(staff.login_id, library.key), staff, library, point, terminal)
