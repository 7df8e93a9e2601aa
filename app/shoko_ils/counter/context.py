"""What every page of the staff service knows: who works at which counter."""

from typing import Any

from django.http import HttpRequest

from shoko_ils.staff.access import may_catalogue, sees_patrons
from shoko_ils.staff.supervision import supervisor_of


def counter(request: HttpRequest) -> dict[str, Any]:
    """Library, operator, supervisor and what the operator may see, for a page of a person who is logged in."""
    user = getattr(request, "user", None)
    library = getattr(request, "counter_library", None)
    if user is None or library is None:
        return {}
    return {
        "counter_library": library,
        "operator": user,
        "sees_patrons": sees_patrons(user.level),
        "may_catalogue": may_catalogue(user.level),
        "supervisor": supervisor_of(request.session),
    }
