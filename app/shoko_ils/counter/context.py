"""What every page of the staff service knows: who works at which counter."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shoko_ils.patrons import declared
from shoko_ils.staff.access import OFFICERS, cells_of, sees_patrons
from shoko_ils.staff.gate import IDLE_SECONDS

ANSWER = "X-Shoko-Answer"


def counter(request: HttpRequest) -> dict[str, Any]:
    """Library, operator, supervisor and what the operator may see, for a page of a person who is logged in."""
    user = getattr(request, "user", None)
    library = getattr(request, "counter_library", None)
    if user is None or library is None:
        return {}
    # the script of the scan field has the frame of the page already
    frame = {"frame": "counter/answer.html"} if request.method == "POST" and ANSWER in request.headers else {}
    return frame | {
        "counter_library": library,
        "counter_point": getattr(request, "counter_point", None),
        "operator": user,
        "may": SimpleLazyObject(lambda: cells_of(user, library.pk)),
        "has_my_library": SimpleLazyObject(lambda: declared.site().has_my_library),
        "idle_seconds": IDLE_SECONDS,
        "has_pin": request.session.get("has_pin", False),
        "is_officer": user.level in OFFICERS,
        "sees_patrons": sees_patrons(user.level),
        # of a trainee's page, as the gate has asked for it
        "supervisor": getattr(request, "supervisor", None),
    }
