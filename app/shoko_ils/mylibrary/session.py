"""The session of a citizen: a cookie that the database knows by its hash; row-level security asks for it.

`SET shoko.session` on the connection is the only thing that opens rows of a patron to the public role. It is set for
the time of a request, also on a connection that was made anew within it.
"""

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponseBase

from shoko_ils.core import source
from shoko_ils.mylibrary import passwords

COOKIE = "__Host-shoko-member"
KIOSK_SECONDS = 60

_token: ContextVar[str] = ContextVar("member_token", default="")


@dataclass(frozen=True)
class Member:
    """A signed-in patron. `at_kiosk`: on a terminal in a library (館内OPAC)."""

    patron_id: int
    at_kiosk: bool


def _tell_database(token: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('shoko.session', %s, false)", [token])


def _on_new_connection(sender: type, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if token := _token.get():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('shoko.session', %s, false)", [token])


connection_created.connect(_on_new_connection, dispatch_uid="shoko-member")


def is_kiosk(request: HttpRequest) -> bool:
    """Whether the request comes from a terminal in a library (site file, kiosk_networks)."""
    return source.within(request, settings.SITE.get("kiosk_networks", ()), "kiosk_networks")


class MemberSession:
    """Puts `request.member` (Member or None) on each request and ends what is over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = request.COOKIES.get(COOKIE, "")
        request.member = None  # type: ignore[attr-defined]
        if not token or request.path.startswith("/static/"):
            return self.get_response(request)
        remembered = _token.set(token)
        try:
            _tell_database(token)
            request.member = _seen()  # type: ignore[attr-defined]
            response = self.get_response(request)
        finally:
            _token.reset(remembered)
            if connection.connection is not None and connection.is_usable():
                _tell_database("")
        response.headers["Cache-Control"] = "no-store"
        member = request.member  # type: ignore[attr-defined]
        if member is None:
            response.delete_cookie(COOKIE)  # type: ignore[attr-defined]
        elif member.at_kiosk:
            # nobody finds the page of the one before; the session itself ends in the database
            response.headers["Refresh"] = f"{KIOSK_SECONDS}; url=/"
        return response


def _seen() -> Member | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT patron, kiosk FROM private.session_seen()")
        row = cursor.fetchone()
    return Member(*row) if row else None


def log_in(request: HttpRequest, number: str, password: str) -> str | None:
    """Token of a new session, or None: unknown, wrong and throttled look and last the same."""
    token = secrets.token_urlsafe(32)
    with connection.cursor() as cursor:
        cursor.execute("SELECT private.salt_of(%s)", [number])
        (salt,) = cursor.fetchone()
        proof = passwords.stretch(password, salt)
        cursor.execute(
            "SELECT private.log_in(%s, %s, %s, %s, %s)",
            [number, proof, source.counted(request), token, is_kiosk(request)],
        )
        (right,) = cursor.fetchone()
    return token if right else None


def log_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT private.log_out()")


def spend(what: str, value: str, allowed: int) -> bool:
    """Whether one more of `allowed` uses in thirty minutes is left; takes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT private.spend(%s, %s, %s)", [what, value, allowed])
        return bool(cursor.fetchone()[0])
