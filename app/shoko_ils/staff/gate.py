"""Denies by default: every page of the staff service needs an entry in `access.ACCESS`."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from shoko_ils.core import db, errors
from shoko_ils.staff.access import ACCESS, ANONYMOUS
from shoko_ils.staff.models import Level
from shoko_ils.staff.supervision import supervisor_of


class StaffGate:
    """Compares the page's name with the person's level before the view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # what a counter shows is of one moment and of persons: no copy stays in a browser
        if not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        allowed = ACCESS.get(match.url_name or "") if match else None
        if allowed == ANONYMOUS:
            return None
        # the first question to the database of a scan: during a switchover the counter waits here
        if not db.wait_until_back(lambda: request.user.is_authenticated and "library" in request.session):
            return redirect("login")
        if request.user.level == Level.TRAINEE and not supervisor_of(request.session):
            logout(request)
            return redirect("login")
        if isinstance(allowed, frozenset) and request.user.level in allowed:
            return None
        return errors.forbidden(request)
