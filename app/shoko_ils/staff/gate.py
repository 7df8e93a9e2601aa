"""Denies by default: every page of the staff service needs an entry in `access.ACCESS`."""

import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from shoko_ils.core import db, errors
from shoko_ils.staff import policy
from shoko_ils.staff.access import ANONYMOUS, OWN_ACCOUNT, Cell, needed, permits
from shoko_ils.staff.models import Level, StaffAccount
from shoko_ils.staff.supervision import supervisor_of

IDLE_SECONDS = 180
MARKED_EVERY = 20


class StaffGate:
    """Compares page and method with the person's level before the view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith("/static/") and not policy.source_allowed(request):
            return errors.forbidden(request)
        response = self.get_response(request)
        # what a counter shows is of one moment and of persons: no copy stays in a browser
        if not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        need = needed((match.url_name or "") if match else "", request.method or "GET")
        if need == ANONYMOUS:
            return None
        # the first question to the database of a scan: during a switchover the counter waits here
        if not db.wait_until_back(lambda: request.user.is_authenticated and "library" in request.session):
            return redirect("login")
        if request.user.level == Level.TRAINEE:
            request.supervisor = supervisor_of(request.session)  # type: ignore[attr-defined]
            if request.supervisor is None:  # type: ignore[attr-defined]
                logout(request)
                return redirect("login")
        if not isinstance(need, Cell):
            return errors.forbidden(request)
        return self._of_the_moment(request, need) or self._of_the_matrix(request, need)

    @staticmethod
    def _of_the_moment(request: HttpRequest, need: Cell) -> HttpResponse | None:
        """Idle too long, or a password or second factor that has to be seen to first."""
        now = time.time()
        idle = now - request.session.get("seen", 0)
        if idle > IDLE_SECONDS:
            return redirect("operator" if request.session.get("has_pin") else "login")
        if idle > MARKED_EVERY:
            request.session["seen"] = now
        person: StaffAccount = request.user  # type: ignore[assignment]
        # a trainee works by the officer's factor
        needs = person.level != Level.TRAINEE and policy.second_factor_required()
        lacks = needs and not person.has_factor  # type: ignore[attr-defined]  # as `StaffBackend.get_user` found it
        if need != OWN_ACCOUNT and (policy.password_is_due(person) or lacks):
            return redirect("account")
        return None

    @staticmethod
    def _of_the_matrix(request: HttpRequest, need: Cell) -> HttpResponse | None:
        if not permits(request.user, need, request.session["library"]):  # type: ignore[arg-type]
            return errors.forbidden(request)
        if need.full and not request.session.get("full"):
            return redirect("login")
        return None
