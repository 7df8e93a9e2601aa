"""Middleware of both services, outermost first."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from shoko_ils.core import db, errors, health

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponseBase]


class SecurityHeaders:
    """Puts the fixed headers on every response, static files and health answers included."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.headers = {
            "Content-Security-Policy": settings.CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


class Health:
    """Answers /healthz and /readyz before any check of host, language or session."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == "/readyz":
            ready = health.ready()
            body = "ready\n" if ready else "not ready\n"
            return HttpResponse(body, content_type="text/plain", status=200 if ready else 503)
        return self.get_response(request)


class DatabaseAway:
    """Repeats a read once after a broken connection; says "in a moment" when the database stays away."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not db.is_away(exception):
            return None
        log.warning("database away during %s: %s", request.method, type(exception).__name__)
        connection.close()
        match: Any = request.resolver_match
        # what took too long once would take too long again
        slow = db.sqlstate(exception) == db.QUERY_CANCELED
        if request.method in ("GET", "HEAD") and match and not slow:
            try:
                return match.func(request, *match.args, **match.kwargs)  # type: ignore[no-any-return]
            except Exception as again:
                if not db.is_away(again):
                    raise
                connection.close()
        return errors.unavailable(request)
