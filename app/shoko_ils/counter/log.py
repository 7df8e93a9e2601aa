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

    def add(self, key: uuid.UUID, notice: Notice) -> None:
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


class Noting:
    """What a service does beside a scan, in its transaction: the result goes into the log, and a scan commits once."""

    def __init__(self, session: SessionBase, key: uuid.UUID, scan: str = "") -> None:
        self.session, self.key, self.scan = session, key, scan
        self.noted: Notice | None = None

    def __call__(self, result: Result) -> None:
        self.noted = notice(result, scan=self.scan)
        ScanLog(self.session).add(self.key, self.noted)
        write_session(self.session)

    def shown(self, result: Result) -> Notice:
        """The notice of the result: what was noted, or that of a scan which was done before and is in the log."""
        return self.noted or notice(result, scan=self.scan)


def marking(session: SessionBase) -> Callable[[object], None]:
    """What a service does beside a scan of which nothing is logged: the mark that the terminal is in use is written."""
    return lambda _: write_session(session)


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
