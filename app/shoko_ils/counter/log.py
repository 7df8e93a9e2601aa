"""The last scans of a return counter, kept in the person's session. Holds items, never a patron."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.utils import timezone

from shoko_ils.circulation.services import Result
from shoko_ils.counter.messages import Notice, notice

SHOWN = 8
SESSION_KEY = "returned"


class ScanLog:
    """Newest first; a repeated scan key adds no second line."""

    def __init__(self, session: SessionBase) -> None:
        self.session = session

    def lines(self) -> list[dict[str, Any]]:
        return list(self.session.get(SESSION_KEY, []))

    def adding(self, key: uuid.UUID, scan: str = "") -> Callable[[Result], None]:
        """What a service does beside a scan, in its transaction: note the result, so that a scan commits once."""

        def write(result: Result) -> None:
            self._add(key, notice(result, scan=scan))
            write_session(self.session)

        return write

    def _add(self, key: uuid.UUID, notice: Notice) -> None:
        line = {
            "key": str(key),
            "time": timezone.localtime().strftime("%H:%M:%S"),
            "kind": notice.kind,
            "headline": notice.headline,
            "title": notice.title,
            "call_number": notice.call_number,
        }
        # after a broken connection it is done again, and may come to something else
        others = [each for each in self.lines() if each["key"] != str(key)]
        self.session[SESSION_KEY] = [line, *others][:SHOWN]


def write_session(session: SessionBase) -> None:
    """Write a changed session in the caller's transaction; the middleware then has nothing left to commit.

    One statement: a session that was ended meanwhile is not made again.
    """
    if not session.modified:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_session SET session_data = %s, expire_date = %s WHERE session_key = %s",
            [session.encode(dict(session.items())), session.get_expiry_date(), session.session_key],
        )
    session.modified = False
